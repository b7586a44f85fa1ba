"""Batches with a fixed number of labelled examples, where labels are few.

If N_l of N examples have a label, a random batch of M has M N_l / N of them on average,
often none. Here each batch has M_l labelled examples and M - M_l others, with weights

    labelled      (N_l / N) / (M_l / M)
    not labelled  (1 - N_l / N) / (1 - M_l / M)

so that the weighted mean over a batch is an unbiased estimate of the mean over all
examples, as that of a random batch is. The weights of a batch sum to M.
"""

import functools
import operator
from collections.abc import Callable, Iterator, Sequence

import keras
import numpy as np
import tensorflow as tf

from aevb_tf.data import elements, orders
from aevb_tf.data.array_dataset import ArrayDataset
from aevb_tf.data.elements import Binarization


class SemiSupervisedDataset(keras.utils.PyDataset):
  """Examples in memory, in shuffled batches `(x, y, weights)`; see the module.

  An epoch is a pass over the examples without a label, of which those that do not fill
  a last batch are left out, others in each epoch. Passes over the labelled examples
  follow each other, so that all are used equally often. The order and the binarization
  depend only on the seed and on the number of the epoch.

  Args:
    x: `[n, ...]`, as in `ArrayDataset`.
    y: `[n]`, labels as in `ArrayDataset`, and -1, None or NaN where there is none.
    batch_size: Examples per batch, M.
    num_labelled: Labelled examples per batch, M_l; None for half of the batch.
    seed: Seed for the order and the binarization.
    binarization: As in `ArrayDataset`.
    missing: As in `ArrayDataset`.
    classes: As in `ArrayDataset`. Give them if y has names, and a class has no label.

  Attributes:
    x: The stored data, uint8 or float32 `[n, ...]`.
    y: int32 `[n]`, -1 for examples without a label.
    classes: As in `ArrayDataset`.
    weights: float32 `[n]`, the weight of each example in a batch.
    labelled_fraction: N_l / N, as `SemiSupervisedVAE` needs it.
    epoch: Number of the epoch for indexing and loops.

  Raises:
    ValueError: No example, or every one, has a label; they do not fill a batch; or an
      argument is invalid.
    TypeError: As in `ArrayDataset`.
  """

  def __init__(
    self,
    x: np.ndarray,
    y: np.ndarray,
    batch_size: int = 100,
    num_labelled: int | None = None,
    seed: int = 0,
    binarization: Binarization = "none",
    missing: bool = False,
    classes: Sequence[str] | None = None,
  ):
    super().__init__()
    self._data = ArrayDataset(
      x,
      y,
      batch_size,
      seed=seed,
      binarization=binarization,
      missing=missing,
      classes=classes,
    )
    self.x, self.y, self.classes = self._data.x, self._data.y, self._data.classes
    self.batch_size, self.seed = self._data.batch_size, self._data.seed
    self.num_labelled = (
      self.batch_size // 2 if num_labelled is None else operator.index(num_labelled)
    )
    if not 0 < self.num_labelled < self.batch_size:
      raise ValueError(
        f"num_labelled={num_labelled!r} must be at least 1 and below batch_size="
        f"{batch_size!r}."
      )
    if self.y.ndim > 1:
      raise ValueError(f"y has shape {list(self.y.shape)}: give one label each, [n].")
    self._labelled, self._others = map(np.flatnonzero, (self.y != -1, self.y == -1))
    if not len(self._labelled) or not len(self._others):
      raise ValueError(
        f"{len(self._labelled)} of {len(self.y)} examples have a label: give some with a "
        "label and some with y = -1, or use an ArrayDataset."
      )
    self._num_others = self.batch_size - self.num_labelled
    if len(self._others) < self._num_others:
      raise ValueError(
        f"{len(self._others)} examples have no label, and a batch needs "
        f"{self._num_others}: choose a smaller batch_size."
      )
    self.labelled_fraction = len(self._labelled) / len(self.y)
    share = self.num_labelled / self.batch_size
    self.weights = np.where(
      self.y != -1,
      np.float32(self.labelled_fraction / share),
      np.float32((1 - self.labelled_fraction) / (1 - share)),
    )
    self.epoch = 0
    self._tensors: tuple[tf.Tensor, ...] | None = None
    self._batch = tf.function(
      self.preparation(), reduce_retracing=True, autograph=False
    )

  @property
  def num_examples(self) -> int:
    """Number of examples, N."""
    return self._data.num_examples

  @property
  def event_shape(self) -> tuple[int, ...]:
    """The shape of one example."""
    return self._data.event_shape

  def __repr__(self) -> str:
    return (
      f"{type(self).__name__}({self.num_examples} examples of shape {self.event_shape}, "
      f"{len(self._labelled)} with a label, in batches of {self.batch_size} with "
      f"{self.num_labelled} of them)"
    )

  def mean(self) -> np.ndarray:
    """The mean of all examples; see `ArrayDataset`."""
    return self._data.mean()

  def order(self, epoch: int) -> np.ndarray:
    """The examples of an epoch, which depend on the seed and the epoch.

    Args:
      epoch: Number of the epoch, from 0.

    Returns:
      Indices, int32 `[len(self) * batch_size]`; the labelled ones repeat.
    """
    labelled = self._of_passes(epoch).reshape(len(self), self.num_labelled)
    others = orders.permutation(len(self._others), self.seed, epoch)
    others = self._others[others[: len(self) * self._num_others]]
    others = others.reshape(len(self), self._num_others)
    return np.concatenate([labelled, others], axis=1).reshape(-1).astype(np.int32)

  def _of_passes(self, epoch):
    """Labelled examples of an epoch, from passes over them that follow each other."""
    count, size = len(self) * self.num_labelled, len(self._labelled)
    first, last = epoch * count, (epoch + 1) * count
    # Not the seed of the others: two orders of one seed and number are alike.
    seed = self.seed ^ _LABELLED
    passes = [
      orders.permutation(size, seed, i) for i in range(first // size, -(-last // size))
    ]
    start = first % size
    return self._labelled[np.concatenate(passes)[start : start + count]]

  def tensors(self) -> tuple[tf.Tensor, ...]:
    """The data and the weights on the default device; see `ArrayDataset`."""
    if self._tensors is None:
      with tf.init_scope():
        self._tensors = (*self._data.tensors(), tf.constant(self.weights))
    return self._tensors

  def preparation(self) -> Callable:
    """`(rows, indices, epoch)` -> `(x, y, weights)`; see `ArrayDataset`."""
    drawn = "none" if self._data.binarization == "fixed" else self._data.binarization
    return functools.partial(_prepared, seed=self.seed, binarization=drawn)

  def __len__(self) -> int:
    """Number of batches in an epoch."""
    return len(self._others) // self._num_others

  def __getitem__(self, index: int) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Batch `index` of the current epoch."""
    if not -len(self) <= index < len(self):
      raise IndexError(f"Batch {index} is out of range: there are {len(self)} batches.")
    start = index % len(self) * self.batch_size
    indices = tf.constant(self._order(self.epoch)[start : start + self.batch_size])
    rows = tuple(tf.gather(tensor, indices) for tensor in self.tensors())
    return self._batch(rows, indices, tf.constant(self.epoch))

  @functools.cached_property
  def _order(self):
    return functools.lru_cache(maxsize=1)(self.order)

  def __iter__(self) -> Iterator[tuple[tf.Tensor, tf.Tensor, tf.Tensor]]:
    """One epoch; after the last batch it advances to the next one."""
    for index in range(len(self)):
      yield self[index]
    self.on_epoch_end()

  def on_epoch_end(self) -> None:
    """Advances to the next epoch."""
    self.epoch += 1


# A separate key for the orders of labelled examples.
_LABELLED = 0x6C6162656C


def _prepared(rows, indices, epoch, seed, binarization):
  x, y, weights = rows
  return elements.element(x, indices, epoch, seed, binarization), y, weights
