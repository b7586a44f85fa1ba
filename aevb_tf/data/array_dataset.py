"""A data set in memory, which can be moved to the device for training."""

import functools
from collections.abc import Callable, Iterator, Sequence

import keras
import numpy as np
import tensorflow as tf

from aevb_tf.data import checks, elements, orders, streams
from aevb_tf.data.elements import Binarization
from aevb_tf.tables import Schema


class ArrayDataset(keras.utils.PyDataset):
  """Examples in memory, in batches of `(x, y)`.

  The data set can be used in three ways, with the same elements: by `fit`, `evaluate`
  and `predict` of any Keras model; by a `for` loop, where each loop is a pass over the
  data; and by a compiled loop, which moves `tensors()` to the device once and gathers
  `examples` from them in the `order` of each epoch.

  The order and the binarization of an epoch depend only on the seed and on the epoch's
  number. Keras and a complete `for` loop call `on_epoch_end`, which advances to the
  next epoch; assign `epoch` to choose another.

  Args:
    x: `[n, ...]`: images as uint8, where level p means p / 255, or as bool; or numbers,
      as floats or other integers, whose values are kept.
    y: `[n]`, labels: integers, whole floats, or strings, which are numbered in the order
      of `classes`; None if there are no labels. Or numbers `[n, ...]`: the conditions of a model
      that has one, otherwise targets.
    batch_size: Examples per batch, M.
    shuffle: Whether to shuffle the examples in each epoch.
    seed: Seed for shuffling and binarization.
    binarization: "none", "fixed" (drawn once) or "stochastic" (drawn in every epoch).
    drop_remainder: Whether to leave out the last batch if it is short.
    missing: Whether NaN, or a masked value of a `np.ma` array, marks a missing value.
    schema: What the columns of x are, if the examples are rows of a table.
    condition: What the columns of y are, if they are those of a table.
    classes: Names of the classes, in the order of their labels 0, 1, ...; None for those
      in y, sorted, if it has strings.

  Attributes:
    x: The stored data, uint8 or float32 `[n, ...]`; levels 0 and 255 for "fixed".
    y: int32 `[n]`, -1 for examples without a label; or float32 `[n, ...]`.
    classes: Names of the classes, a tuple; None if labels are numbers without names.
    epoch: Number of the epoch for indexing and loops.
    rows: The number of each example in its file, int `[n]`, or None; set by
      `aevb_tf.data.load`.

  Raises:
    ValueError: An option or a value in the data is invalid; the message has its index.
    TypeError: The dtype of the data or the type of an option is wrong.
  """

  def __init__(
    self,
    x: np.ndarray,
    y: np.ndarray | None = None,
    batch_size: int = 100,
    shuffle: bool = False,
    seed: int = 0,
    binarization: Binarization = "none",
    drop_remainder: bool = False,
    missing: bool = False,
    schema: Schema | None = None,
    condition: Schema | None = None,
    classes: Sequence[str] | None = None,
  ):
    super().__init__()
    x = checks.with_nan(x)
    checks.check(x, "x", missing)
    options = streams.Options(
      batch_size, shuffle, seed, binarization, drop_remainder, missing
    )
    options.check(len(x))
    if binarization != "none":
      checks.check_unit_interval(x, "x")
    self.y = checks.check_labels(y, len(x), "y", classes)
    self.x = checks.stored(x)
    if binarization == "fixed":
      self.x = elements.binarize_once(self.x, seed)
    self.batch_size = int(batch_size)
    self.shuffle = bool(shuffle)
    self.seed = int(seed)
    self.binarization = binarization
    self.drop_remainder = bool(drop_remainder)
    self.schema, self.condition = schema, condition
    self.classes = checks.class_names(y) if classes is None else tuple(classes)
    self.epoch = 0
    self.rows: np.ndarray | None = None
    self._options = options
    self._tensors: tuple[tf.Tensor, tf.Tensor] | None = None
    self._order: tuple[int, np.ndarray] | None = None
    self._examples = tf.function(self.examples, reduce_retracing=True, autograph=False)

  @property
  def num_examples(self) -> int:
    """Number of examples, N."""
    return len(self.x)

  @property
  def event_shape(self) -> tuple[int, ...]:
    """The shape of one example."""
    return self.x.shape[1:]

  def __repr__(self) -> str:
    bits = "" if self.binarization == "none" else f", {self.binarization} binarization"
    return (
      f"{type(self).__name__}({self.num_examples} examples of shape"
      f" {self.event_shape}, float32, in batches of {self.batch_size}{bits})"
    )

  def mean(self) -> np.ndarray:
    """The mean of all examples after scaling, float32 `[*event_shape]`.

    Missing values are left out. The mean of a value that is never observed is 0.
    """
    if not self._options.missing:
      scale = 255.0 if self.x.dtype == np.uint8 else 1.0
      return (self.x.mean(axis=0, dtype=np.float64) / scale).astype(np.float32)
    observed = ~np.isnan(self.x)
    total = np.where(observed, self.x, 0.0).sum(axis=0, dtype=np.float64)
    return (total / np.maximum(observed.sum(axis=0), 1)).astype(np.float32)

  def order(self, epoch: int) -> np.ndarray:
    """The order of the examples in an epoch, which depends on the seed and the epoch.

    Args:
      epoch: Number of the epoch, from 0.

    Returns:
      Indices, int32 `[n]`; ascending without `shuffle`.
    """
    if self.shuffle:
      return orders.permutation(self.num_examples, self.seed, epoch)
    return np.arange(self.num_examples, dtype=np.int32)

  def tensors(self) -> tuple[tf.Tensor, tf.Tensor]:
    """The data on the default device; the first call moves them there.

    Returns:
      `(x, y)`, the attributes as tensors.
    """
    if self._tensors is None:
      with tf.init_scope():
        self._tensors = tf.constant(self.x), tf.constant(self.y)
    return self._tensors

  def examples(
    self, tensors: tuple[tf.Tensor, tf.Tensor], indices: tf.Tensor, epoch: tf.Tensor
  ) -> tuple[tf.Tensor, tf.Tensor]:
    """Gathers, scales and binarizes examples, with TensorFlow operations only.

    Args:
      tensors: The result of `tensors()`.
      indices: int32 `[k]`.
      epoch: int32 scalar; the bits of a stochastic binarization depend on it.

    Returns:
      `(x, y)`, float32 `[k, ...]` and rows of y.
    """
    rows = tuple(tf.gather(tensor, indices) for tensor in tensors)
    return self.preparation()(rows, indices, epoch)

  def preparation(self) -> Callable:
    """The function that scales and binarizes rows gathered from `tensors()`.

    Returns:
      `(rows, indices, epoch)` -> `(x, y)`; it keeps no reference to the data.
    """
    drawn = "none" if self.binarization == "fixed" else self.binarization
    return functools.partial(_prepared, seed=self.seed, binarization=drawn)

  def to_tf_data(self) -> tf.data.Dataset:
    """The same batches as a `tf.data.Dataset`; each iteration is one epoch.

    Returns:
      A data set of `(x, y)`. Its first pass is the current epoch. Its attribute
      `epoch`, a variable, holds the number of the next pass.
    """
    options = self._options
    if self.binarization == "fixed":  # `x` is binary already
      options = options.replace(binarization="none")
    return streams.from_arrays(self.x, self.y, options, first_epoch=self.epoch)

  def __len__(self) -> int:
    """Number of batches in an epoch."""
    return self._options.num_batches(self.num_examples)

  def __getitem__(self, index: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Batch `index` of the current epoch."""
    if not -len(self) <= index < len(self):
      raise IndexError(f"Batch {index} is out of range: there are {len(self)} batches.")
    start = index % len(self) * self.batch_size
    indices = self._current_order()[start : start + self.batch_size]
    return self._examples(self.tensors(), tf.constant(indices), tf.constant(self.epoch))

  def __iter__(self) -> Iterator[tuple[tf.Tensor, tf.Tensor]]:
    """One pass over the data; after the last batch it advances to the next epoch."""
    for index in range(len(self)):
      yield self[index]
    self.on_epoch_end()

  def on_epoch_end(self) -> None:
    """Advances to the next epoch."""
    self.epoch += 1

  def _current_order(self):
    if self._order is None or self._order[0] != self.epoch:
      self._order = (self.epoch, self.order(self.epoch))
    return self._order[1]


def _prepared(rows, indices, epoch, seed, binarization):
  x, y = rows
  return elements.element(x, indices, epoch, seed, binarization), y
