"""Streams: `tf.data` pipelines for data that are not held in memory.

Each iteration over a stream is a pass. Passes are numbered, since the order and the
stochastic binarization differ between them. The attribute `epoch` of a stream, a
variable, is the number of the next pass. It starts at 0 in every process; to resume a
run, assign the number of the epoch to continue with.

A compiled loop reads the `pieces` of a stream, many batches at once in the stored
dtype, so that the host has little work.

Data that can be read by index have the order of an `ArrayDataset`, a permutation of all
examples. Data that are read in sequence are shuffled with a buffer.
"""

import dataclasses
import numbers
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from aevb_tf import random
from aevb_tf.data import checks, elements, orders
from aevb_tf.data.pieces import Pieces
from aevb_tf.random import Purpose


@dataclasses.dataclass(frozen=True)
class Options:
  """Options for batches; see `ArrayDataset`."""

  batch_size: int
  shuffle: bool
  seed: int
  binarization: elements.Binarization
  drop_remainder: bool
  missing: bool = False

  def replace(self, **changes: Any) -> "Options":
    """A copy of these options with some changed."""
    return dataclasses.replace(self, **changes)

  def check(self, num_examples: int | None = None) -> None:
    """Raises a `ValueError` or a `TypeError` if an option is invalid.

    Args:
      num_examples: Number of examples; None if it is not known yet.
    """
    elements.check_binarization(self.binarization)
    if self.missing and self.binarization != "none":
      raise ValueError(
        f"binarization={self.binarization!r} would draw a value for each missing value: "
        "binarize the data before, or use missing=False."
      )
    for name in ("batch_size", "seed"):
      value = getattr(self, name)
      if not isinstance(value, numbers.Integral) or isinstance(value, bool):
        raise TypeError(f"{name}={value!r} must be an int.")
    if self.batch_size < 1:
      raise ValueError(f"batch_size={self.batch_size} must be at least 1.")
    if num_examples is not None and self.num_batches(num_examples) == 0:
      raise ValueError(
        f"drop_remainder drops all {num_examples} examples with batch_size="
        f"{self.batch_size}: use a batch_size of at most {num_examples}."
      )

  def num_batches(self, num_examples: int) -> int:
    """Number of batches in a pass over `num_examples` examples."""
    extra = 0 if self.drop_remainder else self.batch_size - 1
    return (num_examples + extra) // self.batch_size


def from_arrays(
  x: np.ndarray,
  y: np.ndarray,
  options: Options,
  rows: np.ndarray | None = None,
  first_epoch: int = 0,
) -> tf.data.Dataset:
  """A stream from arrays, which reads a whole batch at once.

  Args:
    x: `[n, ...]`, which has passed `checks.check`; may be memory-mapped.
    y: int32 `[n]`, or float32 `[n, ...]`.
    options: Options for batches.
    rows: int `[m]`, the rows of `x` and `y` to use; None for all.
    first_epoch: The number of the first pass.

  Returns:
    A stream of `(x, y)`, whose attribute `y` has the labels in the order of the data.
  """
  rows = np.arange(len(x)) if rows is None else rows

  def take(indices):
    chosen = rows[indices]
    return checks.stored(x[chosen]), y[chosen]

  def read(indices):
    dtypes = (checks.stored_dtype(x.dtype), y.dtype)
    values, labels = tf.numpy_function(take, [indices], dtypes, stateful=False)
    return tf.ensure_shape(values, (None, *x.shape[1:])), tf.ensure_shape(
      labels, (None, *y.shape[1:])
    )

  stream = by_index(read, len(rows), options, first_epoch)
  stream.y = y[rows]
  return stream


def by_index(
  read: Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]],
  num_examples: int,
  options: Options,
  first_epoch: int = 0,
) -> tf.data.Dataset:
  """A stream from data that can be read in any order.

  Args:
    read: Indices int32 `[k]` -> stored examples `[k, ...]` and labels int32 `[k]`.
    num_examples: Number of examples.
    options: Options for batches.
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
      # Slices of the order: a data set of single indices is slower than the reading.
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
  """A stream from data that can only be read in sequence.

  Args:
    examples: The encoded examples, always in the same order.
    decode: Encoded example -> stored example `[...]` and its label, int32 scalar.
    num_examples: Number of examples.
    buffer_size: Number of encoded examples in the shuffle buffer.
    options: Options for batches.

  Returns:
    A stream of `(x, y)`.
  """
  numbered = examples.enumerate()

  def one_pass(epoch):
    chosen = numbered
    if options.shuffle:
      # This sets only the seed of the graph that is being traced, so that the order
      # does not depend on the global seed of the process.
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


def in_blocks(
  blocks: Callable[[int, int, bool], Iterable[Sequence[np.ndarray]]],
  specs: Sequence[tf.TensorSpec],
  num_examples: int,
  options: Options,
) -> tf.data.Dataset:
  """A stream from data that a Python function reads.

  Args:
    blocks: Takes the number of the epoch, the number of examples in a block, and whether
      to leave out a short last block. Returns the blocks: stored examples `[k, ...]`,
      labels `[k, ...]`, and the numbers of the examples, int32 `[k]`.
    specs: The specs of the examples and of the labels of a block.
    num_examples: Number of examples.
    options: Options for batches.

  Returns:
    A stream of `(x, y)`.
  """
  specs = (*specs, tf.TensorSpec([None], tf.int32))

  def stored(passes, size, drop_remainder):
    def one_pass(epoch):
      found = tf.data.Dataset.from_generator(
        lambda number: map(tuple, blocks(int(number), size, drop_remainder)),
        output_signature=specs,
        args=(epoch,),
      )
      return found.map(lambda *block: (*block, epoch))

    return passes.flat_map(one_pass), lambda *block: block

  return _stream(stored, num_examples, options, 0)


def _stream(stored, num_examples, options, first_epoch):
  """A stream of batches from a function that returns stored data.

  Args:
    stored: Takes a data set of pass numbers, the number of examples per element, and
      whether to drop a short last element. Returns a data set, and the function that
      maps its elements to `x, y, rows [k], epoch`.
    num_examples: Number of examples in a pass.
    options: Options for batches.
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
  """The stream with prefetching, and with one thread per core from the start."""
  return without_tuner(stream.prefetch(1))


def without_tuner(stream: tf.data.Dataset) -> tf.data.Dataset:
  """Turns off the tuner of `tf.data`, so that iterators are released at once.

  The tuner has a thread that sleeps 10 ms, 20 ms, 40 ms and so on, and an iterator is
  not released before the thread wakes: after an epoch of 3 s, `fit` would wait for
  another 2 s.
  """
  options = tf.data.Options()
  options.autotune.enabled = False
  return stream.with_options(options)
