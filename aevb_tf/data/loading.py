"""`load`: a data set by its name, in memory or as a stream."""

import dataclasses
import os
from typing import Any

import tensorflow as tf

from aevb_tf.data import (  # noqa: F401  (sources register themselves)
  array_files,
  digits,
  faces,
  image_folders,
  sources,
  tensorflow_datasets,
)
from aevb_tf.data.array_dataset import ArrayDataset
from aevb_tf.data.streams import Options

# As stored, uint8 or float32: what takes more is streamed by `in_memory="auto"`.
IN_MEMORY_BYTES = 2 * 2**30


def load(
  name: Any,
  split: str = "train",
  batch_size: int = 100,
  *,
  binarization: str = "none",
  shuffle: bool | None = None,
  seed: int = 0,
  data_dir: str | os.PathLike | None = None,
  drop_remainder: bool = False,
  in_memory: bool | str = "auto",
) -> ArrayDataset | tf.data.Dataset:
  """Loads a split of a data set as batches of `(x, y)`.

  x is float32 `[batch, height, width, channels]` in [0, 1] for images, and `[batch,
  ...]` as stored for other data; y is int32 `[batch]`, -1 where there is no label.
  `fit`, `evaluate` and a `for` loop take either of what it returns.

  Args:
    name: A source; see the table of the package.
    split: "train", "test", or what else the source has.
    batch_size: Examples a batch.
    binarization: "none", "fixed" (one draw for good) or "stochastic" (one an epoch).
    shuffle: Whether every epoch has its own order; None for the training split alone.
    seed: Seed of order and binarization.
    data_dir: Folder that holds the data; None for the source's own, downloaded.
    drop_remainder: Whether to leave out a short last batch.
    in_memory: True, False, or "auto": in memory if it takes at most 2 GiB as stored.

  Returns:
    An `ArrayDataset` for data in memory, else a `tf.data.Dataset`.

  Raises:
    ValueError: Name, split, option or data make no sense, or a file is damaged; the
      message says which.
    FileNotFoundError: The data are not there.
  """
  if in_memory not in (True, False, "auto"):
    raise ValueError(f"in_memory={in_memory!r}: give True, False or 'auto'.")
  shuffle = split == "train" if shuffle is None else bool(shuffle)
  options = Options(batch_size, shuffle, seed, binarization, drop_remainder)
  options.check()
  found = sources.get(name, data_dir).open(split, data_dir)
  options.check(found.num_examples)
  if in_memory is True or (in_memory == "auto" and found.nbytes <= IN_MEMORY_BYTES):
    return ArrayDataset(*found.arrays(), **dataclasses.asdict(options))
  return found.stream(options)
