"""Checks whether estimates of log p(x) are reliable.

There is a warning if more than `SHARE` of the examples violate one of the bounds below.
The absence of a warning does not prove that estimates are right: no check fails if all
chains miss the same mode, or if all samples miss the same part of the posterior.
"""

import numpy as np

from aevb_tf.evidence.registered import Estimator
from aevb_tf.evidence.results import PerExample
from aevb_tf.mcmc.convergence import LARGEST_R_HAT

# Least reliable effective sample size; for few samples, half their number.
LEAST_EFFECTIVE = 10
# Above this Pareto k, a mean of weights converges too slowly (`pareto`).
LARGEST_K = 0.7
# Below this acceptance, HMC chains hardly move.
LEAST_ACCEPTANCE = 0.2
# The share of examples that may violate a bound without a warning.
SHARE = 0.05
_ADVICE = "Use more samples, or another method."


class EvidenceWarning(UserWarning):
  """Estimates of log p(x) are not reliable."""


def warning(
  method: Estimator, name: str, num_samples: int, result: PerExample
) -> str | None:
  """A message about estimates that are not reliable.

  Args:
    method: The estimator; its `advice` says what to do next, and its `largest_r_hat` is
      the bound for its chains.
    name: Name of the estimator.
    num_samples: Samples for each example.
    result: Its estimates, arrays `[n]`.

  Returns:
    One line, or None if no more than `SHARE` of the examples violate any bound.
  """
  few = min(LEAST_EFFECTIVE, num_samples / 2)
  found = [
    below(f"effective sample size of {num_samples}", result.effective_sample_size, few),
    _above("Pareto k", result.pareto_k, LARGEST_K),
    _above("R-hat", result.r_hat, getattr(method, "largest_r_hat", LARGEST_R_HAT)),
    below("acceptance of HMC", result.acceptance, LEAST_ACCEPTANCE),
    _unknown("Monte Carlo error", result.monte_carlo_error),
  ]
  if not any(found):
    return None
  reasons = "; ".join(filter(None, found))
  advice = getattr(method, "advice", _ADVICE)
  return f"log p(x) by {name} is not reliable: {reasons}. {advice}"


def below(what: str, values: np.ndarray | None, least: float) -> str | None:
  """A reason to mistrust estimates: more than `SHARE` of the values are below `least`.

  Args:
    what: Name of the values.
    values: Array `[n]`; None if the estimator does not have them.
    least: The bound.
  """
  if values is None or not len(values):
    return None
  return _reason(
    f"{what} below {least:g}", values < least, f", smallest {np.min(values):.2g}"
  )


def _above(what, values, most):
  if values is None:
    return None
  return _reason(
    f"{what} above {most:g}", values > most, f", largest {np.fmax.reduce(values):.2g}"
  )


def _unknown(what, values):
  return None if values is None else _reason(f"{what} unknown", np.isnan(values), "")


def _reason(what, is_out, worst):
  count = np.count_nonzero(is_out)
  if count <= SHARE * len(is_out):
    return None
  return f"{what} for {count} of {len(is_out)} examples{worst}"
