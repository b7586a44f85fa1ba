"""The fields with which a reader of the page enters a condition.

A field is a selection among `levels`, whose value is the number of the level, or a
number in the units of the data, whose value is `(number - location) / scale`. The values
of all fields, in their order, are the model's input `condition`.
"""

from typing import Any

import numpy as np

from aevb_tf import conditions

# More numbers than this are not entered by hand.
MAX_FIELDS = 24


def describe(condition: conditions.Condition, start: np.ndarray) -> dict[str, Any]:
  """The fields of a condition, as the page reads them.

  Args:
    condition: The model's condition.
    start: The condition with which the page starts, `[*shape]`.

  Returns:
    `kind`, which says how Python writes a condition: "labels", "array" or "columns";
    `dtype`; `start`, the values of the fields; and `fields`.

  Raises:
    ValueError: The page has no fields for such a condition.
  """
  kind, fields = _fields(condition)
  return {
    "kind": kind,
    "dtype": condition.dtype.name,
    "fields": fields,
    "start": np.ravel(start).tolist(),
  }


def check(condition: conditions.Condition) -> None:
  """Raises a ValueError if the page has no fields for a condition."""
  _fields(condition)


def _fields(condition):
  if isinstance(condition, conditions.Labels):
    return "labels", [{"label": "Class", "levels": list(condition.levels)}]
  if isinstance(condition, conditions.Columns):
    columns = condition.schema.modelled
    if len(columns) <= MAX_FIELDS:
      return "columns", [_column(column) for column in columns]
  if isinstance(condition, conditions.Array) and len(condition.shape) == 1:
    if condition.shape[0] <= MAX_FIELDS:
      return "array", [_number(f"c{i + 1}") for i in range(condition.shape[0])]
  raise ValueError(
    f"The page has no fields for a condition {type(condition).__name__} of shape "
    f"{condition.shape}: it has them for classes, and for vectors and columns of up to "
    f"{MAX_FIELDS} numbers. Export the model in another format, such as tflite."
  )


def _column(column):
  if column.levels:
    return {"label": column.name, "levels": list(column.levels)}
  kind = column.kind if column.kind in ("positive", "count") else "real"
  scale = 1.0 if kind == "count" else column.scale
  kind = column.type if column.type in ("date", "time") else kind
  return _number(column.name, kind, column.location, scale)


def _number(label, kind="real", location=0.0, scale=1.0):
  return {"label": label, "kind": kind, "location": location, "scale": scale}
