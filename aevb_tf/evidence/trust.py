"""Whether estimates of log p(x) are to be trusted, in a line that says why not.

Estimates are warned of if more than `SHARE` of the examples are out of one of the bounds
below. No warning is no proof: chains that all miss the same mode, and samples that all
miss the same part of the posterior, look well.
"""

from typing import Any

import numpy as np

from aevb_tf.evidence.results import PerExample

# Below so many samples that count, an estimate and its error are not to be trusted; of
# few samples, below half of them.
LEAST_EFFECTIVE = 10
# Above this, a mean of weights converges too slowly to be of use (`pareto`).
LARGEST_K = 0.7
# Below this, chains of HMC hardly move.
LEAST_ACCEPTANCE = 0.2
# The share of examples that may be out of these bounds without a warning.
SHARE = 0.05
_ADVICE = "Take more samples, or another method."


class EvidenceWarning(UserWarning):
  """Estimates of log p(x) are not to be trusted."""


def warning(method: Any, name: str, num_samples: int, result: PerExample) -> str | None:
  """Why the estimates of a method are not to be trusted.

  Args:
    method: The estimator; its `advice` says what to do next.
    name: What it is called.
    num_samples: Samples for each example.
    result: Its estimates, arrays `[n]`.

  Returns:
    One line, or None where no more than `SHARE` of the examples are out of any bound.
  """
  few = min(LEAST_EFFECTIVE, num_samples / 2)
  found = [
    _below(
      f"effective sample size of {num_samples}", result.effective_sample_size, few
    ),
    _above("Pareto k", result.pareto_k, LARGEST_K),
    _below("acceptance of HMC", result.acceptance, LEAST_ACCEPTANCE),
    _unknown("Monte Carlo error", result.monte_carlo_error),
  ]
  if not any(found):
    return None
  reasons = "; ".join(filter(None, found))
  advice = getattr(method, "advice", _ADVICE)
  return f"log p(x) by {name} is not to be trusted: {reasons}. {advice}"


def _below(what, values, least):
  if values is None:
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
