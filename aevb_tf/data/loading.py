"""`load` returns a data set by its name, in memory or as a stream."""

import dataclasses
import os
from collections.abc import Hashable, Iterable
from typing import Literal, TypeAlias

import tensorflow as tf

from aevb_tf.checks import one_of
from aevb_tf.data import (  # noqa: F401  (sources register themselves)
  array_files,
  digits,
  faces,
  image_folders,
  sources,
  tensorflow_datasets,
)
from aevb_tf.data.array_dataset import ArrayDataset
from aevb_tf.data.elements import Binarization
from aevb_tf.data.streams import Options
from aevb_tf.data.tables import Table, columns_of_condition
from aevb_tf.tables import Schema, SchemaLike

# Size as stored (uint8 or float32) above which `in_memory="auto"` streams the data.
IN_MEMORY_BYTES = sources.IN_MEMORY_BYTES

Loaded: TypeAlias = ArrayDataset | tf.data.Dataset


def load(
  name: str | os.PathLike | sources.Source,
  split: str = "train",
  batch_size: int = 100,
  *,
  binarization: Binarization = "none",
  shuffle: bool | None = None,
  seed: int = 0,
  data_dir: str | os.PathLike | None = None,
  drop_remainder: bool = False,
  missing: bool = False,
  schema: SchemaLike | None = None,
  condition: Iterable[Hashable] | Schema | None = (),
  in_memory: bool | Literal["auto"] = "auto",
) -> Loaded:
  """Loads a split of a data set as batches of `(x, y)`.

  x is float32 `[batch, height, width, channels]` in [0, 1] for images, and `[batch,
  ...]` as stored for other data; y is int32 `[batch]`, -1 for examples without a label.
  The result works with `fit`, `evaluate` and `for` loops.

  Args:
    name: A source; see the table of `aevb_tf.data`.
    split: "train", "test", "all" for a file or folder without splits of its own, or
      another split of the source.
    batch_size: Examples per batch.
    binarization: "none", "fixed" (drawn once) or "stochastic" (drawn in every epoch).
    shuffle: Whether to shuffle the examples in each epoch; None shuffles only the
      training split.
    seed: Seed for shuffling and binarization.
    data_dir: Folder that holds the data; None uses the source's own folder, and
      downloads the data if they are missing.
    drop_remainder: Whether to leave out the last batch if it is short.
    missing: Whether NaN marks a missing value, rather than an error in the data.
    schema: For a table, what is known about its columns: `{name: kind}`, or a `Schema`;
      see `aevb_tf.tables.Schema.infer`.
    condition: For a table, names of the columns that are y; see `aevb_tf.data.table`.
    in_memory: True, False, or "auto": in memory if the data take at most 2 GiB.

  Returns:
    An `ArrayDataset` for data in memory, otherwise a `tf.data.Dataset`. Both have the
    attribute `classes`, names of the classes or None.

  Raises:
    ValueError: The name, the split, an option or the data are invalid, or a file is
      damaged; the message says which.
    FileNotFoundError: The data were not found.
  """
  one_of("in_memory", in_memory, (True, False, "auto"))
  shuffle = split == "train" if shuffle is None else bool(shuffle)
  options = Options(batch_size, shuffle, seed, binarization, drop_remainder, missing)
  options.check()
  source = sources.get(name, data_dir)
  condition = columns_of_condition(condition)
  for option, value in (("schema", schema), ("condition", condition or None)):
    if value is not None and not isinstance(source, Table):
      raise ValueError(f"{option}: {name} is not a table; leave {option} out.")
  if isinstance(source, Table):
    schema, condition = schema or source.schema, condition or source.condition
    source = Table(source.source, schema, condition, in_memory)
  found = source.open(split, data_dir)
  options.check(found.num_examples)
  found.check(missing)
  if in_memory is True or (in_memory == "auto" and found.nbytes <= IN_MEMORY_BYTES):
    arrays = found.arrays()
    dataset = ArrayDataset(
      *arrays,
      **dataclasses.asdict(options),
      schema=found.schema,
      condition=found.condition,
      classes=found.classes,
    )
    dataset.rows = found.rows
    return dataset
  stream = found.stream(options)
  stream.classes = found.classes
  return stream
