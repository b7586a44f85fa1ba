"""What experiments share: configs changed in code, trained models, tables."""

import csv
import io
import json
import pathlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import ml_collections

import aevb_tf as aevb
from aevb_tf.training import build, configuration, overrides, run_folder, train


def config(
  name: str, changes: Sequence[str] = (), data_dir: str = ""
) -> ml_collections.ConfigDict:
  """An installed config, changed, and without pictures of its own.

  Args:
    name: As `aevb-train --config` takes it.
    changes: `key=value`, as behind `--config.`.
    data_dir: Folder with prepared data, or "".
  """
  found = configuration.load(name)
  changes = (*changes, "plots=false")
  overrides.apply(found, [f"--config.{change}" for change in changes])
  if data_dir:
    configuration.assign(found, "data_dir", data_dir, "--data_dir")
  return found


def trained(
  config: ml_collections.ConfigDict, workdir: pathlib.Path
) -> tuple[aevb.VAE, Any]:
  """The model of a config, trained in a folder unless it lies there, and its data.

  Args:
    config: The config, complete.
    workdir: The run's folder.

  Returns:
    The model, and the training data.
  """
  train.train(config, workdir)
  model = aevb.load(run_folder.RunFolder(workdir).model)
  return model, build.dataset(config, "train")


def remembered(path: pathlib.Path, name: str, compute: Callable[[], Any]) -> Any:
  """What was computed under a name, now or by an earlier call with this file.

  Args:
    path: A JSON file, which is made if it is not there.
    name: The name.
    compute: Gives what JSON can hold.
  """
  known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
  if name not in known:
    known[name] = compute()
    run_folder.write_json(path, known)
  return known[name]


def write_csv(path: pathlib.Path, rows: Sequence[NamedTuple]) -> None:
  """Writes a table, one row a tuple, whole or not at all; numbers to 6 digits."""
  text = io.StringIO()
  writer = csv.writer(text, lineterminator="\n")
  writer.writerow(rows[0]._fields)
  writer.writerows(map(_text, rows))
  path.parent.mkdir(parents=True, exist_ok=True)
  run_folder.write_text(path, text.getvalue())


def read_csv(path: pathlib.Path, kind: type) -> list:
  """Reads what `write_csv` wrote: rows as tuples of this kind."""
  types = kind.__annotations__
  with open(path, encoding="utf-8", newline="") as file:
    return [
      kind(**{key: types[key](row[key]) for key in kind._fields})
      for row in csv.DictReader(file)
    ]


def _text(row: NamedTuple) -> list[str]:
  return [f"{v:.6g}" if isinstance(v, float) else str(v) for v in row]
