"""Bidirectional Monte Carlo: log p(x) from below and from above, on simulated data.

For an example that is drawn from the model, z ~ p(z), x ~ p(x|z), one exact posterior
sample is known: z. Reverse AIS from z bounds log p(x) from above, forward AIS from
below. The gap between the two bounds the error of each, and indicates the error of
`annealed` on other data.

References:
  Grosse, Ghahramani, Adams. Sandwiching the marginal likelihood using bidirectional
    Monte Carlo. arXiv:1511.02543.
"""

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from aevb_tf import checks, conditions, random
from aevb_tf.evidence import trust
from aevb_tf.evidence.annealed import Annealed
from aevb_tf.evidence.compiled import given_padded
from aevb_tf.evidence.estimation import batch_size_of, check_built, joined, padded
from aevb_tf.evidence.results import Estimate, PerExample, standard_error
from aevb_tf.protocols import Model
from aevb_tf.random import Purpose
from aevb_tf.types import Seed

_SIDES = ("lower", "upper")


class Bracket(NamedTuple):
  """Bounds on log p(x) of simulated data.

  Attributes:
    x: The data, float32 `[n, *event_shape]`.
    lower: `Estimate` below log p(x) in expectation.
    upper: `Estimate` above log p(x) in expectation.
  """

  x: np.ndarray
  lower: Estimate
  upper: Estimate

  @property
  def gap(self) -> float:
    """Mean of upper minus lower, nats per example."""
    return self.upper.mean - self.lower.mean

  @property
  def gap_standard_error(self) -> float:
    """Standard error of `gap` over examples, nats; NaN for a single example."""
    return standard_error(self.upper.log_marginal - self.lower.log_marginal)

  @property
  def warning(self) -> str | None:
    """Why the gap may be unreliable, in one line; None if no check failed."""
    of_sides = zip(_SIDES, (self.lower.warning, self.upper.warning), strict=True)
    parts = [f"{side}: {warning}" for side, warning in of_sides if warning]
    if len(self.x) == 1:
      parts.append("The gap is that of a single example; other examples may differ.")
    return " ".join(parts) or None


def bidirectional(
  model: Model,
  num_examples: int = 100,
  method: Annealed | None = None,
  seed: Seed = 0,
  batch_size: int | None = None,
  progress: Callable[[float], None] | None = None,
  condition: Any = None,
) -> Bracket:
  """Bounds log p(x) of data that the model draws, from both sides.

  Args:
    model: As for `estimate`.
    num_examples: Number of examples to draw.
    method: An `Annealed`; None uses its defaults.
    seed: An int or a pair of int32; example i depends on (seed, i) alone.
    batch_size: Examples per batch; changes the bounds by no more than rounding.
    progress: Called with the number of examples done since the last call, which may be
      a fraction.
    condition: c of each example, or one for all, if the model has a condition.

  Returns:
    A `Bracket`.

  Raises:
    ValueError: An argument is out of range.

  Warns:
    EvidenceWarning: The gap may be unreliable; `Bracket.warning` says why.
  """
  method = Annealed() if method is None else method
  seed = random.derive(seed, Purpose.BIDIRECTIONAL)
  num_examples = checks.positive_int("num_examples", num_examples)
  check_built(model)
  size = min(batch_size_of(model, batch_size), num_examples)
  given = conditions.of_examples(model, condition, num_examples)
  drawn: list[np.ndarray] = []
  results: dict[str, list[PerExample]] = {side: [] for side in _SIDES}
  for first in range(0, num_examples, size):
    rows = tf.range(first, min(first + size, num_examples))
    part = None if given is None else np.asarray(given[first : first + len(rows)])
    with given_padded(model, part, len(rows)):
      z, x = simulate(model, random.derive(seed, Purpose.SIMULATE), rows)
    drawn.append(x)
    with given_padded(model, part, size):
      for side, known in zip(_SIDES, (None, z), strict=True):
        bound = _bound(method, model, x, known, seed, size, first, progress)
        results[side].append(bound)
  bracket = Bracket(
    np.concatenate(drawn), *(joined(method, results[side]) for side in _SIDES)
  )
  if bracket.warning:
    warnings.warn(
      bracket.warning, trust.EvidenceWarning, stacklevel=checks.level_of_user()
    )
  return bracket


def _bound(method, model, x, z, seed, size, first, progress):
  def run(part, rows, advance):
    def half(fraction):
      advance(fraction / 2)

    if z is None:
      return method(model, part, seed, rows, half)
    filler = tf.repeat(z[-1:], size - len(z), axis=0)
    return method.reverse(model, part, tf.concat([z, filler], 0), seed, rows, half)

  return padded(run, x, size, first, progress)


def simulate(model: Model, seed: Seed, rows: tf.Tensor) -> tuple[tf.Tensor, np.ndarray]:
  """Draws z ~ p(z) and x ~ p(x|z); row i depends on (seed, rows[i]) alone.

  Args:
    model: The model.
    seed: An int or a pair of int32.
    rows: int32 `[n]`.

  Returns:
    z, float32 `[n, latent_dim]`, and x, float32 `[n, *event_shape]`.
  """
  z = model.prior.sample(seed, rows)
  shape = tuple(model.event_shape)
  uniform = random.uniform(
    random.derive(seed, Purpose.X_GIVEN_Z), rows, int(np.prod(shape))
  )
  uniform = tf.reshape(uniform, (-1, *shape))
  return z, np.asarray(model.likelihood_family.quantile(model.decode(z), uniform))
