"""What an estimator of log p(x) returns, and what is reported of it."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf


class PerExample(NamedTuple):
  """What an estimator says of a batch; float32 `[batch]`.

  Attributes:
    log_marginal: The estimate of log p(x), nats.
    effective_sample_size: (sum w)^2 / sum w^2 of the weights w that were averaged.
    acceptance: Mean acceptance of the HMC transitions; None where there are none.
    monte_carlo_error: Standard error of `log_marginal` given x, nats; None where it is
      not known.
    pareto_k: k-hat of the weights' tail, as `pareto.k_hat` gives it; None where there
      are no weights.
  """

  log_marginal: tf.Tensor
  effective_sample_size: tf.Tensor
  acceptance: tf.Tensor | None = None
  monte_carlo_error: tf.Tensor | None = None
  pareto_k: tf.Tensor | None = None


class Estimate(NamedTuple):
  """Estimates of log p(x) over data.

  It has two kinds of errors. `monte_carlo_error` is of the samples: how far estimates of
  the very same examples are from those with other seeds. `standard_error` is of the
  data: how far their mean is from that over all data of their kind; what the samples add
  to the spread between examples is part of it. Neither knows of a bias, and the Monte
  Carlo error is too optimistic where `effective_sample_size` is small or `pareto_k` is
  above 0.7: the weights that would show it were not drawn. `warning` says so.

  Attributes:
    method: The estimator's name, or its class' if it has none.
    num_samples: Samples for each example.
    log_marginal: float32 `[n]`, nats.
    effective_sample_size: float32 `[n]`, at most `num_samples`. Where it is a few, a
      few samples carry the estimate, and it is not to be trusted: take more, or
      another method.
    acceptance: float32 `[n]`, or None where no Markov chain was run.
    monte_carlo_error: Standard error of `log_marginal` from the samples alone, float32
      `[n]`, nats; NaN where a single sample or chain does not tell it, None where the
      estimator does not.
    pareto_k: k-hat of each example's weights, float32 `[n]` (`evidence.pareto`); NaN
      where there are fewer than 96 samples, None where the estimator does not tell it.
    warning: Why the estimates are not to be trusted and what to do next, one line; None
      if nothing speaks against them.
  """

  method: str
  num_samples: int
  log_marginal: np.ndarray
  effective_sample_size: np.ndarray
  acceptance: np.ndarray | None = None
  monte_carlo_error: np.ndarray | None = None
  pareto_k: np.ndarray | None = None
  warning: str | None = None

  @property
  def mean(self) -> float:
    """Mean over the data, nats per example."""
    return float(np.mean(self.log_marginal, dtype=np.float64))

  @property
  def standard_error(self) -> float:
    """Standard error of `mean` over data, nats; NaN for a single example."""
    return standard_error(self.log_marginal)

  @property
  def mean_monte_carlo_error(self) -> float:
    """Standard error of `mean` from the samples alone, nats; NaN if it is not known.

    Examples have noise of their own: `sqrt(sum_i monte_carlo_error_i^2) / n`.
    """
    if self.monte_carlo_error is None:
      return float("nan")
    squares = np.square(self.monte_carlo_error, dtype=np.float64)
    return float(np.sqrt(np.sum(squares)) / len(squares))

  def report(self) -> dict:
    """The estimate in numbers that JSON can hold; None for what is not known."""
    shapes = np.array([] if self.pareto_k is None else self.pareto_k, np.float64)
    shapes = shapes[~np.isnan(shapes)]
    return {
      "method": self.method,
      "num_samples": self.num_samples,
      "num_examples": len(self.log_marginal),
      "log_marginal": self.mean,
      "standard_error": _finite(self.standard_error),
      "monte_carlo_error": _finite(self.mean_monte_carlo_error),
      "effective_sample_size": float(np.mean(self.effective_sample_size)),
      "smallest_effective_sample_size": float(np.min(self.effective_sample_size)),
      "acceptance": None
      if self.acceptance is None
      else float(np.mean(self.acceptance)),
      "pareto_k": _finite(np.median(shapes)) if len(shapes) else None,
      "largest_pareto_k": _finite(np.max(shapes)) if len(shapes) else None,
      "warning": self.warning,
    }


def _finite(value):
  return float(value) if np.isfinite(value) else None


def standard_error(values: np.ndarray) -> float:
  """Standard error of the mean of independent values; NaN for a single one."""
  if len(values) < 2:
    return float("nan")
  return float(np.std(values, ddof=1, dtype=np.float64) / np.sqrt(len(values)))
