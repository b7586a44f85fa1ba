"""Batches of streams, of which one piece at a time is on the device.

While the compiled loop runs over one piece, the next one is read.
"""

import functools
import math
import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from aevb_tf.data import streams
from aevb_tf.data.pieces import Pieces
from aevb_tf.loops import resident

# Limits, as float32, for one piece, and for all prefetched pieces, one on each core.
_MOST_PIECE_BYTES, _MOST_BYTES = 2**26, 2**28


def most_steps(batch_size: int, event_shape: tuple[int, ...]) -> int:
  """The largest number of batches in a piece."""
  batch = 4 * batch_size * math.prod(event_shape)
  return max(1, min(_MOST_PIECE_BYTES, _MOST_BYTES // (os.cpu_count() or 1)) // batch)


def replayed(batches: list, iterator: Any) -> Iterator:
  """An iterator over batches that were taken from another, and of the same type.

  A function that is compiled for the one is not compiled again for the other.

  Args:
    batches: The batches, at least one.
    iterator: A `tf.data.Iterator`, or one of a distribution strategy, which cannot be
      made anew: the result for it is a Python iterator.
  """
  if not isinstance(iterator, tf.data.Iterator):
    return iter(batches)
  parts = map(tf.data.Dataset.from_tensors, batches)
  data = streams.without_tuner(functools.reduce(tf.data.Dataset.concatenate, parts))
  variant = tf.data.experimental.to_variant(data)
  return iter(tf.data.experimental.from_variant(variant, iterator.element_spec))


class Source(resident.Source):
  """The source of batches from successive passes over a stream.

  Args:
    dataset: The pieces of a stream.
    steps_per_epoch: Number of batches in a pass.
    steps_per_call: Number of batches in a piece.
  """

  dataset: Pieces  # type: ignore[assignment]  # only `runs` takes rows from it

  def runs(self, epoch: int, step: int) -> Iterator[resident.Run]:
    """As for resident data; each call uses the next piece of the pass."""
    if step == 0:
      self._pass = iter(self.dataset.of_batches(self.steps_per_call))
    piece = next(self._pass, None)
    if piece is None:
      raise ValueError(
        f"The data ended before batch {step + 1} of {self.steps_per_epoch}: they have "
        "changed since they were opened. Load them again."
      )
    *tensors, number = piece
    size, number = self.dataset.batch_size, number.numpy()
    whole, rest = divmod(len(tensors[0]), size)

    def run(first, count, batch):
      indices = np.arange(first, first + count * batch, dtype=np.int32)
      passes = np.full(count, number, np.int32)
      rows = indices.reshape(count, batch)
      return resident.Run(tuple(tensors), rows, passes, count, batch == size)

    if whole:
      yield run(0, whole, size)
    if rest and not self.dataset.drop_remainder:
      yield run(whole * size, 1, rest)
