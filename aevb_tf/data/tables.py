"""Tables as data sets: files, DataFrames, Arrow tables and dicts of arrays.

A table has no splits, so a fixed random tenth of its rows is the test split. The schema
is that of all rows, so that both splits have the same units and levels.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Hashable, Iterable
from typing import Literal

import numpy as np
import tensorflow as tf

from aevb_tf.checks import one_of
from aevb_tf.data import parquet, sources, streams
from aevb_tf.data.array_dataset import ArrayDataset
from aevb_tf.data.array_files import tenth_held_out
from aevb_tf.tables import Schema, SchemaLike, arrow
from aevb_tf.tables.schema import read as read_table


@sources.register("table")
class Table:
  """A table as a data source.

  Args:
    source: A path, or a table in memory; see `aevb_tf.tables.Schema.infer`.
    schema: What is known about its columns, as in `Schema.infer`.
    condition: Names of the columns that are y, the condition of a model.
    in_memory: Whether the rows are read into memory: True, False, or "auto", which reads
      Parquet files of more than 2 GiB in parts. Other tables are always read as a whole.
  """

  def __init__(
    self,
    source: arrow.TableLike,
    schema: SchemaLike | None = None,
    condition: Iterable[Hashable] | Schema | None = (),
    in_memory: bool | Literal["auto"] = "auto",
  ):
    self.source, self.schema = source, schema
    self.condition = columns_of_condition(condition)
    self.in_memory = in_memory

  def open(
    self, split: str | None, data_dir: str | os.PathLike | None = None
  ) -> sources.Split:
    """Reads the table, and finds a split; None or "all" is all rows in their order."""
    del data_dir  # a path is complete
    split = None if split == "all" else split
    if self.is_read_in_parts():
      return parquet.open_split(self.source, self.schema, split, self.condition)
    table, schema = read_table(self.source, self.schema)
    condition = None
    if self.condition:
      schema, condition = schema.split(self.condition)
    x = schema.encode_table(table)
    y = np.full(len(x), -1, np.int32)
    if condition is not None:
      y = condition.encode_table(table)
      _check_complete(y, condition, table.name, is_condition=True)
    rows = np.arange(len(x), dtype=np.int32)
    if split is not None:
      rows = tenth_held_out(len(x), split, table.name)
      x, y = x[rows], y[rows]

    def check(missing):
      if not missing:
        _check_complete(x, schema, table.name)

    def stream(options):
      found = streams.from_arrays(x, y, options)
      found.schema, found.condition = schema, condition
      return found

    return sources.Split(
      len(x),
      x.nbytes,
      lambda: (x, y),
      stream,
      check,
      schema,
      condition,
      has_missing=bool(np.isnan(x).any()),
      rows=rows,
    )

  def is_read_in_parts(self) -> bool:
    """Whether the rows are not read into memory."""
    if self.in_memory is True or not isinstance(self.source, (str, os.PathLike)):
      return False
    if not str(self.source).lower().endswith(".parquet"):
      return False
    if self.in_memory is False:
      return True
    file = parquet.Rows(self.source)
    return 4 * file.num_rows * len(file.columns) > sources.IN_MEMORY_BYTES


def columns_of_condition(
  condition: Iterable[Hashable] | Schema | None,
) -> list[str] | Schema:
  """The argument `condition` of a table: names of columns, [] for none, or a schema.

  Raises:
    ValueError: It is none of these.
  """
  if isinstance(condition, Schema):
    return condition
  if isinstance(condition, str) or not isinstance(condition, (Iterable, type(None))):
    raise ValueError(
      f"condition={condition!r} must be a list of columns, such as ['age'], or a Schema."
    )
  return [] if condition is None else list(map(str, condition))


def _check_complete(x, schema, name, is_condition=False):
  sources.check_complete(np.isnan(x).sum(axis=0), len(x), schema, name, is_condition)


def table(
  source: arrow.TableLike,
  schema: SchemaLike | None = None,
  split: str | None = None,
  batch_size: int = 100,
  *,
  shuffle: bool | None = None,
  seed: int = 0,
  drop_remainder: bool = False,
  missing: bool | None = None,
  condition: Iterable[Hashable] | Schema | None = (),
  in_memory: bool | Literal["auto"] = "auto",
) -> ArrayDataset | tf.data.Dataset:
  """A data set of the rows of a table, with its `schema`.

  Args:
    source: A `.csv`, `.tsv` or `.parquet` file; a DataFrame of pandas, Polars or another
      library with Arrow's interface; a `pyarrow.Table`; or a dict of arrays.
    schema: What is known about the columns: `{name: kind}` for some of them, or a
      `Schema`; see `aevb_tf.tables.Schema.infer`.
    split: "train", "test" (a fixed random tenth of the rows), or None for all rows in
      their order.
    batch_size: Rows per batch.
    shuffle: Whether to shuffle the rows in each epoch; None shuffles only the training
      split.
    seed: Seed for shuffling.
    drop_remainder: Whether to leave out the last batch if it is short.
    missing: Whether values may be missing; None if there are missing values.
    condition: Names of columns that are not modelled, but are the condition of a model:
      the y of the data set, whose schema is its `condition`; or that schema, of another
      table. They must be complete.
    in_memory: True, False, or "auto": in memory, but for Parquet files of more than 2
      GiB. A Parquet file that is not in memory is read in parts, and shuffled by row
      groups and in a buffer.

  Returns:
    The data set, of float32 rows `[D]`: an `ArrayDataset`, or a `tf.data.Dataset` if it is
    not in memory. NaN marks a missing value.

  Raises:
    ValueError: The table cannot be read, does not fit what is given of the schema, or has
      missing values though `missing` is False; the message names the column.
    FileNotFoundError: There is no such file.
    TypeError: The source is not a table.
  """
  one_of("in_memory", in_memory, (True, False, "auto"))
  rows = Table(source, schema, condition, in_memory)
  found = rows.open(split)
  if missing is not None:
    found.check(missing)
  shuffle = split == "train" if shuffle is None else bool(shuffle)
  missing = found.has_missing if missing is None else missing
  options = streams.Options(batch_size, shuffle, seed, "none", drop_remainder, missing)
  options.check(found.num_examples)
  if in_memory is False or rows.is_read_in_parts():
    return found.stream(options)
  x, y = found.arrays()
  return ArrayDataset(
    x,
    y,
    **dataclasses.asdict(options),
    schema=found.schema,
    condition=found.condition,
  )
