"""Columns of a table as a condition."""

import numbers
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from aevb_tf.conditions.base import Condition, registry
from aevb_tf.networks.table import RowFeatures, columns_of
from aevb_tf.tables import Schema, arrow


@registry.register("columns")
class Columns(Condition):
  """Rows of some columns of a table; the networks see the features of `TableEncoder`.

  Args:
    schema: What the columns are, or its dict.

  Attributes:
    schema: The columns.
  """

  def __init__(self, schema: Schema | Mapping[str, Any]):
    self.schema = Schema.from_dict(schema) if isinstance(schema, Mapping) else schema
    self.shape = self.schema.event_shape
    self._features = RowFeatures(columns_of(self.schema))
    self.features_shape = self._features.compute_output_shape((None, *self.shape))[1:]

  def as_array(self, values: Any) -> np.ndarray:
    """Numbers of rows, float32 `[n, D]`.

    Args:
      values: A table with these columns, such as a DataFrame or a dict of arrays; a dict
        with one value for each column; or rows that `schema.encode` returned.

    Raises:
      ValueError: A column or a value is missing, or does not fit the schema.
    """
    if isinstance(values, Mapping):
      values = {k: np.atleast_1d(np.asarray(v)) for k, v in values.items()}
      longest = max((len(v) for v in values.values()), default=0)
      values = {
        k: np.repeat(v, longest) if len(v) == 1 else v for k, v in values.items()
      }
    rows = np.asarray(values) if _is_numbers(values) else self._encoded(values)
    if rows.dtype.kind not in "biuf":
      raise self._no_rows(f"has dtype {rows.dtype}")
    rows = rows.astype(np.float32)
    rows = rows[np.newaxis] if rows.shape == self.shape else rows
    if rows.ndim != 2 or rows.shape[1:] != self.shape:
      raise self._no_rows(f"has shape {rows.shape}")
    for column, is_missing in zip(
      self.schema.modelled, np.isnan(rows).any(axis=0), strict=True
    ):
      if is_missing:
        raise ValueError(
          f"The condition has missing values in column {column.name!r}: fill them in, or "
          "model the column instead of conditioning on it."
        )
    are_valid = np.asarray(self._are_valid(rows))
    for column, is_valid in zip(
      self.schema.modelled, are_valid.T.tolist(), strict=True
    ):
      if not all(is_valid):
        raise ValueError(
          f"The condition has an invalid number in column {column.name!r}, of kind "
          f"{column.kind!r}: give rows of `schema.encode`."
        )
    return rows

  def _encoded(self, table):
    if hasattr(table, "to_frame") and not hasattr(table, "columns"):
      raise self._no_rows(f"is a {type(table).__name__}")
    is_value = isinstance(table, (bytes, numbers.Number))
    if is_value or isinstance(table, str) and not os.path.exists(table):
      raise self._no_rows(f"is {table!r}")
    found = arrow.read(table, self.schema.text_columns)
    return self.schema.encode_table(found._replace(name="The condition"))

  def _no_rows(self, what):
    names = ", ".join(repr(c.name) for c in self.schema.modelled)
    return ValueError(
      f"The condition {what}: give the columns {names}, as a table, a dict, or rows of "
      "`schema.encode`."
    )

  def features(self, values: tf.Tensor) -> tf.Tensor:
    """float32 `[n, F]`, of rows `[n, D]`."""
    return self._features(tf.cast(values, tf.float32))

  def is_valid(self, values: tf.Tensor) -> tf.Tensor:
    return tf.reduce_all(self._are_valid(values), axis=1)

  def _are_valid(self, rows):
    """Whether each number is finite and in the range of its column, `[n, D]`."""
    rows = tf.cast(rows, tf.float32)
    kinds = [column.kind for column in self.schema.modelled]
    tops = [len(c.levels) - 1 if c.levels else np.inf for c in self.schema.modelled]
    lows = [-np.inf if kind == "real" else 0.0 for kind in kinds]
    is_whole = np.array([kind not in ("real", "positive") for kind in kinds])
    is_positive = np.array([kind == "positive" for kind in kinds])
    return (
      tf.math.is_finite(rows)
      & (rows >= np.array(lows, np.float32))
      & (rows <= np.array(tops, np.float32))
      & ((tf.math.floor(rows) == rows) | ~is_whole)
      & ((rows > 0.0) | ~is_positive)
    )

  def advice(self) -> str:
    columns = (f"{c.name} ({c.kind}, {c.units})" for c in self.schema.modelled)
    return f"They are numbers of `schema.encode` for {', '.join(columns)}."

  def examples(self, num: int) -> np.ndarray:
    unit = super().examples(num)
    columns = []
    for i, column in enumerate(self.schema.modelled):
      values = {"real": unit[:, i], "positive": np.exp(unit[:, i])}
      values["count"] = np.round(column.scale * values["positive"])
      codes = np.arange(num) % max(1, len(column.levels))
      columns.append(values.get(column.kind, codes))
    return np.stack(columns, axis=1).astype(np.float32)

  def get_config(self):
    return {"name": "columns", "schema": self.schema.to_dict()}


def _is_numbers(values):
  """Whether these are rows of numbers, rather than a table with named columns."""
  if hasattr(values, "columns") or hasattr(values, "column_names"):
    return False
  return tf.is_tensor(values) or isinstance(values, (np.ndarray, list, tuple))
