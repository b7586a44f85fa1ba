"""Files of the experiments: tables as CSV, and cached values."""

import csv
import io
import json
import pathlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from aevb_tf import files


def write_csv(path: pathlib.Path, rows: Sequence[NamedTuple]) -> None:
  """Writes a table, one row per tuple, atomically; numbers have 6 digits."""
  text = io.StringIO()
  writer = csv.writer(text, lineterminator="\n")
  writer.writerow(rows[0]._fields)
  writer.writerows(map(_text, rows))
  path.parent.mkdir(parents=True, exist_ok=True)
  files.write_text(path, text.getvalue())


def read_csv(path: pathlib.Path, kind: type) -> list:
  """Reads a file of `write_csv`: rows as tuples of this kind."""
  types = kind.__annotations__
  with open(path, encoding="utf-8", newline="") as file:
    return [
      kind(**{key: types[key](row[key]) for key in kind._fields})
      for row in csv.DictReader(file)
    ]


def remember(path: pathlib.Path, name: str, compute: Callable[[], Any]) -> Any:
  """Computes a value, unless an earlier call with this file did.

  Args:
    path: A JSON file, created if missing.
    name: The name of the value.
    compute: Returns the value, which JSON can hold.
  """
  known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
  if name not in known:
    known[name] = compute()
    files.write_json(path, known)
  return known[name]


def _text(row: NamedTuple) -> list[str]:
  return [f"{v:.6g}" if isinstance(v, float) else str(v) for v in row]
