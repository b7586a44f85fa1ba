"""Negative binomial likelihood of counts, with a mean and an inverse dispersion.

    x ~ Poisson(rate),   rate ~ Gamma(theta, theta / mean)
    log p(x|z) = log Gamma(x + theta) - log Gamma(theta) - log(x!)
               + theta log(theta / (theta + mean)) + x log(mean / (theta + mean))

The variance is mean + mean^2 / theta. This is the form of scvi-tools, where theta is
called the inverse dispersion: the counts are Poisson as theta goes to infinity. Counts of
NumPy and SciPy have theta successes of probability theta / (theta + mean).

The decoder returns log-means. The inverse dispersions are weights, one for each index of
the last axis, as the genes of scvi-tools have (`dispersion="shared"`), or an output of
the decoder (`"per_pixel"`). Log-means are softly bounded to (-20, 20), and log(theta) to
(-10, 15).

References:
  Lopez, Regier, Cole, Jordan, Yosef. Deep generative modeling for single-cell
    transcriptomics. Nature Methods 2018.
  Loader. Fast and accurate computation of binomial probabilities. 2000.
"""

from typing import Any

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf.likelihoods import search, special
from aevb_tf.likelihoods.base import registry
from aevb_tf.likelihoods.counts import LOG_MEAN_BOUNDS, Counts
from aevb_tf.likelihoods.elements import Element
from aevb_tf.numerics import soft_clip

_LOG_THETA_BOUNDS = (-10.0, 15.0)


class _NegativeBinomial(Element):
  log_mean: tf.Tensor
  log_theta: tf.Tensor

  def _log_prob(self, x):
    mean, theta = tf.exp(self.log_mean), tf.exp(self.log_theta)
    count = tf.maximum(x, 1.0)
    total = count + theta
    # r = log((theta + mean) / (theta + x)), of which neither form suits all values.
    excess = (mean - count) / total
    near = tf.math.log1p(tf.clip_by_value(excess, -0.5, 0.5))
    far = tf.math.log(theta + mean) - tf.math.log(total)
    r = tf.where(tf.abs(excess) < 0.5, near, far)
    positive = (
      special.stirling_error(total)
      - special.stirling_error(theta)
      - special.log_factorial_rest(count)
      - 0.5 * tf.math.log1p(count / theta)
      - theta * special.exp_residual(-r)
      - count * special.exp_residual(self.log_mean - tf.math.log(count) - r)
    )
    zero = -theta * tf.math.log1p(mean / theta)
    return tf.where(x > 0.0, positive, zero)

  def _mean(self):
    return tf.exp(self.log_mean) + tf.zeros_like(self.log_theta)

  def _variance(self):
    mean = self._mean()
    return mean + tf.square(mean) * tf.exp(-self.log_theta)

  def _quantile(self, value):
    zeros = tf.zeros_like(tf.cast(value, tf.float64))
    mean = tf.exp(tf.cast(self.log_mean, tf.float64)) + zeros
    theta = tf.exp(tf.cast(self.log_theta, tf.float64)) + zeros

    def cdf(count):
      return tf.math.betainc(theta, count + 1.0, theta / (theta + mean))

    stddev = tf.sqrt(mean + tf.square(mean) / theta)
    return search.smallest_count(cdf, value, mean, stddev)


@registry.register("negative_binomial", package="aevb_tf.likelihoods")
class NegativeBinomial(Counts):
  """Counts whose variance exceeds their mean.

  Draws are exact for means up to 1e5. Above, their CDF is accurate to 1e-6.

  Args:
    dispersion: `"shared"` (one learned log(theta) for each index of the last axis; the
      decoder returns log-means `event_shape`) or `"per_pixel"` (it returns log-means,
      then log(theta), stacked along the last axis).

  Raises:
    ValueError: `dispersion` is not one of these.
  """

  def __init__(self, dispersion: str = "shared", **kwargs: Any):
    super().__init__(**kwargs)
    if dispersion not in ("shared", "per_pixel"):
      raise ValueError(f"dispersion={dispersion!r}: use 'shared' or 'per_pixel'.")
    self.dispersion = dispersion
    self.params_per_element = 1 if dispersion == "shared" else 2

  def build(self, event_shape):
    super().build(event_shape)
    if self.dispersion == "shared":
      self.log_theta = self.add_weight(
        (self.event_shape[-1],), "zeros", name="log_theta", autocast=False
      )

  def distribution(self, params: tf.Tensor) -> tfd.Distribution:
    log_mean, *rest = self.split(params)
    log_theta = rest[0] if rest else tf.convert_to_tensor(self.log_theta)
    log_mean = soft_clip(log_mean, *LOG_MEAN_BOUNDS)
    log_theta = soft_clip(log_theta, *_LOG_THETA_BOUNDS)
    counts = _NegativeBinomial(log_mean, log_mean=log_mean, log_theta=log_theta)
    return self.independent(counts)

  def get_config(self):
    return {**super().get_config(), "dispersion": self.dispersion}
