"""What an estimator of log p(x) returns, and what is reported of it."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf


class PerDatum(NamedTuple):
  """What an estimator says of a batch; float32 `[batch]`.

  Attributes:
    log_marginal: The estimate of log p(x), nats.
    effective_sample_size: (sum w)^2 / sum w^2 of the weights w that were averaged.
    acceptance: Mean acceptance of the HMC transitions; None where there are none.
  """

  log_marginal: tf.Tensor
  effective_sample_size: tf.Tensor
  acceptance: tf.Tensor | None = None


class Estimate(NamedTuple):
  """Estimates of log p(x) over data.

  Attributes:
    method: The estimator's name, or its class' if it has none.
    num_samples: Samples for each datum.
    log_marginal: float32 `[n]`, nats.
    effective_sample_size: float32 `[n]`, at most `num_samples`. Where it is a few, a
      few samples carry the estimate, and it is not to be trusted: take more, or
      another method.
    acceptance: float32 `[n]`, or None where no Markov chain was run.
  """

  method: str
  num_samples: int
  log_marginal: np.ndarray
  effective_sample_size: np.ndarray
  acceptance: np.ndarray | None = None

  @property
  def mean(self) -> float:
    """Mean over the data, nats per datum."""
    return float(np.mean(self.log_marginal, dtype=np.float64))

  @property
  def standard_error(self) -> float:
    """Standard error of `mean` over data, nats; NaN for a single datum."""
    return standard_error(self.log_marginal)

  def report(self) -> dict:
    """The estimate in numbers that JSON can hold."""
    return {
      "method": self.method,
      "num_samples": self.num_samples,
      "num_examples": len(self.log_marginal),
      "log_marginal": self.mean,
      "standard_error": None if len(self.log_marginal) < 2 else self.standard_error,
      "effective_sample_size": float(np.mean(self.effective_sample_size)),
      "smallest_effective_sample_size": float(np.min(self.effective_sample_size)),
      "acceptance": None
      if self.acceptance is None
      else float(np.mean(self.acceptance)),
    }


def standard_error(values: np.ndarray) -> float:
  """Standard error of the mean of independent values; NaN for a single one."""
  if len(values) < 2:
    return float("nan")
  return float(np.std(values, ddof=1, dtype=np.float64) / np.sqrt(len(values)))
