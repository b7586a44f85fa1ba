"""A stream in large pieces of stored data, of which a compiled loop makes batches."""

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

  def examples(
    self, tensors: tuple[tf.Tensor, ...], indices: tf.Tensor, epoch: tf.Tensor
  ) -> tuple[tf.Tensor, tf.Tensor]:
    """Examples as a model sees them, by TensorFlow operations alone.

    Args:
      tensors: `x, y, rows` of a piece.
      indices: int32 `[k]`, in the piece.
      epoch: int32 scalar, the number of the pass.

    Returns:
      `(x, y)`, float32 `[k, ...]` and int32 `[k]`.
    """
    x, y, rows = (tf.gather(tensor, indices) for tensor in tensors)
    return elements.element(x, rows, epoch, self.seed, self.binarization), y
