"""Applies a function of a model to all examples, in batches of one size."""

import contextlib
import contextvars
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from aevb_tf import conditions
from aevb_tf.evidence.compiled import given_padded, pad
from aevb_tf.evidence.estimation import batch_size_of
from aevb_tf.protocols import ModelOfExamples
from aevb_tf.types import TensorLike

_report: contextvars.ContextVar[Callable[[int, int], None] | None] = (
  contextvars.ContextVar("report", default=None)
)


@contextlib.contextmanager
def reporting(report: Callable[[int, int], None]) -> Iterator[None]:
  """Reports the progress of `over_batches` in the block.

  Args:
    report: Called after each batch with the number of finished examples and of all.
  """
  token = _report.set(report)
  try:
    yield
  finally:
    _report.reset(token)


def over_batches(
  vae: ModelOfExamples,
  function: Callable[[tf.Tensor, tf.Tensor], Any],
  x: TensorLike,
  condition: Any,
  batch_size: int | None,
  check_support: bool = True,
) -> Any:
  """A function of all examples; the last batch is padded.

  Args:
    vae: A built model with an encoder.
    function: x `[size, *event_shape]` and the numbers of its rows, int32 `[size]`, ->
      `[size, ...]`, or a structure of such tensors. It is called with the condition of
      these examples.
    x: `[n, *event_shape]`, as a user has it.
    condition: c of each example, or one for all, if the model has a condition.
    batch_size: Examples at once; None chooses one that fits into memory.
    check_support: Whether the likelihood must be able to score x.

  Returns:
    The results as arrays, `[n, ...]`.

  Raises:
    ValueError: There are no examples, or they do not fit the model.
  """
  x = np.asarray(vae.as_data(x))
  if not len(x):
    raise ValueError("x is empty: give at least one example.")
  if check_support:
    vae.likelihood_family.check_targets(x)
  features = conditions.of_examples(vae, condition, len(x))
  # By default one size for any n: an example then has the same result in all calls.
  size = batch_size_of(vae, batch_size)
  if batch_size is not None:
    size = min(size, len(x))
  found = []
  for first in range(0, len(x), size):
    part = x[first : first + size]
    given = None if features is None else np.asarray(features[first : first + size])
    with given_padded(vae, given, size):
      values = function(pad(part, size), first + tf.range(size))
    found.append([np.asarray(v)[: len(part)] for v in tf.nest.flatten(values)])
    if report := _report.get():
      report(first + len(part), len(x))
  joined = [np.concatenate(parts) for parts in zip(*found, strict=True)]
  return tf.nest.pack_sequence_as(values, joined)
