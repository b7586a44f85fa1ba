"""Data that stay where they are: `tf.data` pipelines with the elements of an array.

Each iteration over a stream is a pass, and passes are numbered, since the order and
the bits of a stochastic binarization differ between them: the attribute `epoch` of a
stream, a variable, is the number of the next pass. It starts at 0 in every process;
who resumes a run assigns the epoch to go on from.

Data that can be read by index have the order of an `ArrayDataset`, a permutation of
the whole. Data that are read in sequence are shuffled by a buffer.
"""

import dataclasses
import numbers
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from aevb_tf import random
from aevb_tf.data import checks, elements, orders

# What the seed is folded with for the order of a buffer.
_SHUFFLE = 0x62756666


@dataclasses.dataclass(frozen=True)
class Options:
  """How examples become batches; see `ArrayDataset` for each."""

  batch_size: int
  shuffle: bool
  seed: int
  binarization: str
  drop_remainder: bool

  def replace(self, **changes) -> "Options":
    """These options with some changed."""
    return dataclasses.replace(self, **changes)

  def check(self, num_examples: int | None = None) -> None:
    """Raises `ValueError` or `TypeError` where an option cannot be.

    Args:
      num_examples: How many examples there are; None if that is not known yet.
    """
    elements.check_binarization(self.binarization)
    for name in ("batch_size", "seed"):
      value = getattr(self, name)
      if not isinstance(value, numbers.Integral) or isinstance(value, bool):
        raise TypeError(f"{name} is an int, not {value!r}.")
    if self.batch_size < 1:
      raise ValueError(f"batch_size is {self.batch_size}: give at least 1.")
    if num_examples is not None and self.num_batches(num_examples) == 0:
      raise ValueError(
        f"drop_remainder leaves nothing of {num_examples} examples in batches of"
        f" {self.batch_size}: give a batch_size of at most {num_examples}."
      )

  def num_batches(self, num_examples: int) -> int:
    """How many batches a pass over so many examples has."""
    extra = 0 if self.drop_remainder else self.batch_size - 1
    return (num_examples + extra) // self.batch_size


def from_arrays(
  x: np.ndarray,
  y: np.ndarray,
  options: Options,
  rows: np.ndarray | None = None,
  first_epoch: int = 0,
) -> tf.data.Dataset:
  """Batches of arrays, a whole batch read at once; `x` may be memory-mapped.

  Args:
    x: `[n, ...]`, passed by `checks.check`.
    y: int32 `[n]`.
    options: The batches.
    rows: int `[m]`, the rows of `x` and `y` that are the examples; None for all.
    first_epoch: The number of the first pass.

  Returns:
    A stream of `(x, y)`.
  """
  rows = np.arange(len(x)) if rows is None else rows

  def take(indices):
    chosen = rows[indices]
    return checks.stored(x[chosen]), y[chosen]

  def read(indices):
    dtypes = (checks.stored_dtype(x.dtype), np.int32)
    values, labels = tf.numpy_function(take, [indices], dtypes, stateful=False)
    return tf.ensure_shape(values, (None, *x.shape[1:])), tf.ensure_shape(
      labels, [None]
    )

  return by_index(read, len(rows), options, first_epoch)


def by_index(
  read: Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]],
  num_examples: int,
  options: Options,
  first_epoch: int = 0,
) -> tf.data.Dataset:
  """Batches of data that can be read in any order.

  Args:
    read: int32 `[k]`, indices -> stored examples `[k, ...]` and labels int32 `[k]`.
    num_examples: How many examples there are.
    options: The batches.
    first_epoch: The number of the first pass.

  Returns:
    A stream of `(x, y)`.
  """

  def order(epoch):
    return orders.permutation(num_examples, options.seed, epoch)

  def one_pass(epoch):
    indices = tf.range(num_examples)
    if options.shuffle:
      indices = tf.numpy_function(order, [epoch], tf.int32, stateful=False)
      indices = tf.ensure_shape(indices, [num_examples])
    batches = tf.data.Dataset.from_tensor_slices(indices)
    batches = batches.batch(options.batch_size, options.drop_remainder)
    return batches.map(lambda rows: (epoch, rows))

  def batch(epoch, rows):
    return _element(read(rows), rows, epoch, options)

  passes, epoch = _passes(one_pass, first_epoch)
  return _finished(passes, batch, epoch, num_examples, options)


def in_sequence(
  examples: tf.data.Dataset,
  decode: Callable[..., tuple[tf.Tensor, tf.Tensor]],
  num_examples: int,
  buffer_size: int,
  options: Options,
) -> tf.data.Dataset:
  """Batches of data that can only be read one after another.

  Args:
    examples: The examples, still encoded, in an order that is always the same.
    decode: The parts of one -> a stored example `[...]` and its label, int32 scalar.
    num_examples: How many there are.
    buffer_size: How many encoded examples are held for shuffling.
    options: The batches.

  Returns:
    A stream of `(x, y)`.
  """
  numbered = examples.enumerate()

  def one_pass(epoch):
    chosen = numbered
    if options.shuffle:
      # This sets the seed of the graph that is being traced, and of nothing else:
      # the order shall not depend on the process's global seed.
      tf.random.set_seed(1)
      words = tf.cast(
        random.fold_in(random.fold_in(options.seed, _SHUFFLE), epoch), "int64"
      )
      chosen = chosen.shuffle(
        buffer_size, seed=words[0] * 2**31 + words[1], reshuffle_each_iteration=False
      )
    return chosen.map(lambda row, example: (epoch, tf.cast(row, tf.int32), example))

  def decoded(epoch, row, example):
    return epoch, row, *decode(*example)

  def batch(epoch, rows, x, y):
    return _element((x, y), rows, epoch[0], options)

  passes, epoch = _passes(one_pass, 0)
  passes = passes.map(decoded, num_parallel_calls=tf.data.AUTOTUNE)
  passes = passes.batch(options.batch_size, options.drop_remainder)
  return _finished(passes, batch, epoch, num_examples, options)


def _passes(one_pass, first_epoch):
  """A data set that gives a new pass on every iteration, and the next one's number."""
  epoch = tf.Variable(first_epoch, dtype=tf.int32, trainable=False, name="epoch")
  begin = tf.data.Dataset.from_tensors(0).map(lambda _: epoch.assign_add(1) - 1)
  return begin.flat_map(one_pass), epoch


def _element(example, rows, epoch, options):
  x, y = example
  return elements.element(x, rows, epoch, options.seed, options.binarization), y


def _finished(batches, element, epoch, num_examples, options):
  stream = batches.map(element, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
  size = options.num_batches(num_examples)
  stream = stream.apply(tf.data.experimental.assert_cardinality(size))
  stream = stream.prefetch(tf.data.AUTOTUNE)
  stream.epoch, stream.num_examples = epoch, num_examples
  return stream
