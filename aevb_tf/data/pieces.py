"""Large pieces of a stream's stored data, which a compiled loop splits into batches."""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

import tensorflow as tf

from aevb_tf.data import elements

if TYPE_CHECKING:
  from aevb_tf.data.streams import Options


class Pieces:
  """A stream in the form for the compiled loop: stored data of many batches at once.

  The batches, their order and their binarization are those of the stream. Each
  iteration is one pass of the stream.

  Args:
    read: Takes the number of examples in a piece; returns a `tf.data.Dataset` of
      `x [k, ...]` as stored, `y [k]`, `rows [k]` and the number of the pass.
    num_examples: Number of examples in a pass.
    event_shape: The shape of one example.
    options: The stream's `Options`.
  """

  def __init__(
    self,
    read: Callable[[int], tf.data.Dataset],
    num_examples: int,
    event_shape: tf.TensorShape,
    options: "Options",
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
    """Number of batches in a pass."""
    return self._num_batches

  def of_batches(self, count: int) -> tf.data.Dataset:
    """The pieces of a pass, each with `count` batches; the last may have fewer."""
    return self._read(count * self.batch_size)

  def preparation(self) -> Callable:
    """The function that scales and binarizes rows gathered from a piece.

    Returns:
      `(rows, indices, epoch)` -> `(x, y)`, float32 `[k, ...]` and rows of y, where
      `rows` holds rows of `x, y, rows`, and `epoch` is the number of the pass.
    """
    return functools.partial(_prepared, seed=self.seed, binarization=self.binarization)


def _prepared(rows, indices, epoch, seed, binarization):
  del indices  # relative to the piece
  x, y, numbers = rows
  return elements.element(x, numbers, epoch, seed, binarization), y
