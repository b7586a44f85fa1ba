"""Log-normal likelihood of positive numbers: log x is normal given z.

    log p(x|z) = log N(log x; mu, sigma^2) - log x
    E[x|z]     = exp(mu + sigma^2 / 2)

The decoder returns mu, then log sigma, stacked along the last axis. Log-scales are softly
bounded to (-10, 10). Means and draws beyond the range of float32 are at its ends.
"""

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf import normal
from aevb_tf.likelihoods.base import Likelihood, registry
from aevb_tf.numerics import scale_of

_LOG_RANGE = (-87.0, 88.0)  # of positive float32 numbers


def _exp(x):
  return tf.exp(tf.clip_by_value(x, *_LOG_RANGE))


class _LogNormal(normal.LogNormal):
  """The log-normal, with means and quantiles in the range of float32."""

  def _mean(self):
    log_x = self.distribution
    return _exp(log_x.mean() + 0.5 * log_x.variance())

  def _quantile(self, value):
    return _exp(self.distribution.quantile(value))


@registry.register("log_normal", package="aevb_tf.likelihoods")
class LogNormal(Likelihood):
  """Positive numbers, such as prices. The decoder returns mu and log sigma."""

  support = "positive numbers"
  advice = (
    "Add a constant to all values if zeros are meant, or use likelihood='gaussian' for "
    "any real values."
  )
  safe_value = 1.0
  params_per_element = 2
  output_kind = "real"

  def params_of_mean(self, mean: np.ndarray) -> np.ndarray:
    """At sigma = 1, so that mu = log(mean) - 1/2; means below 1e-30 count as 1e-30."""
    location = np.log(np.maximum(np.asarray(mean, np.float64), 1e-30)) - 0.5
    params = np.concatenate([location, np.zeros_like(location)], axis=-1)
    return params.astype(np.float32)

  def distribution(self, params: tf.Tensor) -> tfd.Distribution:
    location, log_scale = self.split(params)
    return self.independent(_LogNormal(location, scale_of(2.0 * log_scale)))

  def in_support(self, x: tf.Tensor) -> tf.Tensor:
    return tf.reduce_all(tf.math.is_finite(x) & (x > 0.0))
