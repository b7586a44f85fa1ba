"""Results of the estimators of log p(x)."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf


class PerExample(NamedTuple):
  """Results of an estimator for each example of a batch; float32 `[batch]`.

  Attributes:
    log_marginal: The estimate of log p(x), nats.
    effective_sample_size: (sum w)^2 / sum w^2 of the weights w that were averaged.
    acceptance: Mean acceptance of the HMC transitions; None if there are none.
    monte_carlo_error: Standard error of `log_marginal` given x, nats; None if unknown.
    pareto_k: k-hat of the tail of the weights (`pareto.k_hat`); None if there are no
      weights.
    r_hat: The largest R-hat of the latents and of log p(x, z), of Markov chains
      (`mcmc.convergence`); None if there are none that should converge.
  """

  log_marginal: tf.Tensor
  effective_sample_size: tf.Tensor
  acceptance: tf.Tensor | None = None
  monte_carlo_error: tf.Tensor | None = None
  pareto_k: tf.Tensor | None = None
  r_hat: tf.Tensor | None = None


class Estimate(NamedTuple):
  """Estimates of log p(x) of the examples of a data set.

  There are two standard errors. `monte_carlo_error` is due to the samples: the spread
  of estimates of the same example over seeds. `standard_error` is due to the data: the
  spread of the mean over data sets of this size, including the Monte Carlo noise of
  each example. Neither includes a bias. The Monte Carlo error is too small if
  `effective_sample_size` is small or `pareto_k` is above 0.7, since the largest weights
  were not drawn; `warning` says so.

  Attributes:
    method: Name of the estimator, or of its class if it is not registered.
    num_samples: Samples for each example.
    log_marginal: float32 `[n]`, nats.
    effective_sample_size: float32 `[n]`, at most `num_samples`. If it is small, a few
      samples dominate the estimate, which is not reliable: use more samples, or another
      method.
    acceptance: float32 `[n]`, or None if no Markov chain was run.
    monte_carlo_error: Standard error of `log_marginal` due to the samples, float32
      `[n]`, nats; NaN for a single sample or chain, None if the estimator has none.
    pareto_k: k-hat of each example's weights, float32 `[n]` (`evidence.pareto`); NaN
      for fewer than 96 samples, None if the estimator has none.
    r_hat: The largest R-hat of the latents and of log p(x, z), float32 `[n]`
      (`mcmc.convergence`); NaN for fewer than four draws of a chain, None if the
      estimator has no Markov chains that should converge.
    warning: Why the estimates are not reliable and what to do next, one line; None if
      no check failed.
  """

  method: str
  num_samples: int
  log_marginal: np.ndarray
  effective_sample_size: np.ndarray
  acceptance: np.ndarray | None = None
  monte_carlo_error: np.ndarray | None = None
  pareto_k: np.ndarray | None = None
  r_hat: np.ndarray | None = None
  warning: str | None = None

  @property
  def mean(self) -> float:
    """Mean over the data, nats per example."""
    return float(np.mean(self.log_marginal, dtype=np.float64))

  @property
  def standard_error(self) -> float:
    """Standard error of `mean` due to the data, nats; NaN for a single example."""
    return standard_error(self.log_marginal)

  @property
  def mean_monte_carlo_error(self) -> float:
    """Standard error of `mean` due to the samples, nats; NaN if it is not known.

    The noise of the examples is independent: `sqrt(sum_i monte_carlo_error_i^2) / n`.
    """
    if self.monte_carlo_error is None:
      return float("nan")
    squares = np.square(self.monte_carlo_error, dtype=np.float64)
    return float(np.sqrt(np.sum(squares)) / len(squares))

  def report(self) -> dict:
    """The estimate as numbers for JSON; None for those that are not known."""
    shapes, chains = _known(self.pareto_k), _known(self.r_hat)
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
      "r_hat": _finite(np.median(chains)) if len(chains) else None,
      "largest_r_hat": _finite(np.max(chains)) if len(chains) else None,
      "warning": self.warning,
    }


def _known(values):
  """The values that are not NaN, float64."""
  values = np.array([] if values is None else values, np.float64)
  return values[~np.isnan(values)]


def _finite(value):
  return float(value) if np.isfinite(value) else None


def standard_error(values: np.ndarray) -> float:
  """Standard error of the mean of independent values; NaN for a single value."""
  if len(values) < 2:
    return float("nan")
  return float(np.std(values, ddof=1, dtype=np.float64) / np.sqrt(len(values)))
