"""A stream in large pieces of stored data, of which a compiled loop makes batches."""

import functools
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from aevb_tf.data import elements


class Pieces:
  """A stream as the compiled loop takes it: stored data, many batches at once.

  The batches, their order and bits are those of the stream, and so is the number of the
  pass: each iteration is one.

  Args:
    read: Takes how many examples a piece has; gives a `tf.data.Dataset` of
      `x [k, ...]` as stored, `y [k]`, `rows [k]` and the pass's number.
    num_examples: Examples of a pass.
    event_shape: The shape of one.
    options: The stream's `Options`.
  """

  def __init__(
    self,
    read: Callable[[int], tf.data.Dataset],
    num_examples: int,
    event_shape: tf.TensorShape,
    options: Any,
  ):
    self._read = read
    self.num_examples = num_examples
    self.event_shape = tuple(event_shape)
    self.batch_size = options.batch_size
    self.binarization = options.binarization
    self.seed = options.seed
    self.drop_remainder = options.drop_remainder
    self._num_batches = options.num_batches(num_examples)

  def __len__(self) -> int:
    """How many batches a pass has."""
    return self._num_batches

  def of_batches(self, count: int) -> tf.data.Dataset:
    """The pieces of a pass, each of so many batches, the last one of what is left."""
    return self._read(count * self.batch_size)

  def preparation(self) -> Callable:
    """What makes examples of rows that were gathered from a piece.

    Returns:
      `(rows, indices, epoch)` -> `(x, y)`, float32 `[k, ...]` and int32 `[k]`, where
      rows are those of `x, y, rows`, and epoch is the number of the pass.
    """
    return functools.partial(_prepared, seed=self.seed, binarization=self.binarization)


def _prepared(rows, indices, epoch, seed, binarization):
  del indices  # they count within the piece
  x, y, numbers = rows
  return elements.element(x, numbers, epoch, seed, binarization), y
