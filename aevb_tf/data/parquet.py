"""Parquet files that are not held in memory: their rows as a stream.

The file is read in parts. A first pass infers the schema, and a second one checks that
all values fit it, so that no error comes in the middle of an epoch. In each epoch the row
groups of the file come in a random order, and their rows pass through a buffer that
shuffles them.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from aevb_tf.data import orders, sources, streams
from aevb_tf.data.array_files import tenth_held_out
from aevb_tf.tables import Schema, SchemaLike, arrow
from aevb_tf.tables.summary import Summary

_ROWS_OF_A_PART = 2**16
_BUFFER_ROWS, _BUFFER_BYTES = 2**17, 2**26


class _Part(NamedTuple):
  """Rows of a file: their encoded values, and their numbers in the file.

  Attributes:
    x: float32 `[n, D]`.
    y: float32 `[n, D_y]`, the columns of the condition, or int32 `[n]` of -1.
    rows: int32 `[n]`.
  """

  x: np.ndarray
  y: np.ndarray
  rows: np.ndarray


class Rows:
  """The rows of a Parquet file, which are read in parts.

  Args:
    path: The file.

  Raises:
    ValueError: It is not a Parquet file, has no rows, or a column occurs twice.
    FileNotFoundError: There is no such file.
  """

  def __init__(self, path: str | os.PathLike):
    self.name = str(path)
    self.path = pathlib.Path(os.path.expanduser(path))
    arrow.check_file(self.path)
    with self._opened() as file:
      self.num_rows = file.metadata.num_rows
      sizes = [
        file.metadata.row_group(group).num_rows
        for group in range(file.metadata.num_row_groups)
      ]
      self.columns = list(file.schema_arrow.names)
    arrow.check_unique(self.columns, self.name)
    self._starts = np.cumsum([0, *sizes])
    if not self.num_rows:
      raise ValueError(f"{self.name} has no rows: give at least one.")

  @property
  def num_groups(self) -> int:
    """The number of row groups."""
    return len(self._starts) - 1

  @contextlib.contextmanager
  def _opened(self):
    import pyarrow.parquet

    with arrow.reading(self.path, "Parquet"):
      with pyarrow.parquet.ParquetFile(self.path) as file:
        yield file

  def parts(
    self, groups: Sequence[int] | None = None, columns: Sequence[str] | None = None
  ) -> Iterator[tuple[arrow.Table, np.ndarray]]:
    """Tables of some rows, and the numbers of these rows in the file.

    Args:
      groups: The row groups to read, in this order; None for all.
      columns: The columns to read; None for all.
    """
    import pyarrow as pa

    groups = range(self.num_groups) if groups is None else groups
    with self._opened() as file:
      for group in groups:
        start = self._starts[group]
        for batch in file.iter_batches(
          _ROWS_OF_A_PART, row_groups=[int(group)], columns=columns
        ):
          table = arrow.of_arrow(pa.Table.from_batches([batch]), self.name)
          yield table, np.arange(start, start + table.num_rows)
          start += table.num_rows

  def infer(self, schema: SchemaLike | None) -> Schema:
    """The schema of the file, as `Schema.infer`."""
    if isinstance(schema, (str, os.PathLike)):
      schema = Schema.load(schema)
    if isinstance(schema, Schema):
      return schema
    summaries: dict[str, Summary] = {}
    for table, _ in self.parts():
      for name, values in table.columns.items():
        part = Summary.of(values)
        known = summaries.get(name)
        summaries[name] = part if known is None else Summary.joined([known, part])
    return Schema.of_summaries(summaries, self.num_rows, self.name, schema)


class Encoded:
  """The rows of a split of a file as numbers.

  Args:
    file: The file.
    schema: The columns of x.
    condition: The columns of y; None if there are none.
    rows: int `[m]`, the rows of the split; None for all.
  """

  def __init__(
    self, file: Rows, schema: Schema, condition: Schema | None, rows: np.ndarray | None
  ):
    self._file, self._schema, self._condition = file, schema, condition
    self._is_chosen = None
    self.num_examples = file.num_rows
    if rows is not None:
      self._is_chosen = np.zeros(file.num_rows, bool)
      self._is_chosen[rows] = True
      self.num_examples = len(rows)

  def parts(self, groups: Sequence[int] | None = None) -> Iterator[_Part]:
    """Encoded rows of the split.

    Args:
      groups: The row groups to read, in this order; None for all.

    Raises:
      ValueError: The file has no such column, or a value does not fit its column.
    """
    schemas = [self._schema, *([self._condition] if self._condition else [])]
    names = [column.name for schema in schemas for column in schema.modelled]
    for name in names:
      self._schema_needs(name)
    for table, rows in self._file.parts(groups, names):
      x = self._schema.encode_table(table)
      y = np.full(len(x), -1, np.int32)
      if self._condition:
        y = self._condition.encode_table(table)
      if self._is_chosen is not None:
        chosen = self._is_chosen[rows]
        x, y, rows = x[chosen], y[chosen], rows[chosen]
      yield _Part(x, y, rows.astype(np.int32))

  def _schema_needs(self, name):
    if name not in self._file.columns:
      raise arrow.no_column(self._file.name, name, self._file.columns)

  def blocks(
    self, epoch: int, size: int, drop_remainder: bool, options: streams.Options
  ) -> Iterator[_Part]:
    """The rows of an epoch, `size` at a time; the last block may have fewer.

    Args:
      epoch: Number of the epoch.
      size: Rows in a block.
      drop_remainder: Whether to leave out a short last block.
      options: Whether to shuffle, and the seed.
    """
    turn = 0

    def order(n):
      nonlocal turn
      if not options.shuffle:
        return np.arange(n)
      turn += 1
      return orders.permutation(n, options.seed, epoch * 2**32 + turn)

    width = 4 * len(self._schema.modelled)
    most = max(size, min(_BUFFER_ROWS, _BUFFER_BYTES // width))
    buffer: list[_Part] = []
    groups = order(self._file.num_groups)
    for part in self.parts(groups):
      buffer.append(part)
      if sum(len(each.x) for each in buffer) >= most:
        whole = _joined(buffer, order)
        end = len(whole.x) // size * size
        yield from _slices(whole, size, end)
        buffer = [_Part(*(values[end:].copy() for values in whole))]
        del whole
    whole = _joined(buffer, order)
    end = len(whole.x) // size * size if drop_remainder else len(whole.x)
    yield from _slices(whole, size, end)


def _joined(parts, order):
  indices = order(sum(len(part.x) for part in parts))
  return _Part(
    *(np.concatenate(values)[indices] for values in zip(*parts, strict=True))
  )


def _slices(part, size, end):
  for start in range(0, end, size):
    yield _Part(*(values[start : min(start + size, end)] for values in part))


def open_split(
  path: str | os.PathLike,
  schema: SchemaLike | None,
  split: str | None,
  condition: Sequence[str] | Schema = (),
) -> sources.Split:
  """A split of a Parquet file, which is read in parts.

  Args:
    path: The file.
    schema: What is known about the columns, as in `Schema.infer`.
    split: "train", "test" (a fixed random tenth of the rows), or None for all rows. A
      split takes a byte of memory for each row of the file.
    condition: Names of the columns that are y, or their schema.

  Raises:
    ValueError: The file is damaged, does not fit what is given of the schema, or a value
      of y is missing.
    FileNotFoundError: There is no such file.
  """
  file = Rows(path)
  found = file.infer(schema)
  of_y = None
  if condition:
    found, of_y = found.split(condition)
  rows = None if split is None else tenth_held_out(file.num_rows, split, file.name)
  encoded = Encoded(file, found, of_y, rows)
  missing = np.zeros(len(found.modelled), np.int64)
  missing_of_y = np.zeros(len(of_y.modelled) if of_y else (), np.int64)
  for part in encoded.parts():
    missing += np.isnan(part.x).sum(axis=0)
    missing_of_y += np.isnan(part.y).sum(axis=0)
  if of_y:
    sources.check_complete(
      missing_of_y, encoded.num_examples, of_y, file.name, is_condition=True
    )

  def check(is_allowed):
    if not is_allowed:
      sources.check_complete(missing, encoded.num_examples, found, file.name)

  def arrays():
    whole = _joined(list(encoded.parts()), np.arange)
    return whole.x, whole.y

  def stream(options):
    specs = (
      tf.TensorSpec((None, *found.event_shape), tf.float32),
      tf.TensorSpec((None, *of_y.event_shape), tf.float32)
      if of_y
      else tf.TensorSpec([None], tf.int32),
    )

    def blocks(epoch, size, drop_remainder):
      return encoded.blocks(epoch, size, drop_remainder, options)

    stream = streams.in_blocks(blocks, specs, encoded.num_examples, options)
    stream.schema, stream.condition = found, of_y
    return stream

  nbytes = 4 * encoded.num_examples * len(found.modelled)
  return sources.Split(
    encoded.num_examples,
    nbytes,
    arrays,
    stream,
    check,
    found,
    of_y,
    has_missing=bool(missing.any()),
  )
