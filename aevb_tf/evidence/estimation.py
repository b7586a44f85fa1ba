"""Estimates of log p(x) for whole data sets, batch by batch."""

import warnings
from collections.abc import Callable, Iterator, Sized
from typing import Any

import numpy as np
import tensorflow as tf

from aevb_tf import checks, conditions, random
from aevb_tf.evidence import registered, trust
from aevb_tf.evidence.compiled import given_padded, pad, rows_at_once
from aevb_tf.evidence.results import Estimate, PerExample
from aevb_tf.protocols import Model
from aevb_tf.random import Purpose
from aevb_tf.types import Examples, Seed

_BATCH_SIZE = 100


def estimate(
  model: Model,
  x: Examples,
  method: registered.EstimatorLike = "importance",
  num_samples: int | None = None,
  seed: Seed = 0,
  batch_size: int | None = None,
  max_examples: int | None = None,
  progress: Callable[[float], None] | None = None,
  condition: Any = None,
) -> Estimate:
  """Estimates log p(x) of each example.

  Args:
    model: A `VAE`, or a model with its `prior`, `decode` and `likelihood_family`; the
      estimators that use q(z|x) also need `encode` and `posterior_family`.
    x: Array `[n, *event_shape]`, or an iterable of batches `x` or `(x, y)`, such as the
      result of `aevb_tf.data.load`.
    method: Name, options or object of `aevb_tf.evidence`.
    num_samples: Samples for each example; None uses the estimator's own number.
    seed: An int or a pair of int32. The estimate of example i depends only on
      (seed, i).
    batch_size: Examples per batch; changes the estimates by no more than rounding.
    max_examples: Use only so many examples, from the start; None uses all.
    progress: Called with the number of examples done since the last call, which may be
      a fraction.
    condition: c of each example, or one for all, if the model has a condition; None
      takes the y of the batches.

  Returns:
    An `Estimate`.

  Raises:
    ValueError: An argument is out of range, or the data do not fit the model.
    FloatingPointError: An estimate is NaN: the model's weights or outputs are broken.

  Warns:
    EvidenceWarning: The estimates are not reliable; see `Estimate.warning`.
  """
  method = registered.get(method, num_samples)
  seed = random.derive(seed, Purpose.EVIDENCE)
  check_built(model)
  if hasattr(model, "check_source"):
    model.check_source(x)
  size = batch_size_of(model, batch_size)
  if max_examples is not None:
    max_examples = checks.positive_int("max_examples", max_examples)
  # One size for all batches, no larger than the data.
  known = [len(x)] if hasattr(x, "__array__") and isinstance(x, Sized) else []
  size = max(1, min(size, max_examples or size, *known))
  results, first = [], 0

  def run(part, rows, advance):
    return method(model, part, seed, rows, advance)

  for batch, given in _batches(model, x, condition, size, max_examples):
    _check_data(model, batch)
    with given_padded(model, given, size):
      results.append(padded(run, batch, size, first, progress))
    first += len(batch)
  if not results:
    raise ValueError("x is empty: there is nothing to estimate.")
  found = joined(method, results)
  _check_numbers(found.log_marginal)
  if found.warning:
    warnings.warn(
      found.warning, trust.EvidenceWarning, stacklevel=checks.level_of_user()
    )
  return found


def padded(
  function: Callable[..., PerExample],
  batch: np.ndarray,
  size: int,
  first: int,
  progress: Callable[[float], None] | None,
) -> PerExample:
  """Runs an estimator on a batch padded to `size`, so that it compiles only once.

  Args:
    function: `(x, rows, advance) -> PerExample`.
    batch: float32 `[n, ...]`, n at most `size`.
    size: The padded size, the same for all batches.
    first: Index of the first example.
    progress: As in `estimate`.

  Returns:
    `PerExample` of arrays `[n]`.
  """
  count = len(batch)

  def advance(part):
    if progress is not None:
      progress(part * count)

  result = function(pad(batch, size), first + tf.range(size), advance)
  return PerExample(*(None if v is None else np.asarray(v)[:count] for v in result))


def joined(method: registered.Estimator, results: list[PerExample]) -> Estimate:
  """Joins the results of all batches, and adds a warning if they are not reliable."""
  columns = zip(*results, strict=True)
  whole = PerExample(*(None if c[0] is None else np.concatenate(c) for c in columns))
  name = registered.name_of(method)
  warning = trust.warning(method, name, method.num_samples, whole)
  return Estimate(name, method.num_samples, *whole, warning)


def batch_size_of(model: Model, batch_size: int | None) -> int:
  """The given batch size, or by default one that fits into memory."""
  if batch_size is None:
    return min(_BATCH_SIZE, rows_at_once(model))
  return checks.positive_int("batch_size", batch_size)


def check_built(model: Model) -> None:
  """Raises a ValueError if the model is not built."""
  if not model.built:
    raise ValueError(
      "The model is not built yet: call it on data, `fit` it, or call "
      "`build((None, *event_shape))` before estimating the evidence."
    )


def check_has_encoder(model: object) -> None:
  """Raises a ValueError if the model has no encoder of this package."""
  if not hasattr(model, "posterior_family"):
    raise ValueError(
      f"vae is of type {type(model).__name__}, which has no encoder of this package: give "
      "a VAE, WakeSleep, FullVB or SemiSupervisedVAE."
    )


def _batches(
  model: Model, x: Examples, condition: Any, size: int, most: int | None
) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
  """The data in order, float32, in batches of `size`; the last may be smaller.

  Yields:
    x, and the condition as the networks see it, or None.
  """
  left = most
  held: list[tuple[np.ndarray, ...]] = []

  def batches(is_last):
    nonlocal held
    parts = [np.concatenate(part) for part in zip(*held, strict=True)]
    count = len(parts[0]) if is_last else len(parts[0]) // size * size
    for first in range(0, count, size):
      x, *given = (part[first : min(first + size, count)] for part in parts)
      yield x, given[0] if given else None
    held = [tuple(part[count:] for part in parts)]

  pieces: Any = [x] if hasattr(x, "__array__") else x
  for piece in pieces:
    is_pair = isinstance(piece, tuple | list)
    values = np.asarray(piece[0] if is_pair else piece, np.float32)
    given = condition
    if given is None and is_pair and getattr(model, "condition", None) is not None:
      given = piece[1]
    features = conditions.of_examples(model, given, len(values))
    parts = [values] if features is None else [values, np.asarray(features)]
    parts = parts if left is None else [part[:left] for part in parts]
    left = None if left is None else left - len(parts[0])
    held.append(tuple(parts))
    if sum(len(part[0]) for part in held) >= size:
      yield from batches(is_last=False)
    if left == 0:
      break
  if held and sum(len(part[0]) for part in held):
    yield from batches(is_last=True)


def _check_data(model, batch):
  wanted = tuple(model.event_shape)
  if batch.shape[1:] != wanted:
    raise ValueError(
      f"The examples have shape {batch.shape[1:]}, but the model needs shape {wanted}."
    )
  model.likelihood_family.check_targets(batch)


def _check_numbers(values: np.ndarray) -> None:
  broken = np.flatnonzero(np.isnan(values))
  if len(broken):
    raise FloatingPointError(
      f"log p(x) of example {broken[0]} (of {len(broken)} in all) is NaN: the model "
      "returns NaN or infinite numbers for it. Use an earlier checkpoint."
    )
