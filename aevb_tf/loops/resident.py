"""Batches of data that are resident on the device.

Step g of a fit is batch `g % n` of pass `g // n` over the data, with n batches per
pass, and the order of a pass depends only on its number. So a fit that is resumed at
epoch e sees the same batches as an uninterrupted one.
"""

import functools
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

import numpy as np
import tensorflow as tf

from aevb_tf.data import orders, streams
from aevb_tf.loops.inputs import Arrays

# Steps in one compiled call: enough to hide its overhead, few enough to stop soon.
_FEWEST_STEPS, _MOST_STEPS, _WHOLE_EPOCH = 25, 100, 1000


class Resident(Protocol):
  """A data set in memory, as the compiled loop takes it: an `ArrayDataset`, say.

  Attributes:
    batch_size: Examples in a batch.
    num_examples: Examples in all.
    event_shape: Shape of one.
  """

  batch_size: int

  @property
  def num_examples(self) -> int: ...

  @property
  def event_shape(self) -> tuple[int, ...]: ...

  def __len__(self) -> int:
    """Number of batches in a pass."""

  def order(self, epoch: int) -> np.ndarray:
    """The order of a pass, int32 `[n]`."""

  def tensors(self) -> tuple[tf.Tensor, ...]:
    """What rows are gathered from."""

  def preparation(self) -> Callable:
    """The function that makes a batch of gathered rows; see `ArrayDataset`."""


def is_resident(x: object) -> bool:
  """Whether `x` is a data set that the compiled loop can run over."""
  return all(hasattr(x, name) for name in ("tensors", "preparation", "order"))


def sample(dataset: Resident, most: int = 100) -> tf.Tensor:
  """Examples from all parts of a data set, prepared as in an epoch.

  The epoch is -1, whose noise no batch uses.

  Args:
    dataset: The data set.
    most: The largest number of examples.

  Returns:
    float32 `[at most `most`, *event_shape]`.
  """
  n = dataset.num_examples
  indices = tf.range(0, n, max(1, -(-n // most)))
  rows = tuple(tf.gather(tensor, indices) for tensor in dataset.tensors())
  return dataset.preparation()(rows, indices, tf.constant(-1))[0]


def steps_per_call(steps_per_epoch: int) -> int:
  """Number of steps in one compiled call, a divisor of the epoch if possible."""
  if steps_per_epoch <= _MOST_STEPS:
    return steps_per_epoch
  for size in range(_MOST_STEPS, _FEWEST_STEPS - 1, -1):
    if steps_per_epoch % size == 0:
      return size
  return steps_per_epoch if steps_per_epoch <= _WHOLE_EPOCH else _MOST_STEPS


class InMemory:
  """`Arrays` as a resident data set, which is moved to the device as a whole.

  Args:
    arrays: The arrays.
    batch_size: Examples per batch.
    shuffle: Whether to shuffle the examples in each pass.
    seed: Seed for shuffling.
  """

  def __init__(self, arrays: Arrays, batch_size: int, shuffle: bool, seed: int):
    self.arrays, self.x = arrays, arrays.x
    self.batch_size, self.seed = batch_size, seed
    self.num_examples, self.event_shape = len(arrays.x), arrays.x.shape[1:]
    self._shuffle = shuffle
    self._tensors: tuple[tf.Tensor, ...] | None = None

  def __len__(self) -> int:
    """Number of batches in a pass."""
    return -(-self.num_examples // self.batch_size)

  def order(self, epoch: int) -> np.ndarray:
    """The order of a pass, int32 `[n]`."""
    if self._shuffle:
      return orders.permutation(self.num_examples, self.seed, epoch)
    return np.arange(self.num_examples, dtype=np.int32)

  def tensors(self) -> tuple[tf.Tensor, ...]:
    """x as float32, and y and weights if there are any, on the default device."""
    if self._tensors is None:
      x, *others = self.arrays
      parts = [np.float32(x), *(part for part in others if part is not None)]
      with tf.init_scope():
        self._tensors = tuple(map(tf.constant, parts))
    return self._tensors

  def preparation(self) -> Callable:
    """The function that makes a batch of gathered rows; see `ArrayDataset`."""
    return _as_they_are


def _as_they_are(rows, indices, epoch):
  del indices, epoch
  return rows


def view(dataset: Resident, steps: int | None = None) -> tf.data.Dataset:
  """The batches of a resident data set, for Keras and other tools to count and look at.

  The compiled loop does not read it.

  Args:
    dataset: The resident data set.
    steps: Number of batches, if an epoch is not one pass over the data. It is finite,
      since some tools read all data that are passed to `fit`.

  Returns:
    A `tf.data.Dataset` in the order of the first pass; its attribute `resident` is the
    data set.
  """
  views = dataset.__dict__.setdefault("_views", {})
  if steps not in views:
    tensors, order = dataset.tensors(), tf.constant(dataset.order(0))
    prepare, size = dataset.preparation(), dataset.batch_size

    def batch(first):
      indices = order[first : first + size]
      rows = tuple(tf.gather(tensor, indices) for tensor in tensors)
      return prepare(rows, indices, tf.constant(0))

    batches = tf.data.Dataset.range(0, len(dataset) * size, size).map(batch)
    views[steps] = streams.without_tuner(
      batches.repeat().take(steps) if steps else batches
    )
    views[steps].resident = dataset
  return views[steps]


class Run(NamedTuple):
  """Batches of one size for a compiled call.

  Attributes:
    tensors: Tensors to gather from.
    indices: Rows to gather, int32 `[n, batch]`.
    passes: The number of the pass of each batch, int32 `[n]`.
    num_batches: Number of batches to run; the rest of the n batches is padding.
    whole: Whether the batches have the full batch size.
  """

  tensors: tuple[tf.Tensor, ...]
  indices: np.ndarray
  passes: np.ndarray
  num_batches: int
  whole: bool

  def first(self, prepare: Callable) -> tuple[tf.Tensor, ...]:
    """The first batch, from the `preparation` of the data set."""
    indices = tf.constant(self.indices[0])
    rows = tuple(tf.gather(tensor, indices) for tensor in self.tensors)
    return prepare(rows, indices, tf.constant(self.passes[0]))

  def padded(self) -> "Run":
    """The same run, padded to a power of two, so that fewer shapes are compiled."""
    missing = (1 << (self.num_batches - 1).bit_length()) - len(self.passes)
    if missing <= 0:
      return self
    indices = np.pad(self.indices, ((0, missing), (0, 0)))
    return self._replace(indices=indices, passes=np.pad(self.passes, (0, missing)))


class Source:
  """The source of the batches of a fit or an evaluation.

  Args:
    dataset: A resident data set.
    steps_per_epoch: Steps of one epoch.
    steps_per_call: Steps in one compiled call.
  """

  def __init__(self, dataset: Resident, steps_per_epoch: int, steps_per_call: int):
    self.dataset = dataset
    self.steps_per_epoch = steps_per_epoch
    self.steps_per_call = steps_per_call
    self._order: tuple[int, np.ndarray] | None = None

  def runs(self, epoch: int, step: int) -> Iterator[Run]:
    """Splits the call that begins at a step into runs of equally large batches.

    Args:
      epoch: The number of the epoch.
      step: The first step of the call, counted from the start of the epoch.

    Yields:
      Each `Run`; a short last batch of a pass is a separate run.
    """
    tensors = self.dataset.tensors()
    last = min(step + self.steps_per_call, self.steps_per_epoch)
    batches: list[tuple[int, np.ndarray]] = []
    for position in range(step, last):
      batch = self._batch(epoch * self.steps_per_epoch + position)
      if len(batch[1]) == self.dataset.batch_size:
        batches.append(batch)
        continue
      if batches:
        yield _run(tensors, batches, True)
        batches = []
      yield _run(tensors, [batch], False)
    if batches:
      yield _run(tensors, batches, True)

  def _batch(self, step: int) -> tuple[int, np.ndarray]:
    data_pass, position = divmod(step, len(self.dataset))
    if self._order is None or self._order[0] != data_pass:
      self._order = (data_pass, self.dataset.order(data_pass))
    size = self.dataset.batch_size
    return data_pass, self._order[1][position * size : (position + 1) * size]


def _run(tensors, batches, whole):
  passes, indices = zip(*batches, strict=True)
  return Run(
    tensors, np.stack(indices), np.array(passes, np.int32), len(batches), whole
  )


class Loop:
  """Steps over batches that are gathered on the device, in one compiled function.

  The function is traced once for whole batches and once for the short one at the end of
  the data, whatever the number of examples.

  Args:
    tensors: Tensors of a `Run`, for their shapes and dtypes; their length may change.
    dataset: The data set, for its batch size and its preparation.
    step: Takes a batch, runs a step of training or testing, and returns logs.
    results: Called once after the loop; its value is returned. None returns the logs of
      the last step.
    eager: Whether to run the loop as a Python function.
    jit: Whether to compile whole batches with XLA, which takes seconds.
  """

  def __init__(
    self,
    tensors: tuple[tf.Tensor, ...],
    dataset: Resident,
    step: Callable,
    results: Callable | None,
    eager: bool,
    jit: bool,
  ):
    self._prepare = dataset.preparation()
    self._step, self._results = step, results
    self._jit = jit and not eager
    self._whole = self._short = self._gather_each
    if eager:
      return
    rows = tuple(tf.TensorSpec([None, *t.shape[1:]], t.dtype) for t in tensors)

    def compiled(function, size):
      numbers = [tf.TensorSpec(shape, tf.int32) for shape in ([None, size], [None], [])]
      # A separate object, since TensorFlow warns about code that is traced often.
      function = functools.partial(function)
      return tf.function(function, input_signature=[rows, *numbers], autograph=False)

    whole = self._gather_at_once if self._jit else self._gather_each
    self._whole = compiled(whole, dataset.batch_size)
    self._short = compiled(self._gather_each, None)
    # One shape of rows for all lengths of the data: XLA compiles for each.
    self._on_rows = tf.function(self._over_rows, jit_compile=True, autograph=False)

  def __call__(self, run: Run) -> dict[str, tf.Tensor]:
    """Runs over the batches of a run."""
    function = self._whole if run.whole else self._short
    if self._jit and run.whole:
      run = run.padded()
    tensors, *numbers, _ = run
    return function(tensors, *(tf.constant(n, tf.int32) for n in numbers))

  def _gather_each(self, tensors, indices, passes, count):
    def batch(i):
      rows = tuple(tf.gather(tensor, indices[i]) for tensor in tensors)
      return self._prepare(rows, indices[i], passes[i])

    return self._steps(batch, count)

  def _gather_at_once(self, tensors, indices, passes, count):
    rows = tuple(tf.gather(tensor, indices) for tensor in tensors)
    return self._on_rows(rows, indices, passes, count)

  def _over_rows(self, rows, indices, passes, count):
    def batch(i):
      return self._prepare(tuple(row[i] for row in rows), indices[i], passes[i])

    return self._steps(batch, count)

  def _steps(self, batch, count):
    if self._results is None:
      logs, first = self._step(batch(0)), 1
    else:
      logs, first = (), 0

    def body(i, logs):
      new = self._step(batch(i))
      return i + 1, new if self._results is None else logs

    _, logs = tf.while_loop(
      lambda i, _: i < count, body, (tf.constant(first), logs), parallel_iterations=1
    )
    return logs if self._results is None else self._results()
