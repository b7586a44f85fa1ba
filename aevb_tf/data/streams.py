"""Data that stay where they are: `tf.data` pipelines with the elements of an array.

Each iteration over a stream is a pass, and passes are numbered, since the order and
the bits of a stochastic binarization differ between them: the attribute `epoch` of a
stream, a variable, is the number of the next pass. It starts at 0 in every process;
who resumes a run assigns the epoch to go on from.

A compiled loop takes a stream as its `pieces`, many batches at once as they are stored,
so that little is left to do for the host.

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
from aevb_tf.data.pieces import Pieces
from aevb_tf.random import Purpose


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

  def stored(passes, size, drop_remainder):
    def one_pass(epoch):
      indices = tf.range(num_examples)
      if options.shuffle:
        indices = tf.numpy_function(order, [epoch], tf.int32, stateful=False)
        indices = tf.ensure_shape(indices, [num_examples])
      # Slices of the order: a data set of its numbers takes longer than the reading.
      extra = 0 if drop_remainder else size - 1
      starts = tf.data.Dataset.range(0, (num_examples + extra) // size * size, size)
      return starts.map(lambda start: (indices[start : start + size], epoch))

    return passes.flat_map(one_pass), lambda rows, epoch: (*read(rows), rows, epoch)

  return _stream(stored, num_examples, options, first_epoch)


def in_sequence(
  examples: tf.data.Dataset,
  decode: Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]],
  num_examples: int,
  buffer_size: int,
  options: Options,
) -> tf.data.Dataset:
  """Batches of data that can only be read one after another.

  Args:
    examples: The examples, still encoded, in an order that is always the same.
    decode: One of them -> a stored example `[...]` and its label, int32 scalar.
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
        random.derive(
          random.derive(options.seed, Purpose.SHUFFLE), Purpose.EPOCH, epoch
        ),
        "int64",
      )
      chosen = chosen.shuffle(
        buffer_size, seed=words[0] * 2**31 + words[1], reshuffle_each_iteration=False
      )
    return chosen.map(lambda row, example: (epoch, tf.cast(row, tf.int32), example))

  def decoded(epoch, row, example):
    return *decode(example), row, epoch

  def stored(passes, size, drop_remainder):
    rows = passes.flat_map(one_pass).map(decoded, num_parallel_calls=tf.data.AUTOTUNE)
    batches = rows.batch(size, drop_remainder)
    return batches, lambda x, y, rows, epochs: (x, y, rows, epochs[0])

  return _stream(stored, num_examples, options, 0)


def _stream(stored, num_examples, options, first_epoch):
  """A stream, from what gives its stored data.

  Args:
    stored: Takes the numbers of passes, how many examples are wanted at once, and
      whether to leave out a short rest; returns a data set, and what maps its elements
      to `x, y, rows [k], epoch`.
    num_examples: Examples of a pass.
    options: The batches.
    first_epoch: The number of the first pass.
  """
  epoch = tf.Variable(first_epoch, dtype=tf.int32, trainable=False, name="epoch")
  passes = tf.data.Dataset.from_tensors(0).map(lambda _: epoch.assign_add(1) - 1)
  batches, read = stored(passes, options.batch_size, options.drop_remainder)

  def batch(*parts):
    x, y, rows, number = read(*parts)
    return elements.element(x, rows, number, options.seed, options.binarization), y

  def pieces(size):
    whole, read = stored(passes, size, False)
    return _finished(whole.map(read, tf.data.AUTOTUNE, deterministic=True))

  stream = batches.map(batch, tf.data.AUTOTUNE, deterministic=True)
  size = options.num_batches(num_examples)
  stream = _finished(stream.apply(tf.data.experimental.assert_cardinality(size)))
  stream.epoch, stream.num_examples = epoch, num_examples
  stream.pieces = Pieces(
    pieces, num_examples, stream.element_spec[0].shape[1:], options
  )
  return stream


def _finished(stream):
  """The stream, read ahead, with one thread a core from the beginning."""
  return without_tuner(stream.prefetch(1))


def without_tuner(stream: tf.data.Dataset) -> tf.data.Dataset:
  """A data set whose iterators are let go at once.

  The tuner of `tf.data` has a thread that sleeps 10 ms, 20 ms, 40 ms and so on, and an
  iterator is not let go before it wakes: at the end of an epoch that took 3 s, `fit`
  would wait for 2 s more.
  """
  options = tf.data.Options()
  options.autotune.enabled = False
  return stream.with_options(options)
