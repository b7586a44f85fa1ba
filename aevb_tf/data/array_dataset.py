"""A data set in memory, which can be trained on without leaving the device."""

import functools
from collections.abc import Callable, Iterator

import keras
import numpy as np
import tensorflow as tf

from aevb_tf.data import checks, elements, orders, streams


class ArrayDataset(keras.utils.PyDataset):
  """Examples in memory, in batches of `(x, y)`.

  One object, taken three ways with the same elements: by `fit`, `evaluate` and
  `predict` of any Keras model; by a `for` loop, each a pass over the data; and by a
  compiled loop, which moves `tensors()` to the device once and takes `examples` from
  them, in the `order` of an epoch.

  An epoch's order and bits are functions of the seed and the epoch's number. Keras,
  and a `for` loop that runs to its end, go on to the next epoch by `on_epoch_end`; set
  `epoch` to go to another.

  Args:
    x: `[n, ...]`: images in uint8, where level p stands for p / 255, or in bool; or
      numbers, floats and other integers, which are taken as they are.
    y: `[n]`, labels: integers, whole floats, or strings, which are numbered in their
      order; None for none.
    batch_size: Examples in a batch, M.
    shuffle: Whether each epoch has its own order.
    seed: Seed of the orders and of binarization.
    binarization: "none", "fixed" (drawn once) or "stochastic" (in every epoch).
    drop_remainder: Whether to leave out the last batch if it is short.

  Attributes:
    x: The data as kept, uint8 or float32 `[n, ...]`; with "fixed", levels 0 and 255.
    y: int32 `[n]`, -1 where there is no label.
    epoch: The number of the epoch that indexing and loops are in.

  Raises:
    ValueError: Some value may not be (the message has its index), or an option.
    TypeError: Some dtype, or option, is of the wrong kind.
  """

  def __init__(
    self,
    x: np.ndarray,
    y: np.ndarray | None = None,
    batch_size: int = 100,
    shuffle: bool = False,
    seed: int = 0,
    binarization: str = "none",
    drop_remainder: bool = False,
  ):
    super().__init__()
    x = np.asarray(x)
    checks.check(x, "x")
    options = streams.Options(batch_size, shuffle, seed, binarization, drop_remainder)
    options.check(len(x))
    if binarization != "none":
      checks.check_unit_interval(x, "x")
    self.y = checks.check_labels(y, len(x), "y")
    self.x = checks.stored(x)
    if binarization == "fixed":
      self.x = elements.binarize_once(self.x, seed)
    self.batch_size = int(batch_size)
    self.shuffle = bool(shuffle)
    self.seed = int(seed)
    self.binarization = binarization
    self.drop_remainder = bool(drop_remainder)
    self.epoch = 0
    self._options = options
    self._tensors = None
    self._order = (None, None)
    self._examples = tf.function(self.examples, reduce_retracing=True, autograph=False)

  @property
  def num_examples(self) -> int:
    """How many examples there are, N."""
    return len(self.x)

  @property
  def event_shape(self) -> tuple[int, ...]:
    """The shape of one example."""
    return self.x.shape[1:]

  def mean(self) -> np.ndarray:
    """The mean of all examples, as a model sees them: float32 `[*event_shape]`."""
    scale = 255.0 if self.x.dtype == np.uint8 else 1.0
    return np.float32(self.x.mean(axis=0, dtype=np.float64) / scale)

  def order(self, epoch: int) -> np.ndarray:
    """The order of an epoch, a function of the seed and the epoch.

    Args:
      epoch: Its number, from 0.

    Returns:
      int32 `[n]`, indices; ascending without `shuffle`.
    """
    if self.shuffle:
      return orders.permutation(self.num_examples, self.seed, epoch)
    return np.arange(self.num_examples, dtype=np.int32)

  def tensors(self) -> tuple[tf.Tensor, tf.Tensor]:
    """The data on the default device, moved there by the first call.

    Returns:
      `(x, y)`, as the attributes of these names.
    """
    if self._tensors is None:
      with tf.init_scope():
        self._tensors = tf.constant(self.x), tf.constant(self.y)
    return self._tensors

  def examples(
    self, tensors: tuple[tf.Tensor, tf.Tensor], indices: tf.Tensor, epoch: tf.Tensor
  ) -> tuple[tf.Tensor, tf.Tensor]:
    """Examples as a model sees them, by TensorFlow operations alone.

    Args:
      tensors: What `tensors()` gave.
      indices: int32 `[k]`.
      epoch: int32 scalar; the bits of a stochastic binarization depend on it.

    Returns:
      `(x, y)`, float32 `[k, ...]` and int32 `[k]`.
    """
    rows = tuple(tf.gather(tensor, indices) for tensor in tensors)
    return self.preparation()(rows, indices, epoch)

  def preparation(self) -> Callable:
    """What makes examples of rows that were gathered from `tensors()`.

    Returns:
      `(rows, indices, epoch)` -> `(x, y)`; it holds none of the data.
    """
    drawn = "none" if self.binarization == "fixed" else self.binarization
    return functools.partial(_prepared, seed=self.seed, binarization=drawn)

  def to_tf_data(self) -> tf.data.Dataset:
    """The same batches as a `tf.data.Dataset`; each iteration is a pass.

    Returns:
      A data set of `(x, y)`, whose first pass is the epoch this one is in. Its
      attribute `epoch`, a variable, holds the number of the next pass.
    """
    options = self._options
    if self.binarization == "fixed":  # `x` is binary already
      options = options.replace(binarization="none")
    return streams.from_arrays(self.x, self.y, options, first_epoch=self.epoch)

  def __len__(self) -> int:
    """How many batches an epoch has."""
    return self._options.num_batches(self.num_examples)

  def __getitem__(self, index: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Batch `index` of the epoch this data set is in."""
    if not -len(self) <= index < len(self):
      raise IndexError(f"Batch {index} of {len(self)}.")
    start = index % len(self) * self.batch_size
    indices = self._current_order()[start : start + self.batch_size]
    return self._examples(self.tensors(), tf.constant(indices), tf.constant(self.epoch))

  def __iter__(self) -> Iterator[tuple[tf.Tensor, tf.Tensor]]:
    """One pass; behind its last batch the next epoch begins."""
    for index in range(len(self)):
      yield self[index]
    self.on_epoch_end()

  def on_epoch_end(self) -> None:
    """Goes on to the next epoch."""
    self.epoch += 1

  def _current_order(self):
    if self._order[0] != self.epoch:
      self._order = (self.epoch, self.order(self.epoch))
    return self._order[1]


def _prepared(rows, indices, epoch, seed, binarization):
  x, y = rows
  return elements.element(x, indices, epoch, seed, binarization), y
