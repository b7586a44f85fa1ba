"""Batches of data that live on the device: which examples a compiled call runs over.

Step g of a fit is batch `g % n` of pass `g // n` over the data, n batches a pass, and
the order of a pass is a function of its number. So a fit that goes on at epoch e sees
what an uninterrupted one would have seen.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf

# Steps in one compiled call: enough to hide the call, few enough to stop soon.
_FEWEST_STEPS, _MOST_STEPS, _WHOLE_EPOCH = 25, 100, 1000


def is_resident(x: Any) -> bool:
  """Whether `x` is a data set that the compiled loop can run over."""
  return all(hasattr(x, name) for name in ("tensors", "examples", "order"))


def steps_per_call(steps_per_epoch: int) -> int:
  """How many steps go into one compiled call: a divisor of the epoch if possible."""
  if steps_per_epoch <= _MOST_STEPS:
    return steps_per_epoch
  for size in range(_MOST_STEPS, _FEWEST_STEPS - 1, -1):
    if steps_per_epoch % size == 0:
      return size
  return steps_per_epoch if steps_per_epoch <= _WHOLE_EPOCH else _MOST_STEPS


class Source:
  """Where the batches of a fit or an evaluation come from.

  Args:
    dataset: A resident data set.
    steps_per_epoch: Steps of one epoch.
    steps_per_call: Steps in one compiled call.
  """

  def __init__(self, dataset: Any, steps_per_epoch: int, steps_per_call: int):
    self.dataset = dataset
    self.steps_per_epoch = steps_per_epoch
    self.steps_per_call = steps_per_call
    self._order = (None, None)

  def runs(self, epoch: int, step: int) -> Iterator[tuple]:
    """Splits the call that begins at a step into runs of equally large batches.

    Args:
      epoch: The number of the epoch.
      step: The first step of the call, counted from the epoch's beginning.

    Yields:
      `(tensors, indices [n, batch], passes [n], count)`, the last three int32: where
      to gather from, and what, by `examples`. The first `count` of n batches are real.
      A run of whole batches is padded to `steps_per_call`, so that it is compiled once;
      a short last batch of a pass makes a run of its own.
    """
    tensors = self.dataset.tensors()
    last = min(step + self.steps_per_call, self.steps_per_epoch)
    run: list[tuple[int, np.ndarray]] = []
    for position in range(step, last):
      batch = self._batch(epoch * self.steps_per_epoch + position)
      if len(batch[1]) == self.dataset.batch_size:
        run.append(batch)
        continue
      if run:
        yield tensors, *self._padded(run)
        run = []
      yield tensors, batch[1][np.newaxis], np.array([batch[0]], np.int32), 1
    if run:
      yield tensors, *self._padded(run)

  def _batch(self, step: int) -> tuple[int, np.ndarray]:
    data_pass, position = divmod(step, len(self.dataset))
    if self._order[0] != data_pass:
      self._order = (data_pass, self.dataset.order(data_pass))
    size = self.dataset.batch_size
    return data_pass, self._order[1][position * size : (position + 1) * size]

  def _padded(self, run):
    passes, indices = zip(*run, strict=True)
    missing = self.steps_per_call - len(run)
    indices = np.pad(np.stack(indices), ((0, missing), (0, 0)))
    return indices, np.pad(np.array(passes, np.int32), (0, missing)), len(run)

  def compile(
    self, step: Callable, results: Callable, eager: bool, jit: bool
  ) -> Callable:
    """The loop over the batches of a run, as one function.

    Args:
      step: Takes `(x, y)`: one step on a batch.
      results: Called once behind the loop; its value is returned.
      eager: Whether to leave it a Python function.
      jit: Whether to compile it with XLA.

    Returns:
      `(tensors, indices, passes, count)` -> what `results` gives.
    """
    examples = self.dataset.examples

    def run(tensors, indices, passes, count):
      def body(i):
        step(examples(tensors, indices[i], passes[i]))
        return (i + 1,)

      tf.while_loop(lambda i: i < count, body, (tf.constant(0),), parallel_iterations=1)
      return results()

    return run if eager else tf.function(run, jit_compile=jit, autograph=False)

  def signature(self) -> tuple:
    """What the compiled loop depends on, besides the shapes of its arguments."""
    data = self.dataset
    return type(data), data.binarization, data.seed
