"""Conditions from a command line, as the signatures of a model take them.

    7                      a class, by its code
    seven                  a class, by its name
    [0.5, -1]              a vector or another array, in JSON
    sex=female,age=50      columns of a table, in the units of the table

Names and columns are looked up in the metadata of the exported model.
"""

import csv
import json
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from aevb_tf.registry import did_you_mean

_ADVICE = "pass --metadata=FILE, the assets.extra/aevb.json of the exported model"


def read_metadata(path: str | os.PathLike) -> dict[str, Any]:
  """The metadata of an exported model.

  Args:
    path: `aevb.json`, or the folder of the SavedModel.

  Raises:
    ValueError: The file is not such metadata, or its model has no condition.
    FileNotFoundError: There is no such file.
  """
  path = pathlib.Path(path)
  if path.is_dir():
    path = path / "assets.extra" / "aevb.json"
  try:
    metadata = json.loads(path.read_text(encoding="utf-8"))
    metadata["signatures"]
  except (ValueError, KeyError, TypeError) as error:
    raise ValueError(f"{path}: not the metadata of an exported model.") from error
  if "condition" not in metadata:
    raise ValueError(f"{path}: this model has no condition; leave out --condition.")
  return metadata


def parse(
  words: Sequence[str], metadata: Mapping[str, Any] | None = None
) -> np.ndarray:
  """Reads conditions.

  Args:
    words: The condition of each example, or one for all.
    metadata: The metadata of the model. Without them classes are codes, and columns are
      unknown.

  Returns:
    int32 `[n]` for classes; float32 `[n, *shape]` otherwise.

  Raises:
    ValueError: A condition cannot be read, or is not one of this model.
  """
  about = None if metadata is None else metadata["condition"]
  values = [_parse_one(word, about) for word in words]
  shapes = {np.shape(value) for value in values}
  if len(shapes) > 1:
    raise ValueError(f"--condition: all must have one shape, and these have {shapes}.")
  if metadata is not None:
    spec = next(
      signature["inputs"]["condition"]
      for signature in metadata["signatures"].values()
      if "condition" in signature["inputs"]
    )
    if (shape := tuple(spec["shape"][1:])) not in shapes:
      raise ValueError(
        f"--condition has shape {shapes.pop()}, and the model needs {shape}: "
        f"{spec['doc']}"
      )
  is_class = all(isinstance(value, int) for value in values)
  return np.array(values, np.int32 if is_class else np.float32)


def _parse_one(word, about):
  kind = None if about is None else about["name"]
  if kind == "labels":
    return _code(word, about["levels"])
  if kind == "columns":
    return _row(word, about["schema"])
  try:
    value = json.loads(word)
    array = np.array(value, np.float32)
  except (ValueError, TypeError) as error:
    if kind is None and not word.lstrip().startswith("["):
      raise ValueError(
        f"--condition={word}: names of classes and columns are known from the metadata: "
        f"{_ADVICE}. Without them give a code, such as 7, or a list, such as [0.5, -1]."
      ) from error
    raise ValueError(
      f"--condition={word}: give numbers as a list in JSON, such as [0.5, -1]."
    ) from error
  if not np.isfinite(array).all():
    raise ValueError(f"--condition={word}: all numbers must be finite.")
  is_class = isinstance(value, int) and not isinstance(value, bool)
  return value if kind is None and is_class else array


def _code(word, levels):
  names = [
    str(level) for level in (range(levels) if isinstance(levels, int) else levels)
  ]
  if word in names:
    return names.index(word)
  shown = ", ".join(names[:10]) + ", ..." * (len(names) > 10)
  raise ValueError(
    f"--condition={word}: the classes are {shown}.{did_you_mean(word, names)}"
  )


def _row(word, schema):
  # Here, since it needs pyarrow.
  from aevb_tf.tables.schema import Schema

  columns = Schema.from_dict(schema)
  given: dict[str, str] = {}
  for part in next(csv.reader([word], skipinitialspace=True), []):
    name, equals, value = part.partition("=")
    if not equals:
      raise ValueError(
        f"--condition={word}: give columns as NAME=VALUE,..., such as "
        f"{','.join(f'{c.name}=...' for c in columns.modelled)}."
      )
    given[name.strip()] = value.strip()
  known = [column.name for column in columns.modelled]
  for name in given:
    if name not in known:
      raise ValueError(
        f"--condition={word}: the model has no column {name!r}, but "
        f"{', '.join(known)}.{did_you_mean(name, known)}"
      )
  for name in known:
    if name not in given:
      raise ValueError(f"--condition={word}: column {name!r} is missing.")
  table = {c.name: [_value(c, given[c.name], word)] for c in columns.modelled}
  return columns.encode(table)[0]


def _value(column, text, word):
  """A value of the type of a column."""
  try:
    if column.type == "text":
      return text
    if column.type == "bool":
      return {"true": True, "false": False, "1": True, "0": False}[text.lower()]
    if column.type in ("date", "time"):
      return np.datetime64(text)
    return int(text) if column.type == "int" and column.levels else float(text)
  except (ValueError, KeyError) as error:
    raise ValueError(
      f"--condition={word}: column {column.name!r} has type {column.type}, and {text!r} "
      "is not of it."
    ) from error
