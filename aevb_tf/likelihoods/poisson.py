"""Poisson likelihood of counts: log p(x|z) = x log(rate) - rate - log(x!).

The decoder returns log-rates, softly bounded to (-20, 20). The log-density is written
with Stirling's formula, so that large counts keep their digits in float32.
"""

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf.likelihoods import search, special
from aevb_tf.likelihoods.base import registry
from aevb_tf.likelihoods.counts import LOG_MEAN_BOUNDS, Counts
from aevb_tf.likelihoods.elements import Element
from aevb_tf.numerics import soft_clip

# Above this rate the incomplete gamma function of TensorFlow is inaccurate on a CPU, and
# the Wilson-Hilferty approximation of the CDF is accurate to 1e-7.
_LARGE_RATE = 1e5


class _Poisson(Element):
  log_rate: tf.Tensor

  def _log_prob(self, x):
    return special.poisson_log_prob(x, self.log_rate)

  def _mean(self):
    return tf.exp(self.log_rate)

  def _variance(self):
    return tf.exp(self.log_rate)

  def _quantile(self, value):
    rate = tf.exp(tf.cast(self.log_rate, tf.float64)) + tf.zeros_like(
      tf.cast(value, tf.float64)
    )
    small = tf.minimum(rate, _LARGE_RATE)

    def cdf(count):
      # P(X <= k) = P(G > rate), where G is Gamma(k + 1); G^(1/3) is almost normal.
      a = count + 1.0
      cube_root = tf.pow(rate / a, 1 / 3)
      normal = 3.0 * tf.sqrt(a) * (1.0 - 1.0 / (9.0 * a) - cube_root)
      large = 0.5 * tf.math.erfc(-normal * 0.5**0.5)
      return tf.where(rate > _LARGE_RATE, large, tf.math.igammac(a, small))

    return search.smallest_count(cdf, value, rate, tf.sqrt(rate))


@registry.register("poisson", package="aevb_tf.likelihoods")
class Poisson(Counts):
  """Counts whose variance is their mean. The decoder returns log-rates `event_shape`.

  Draws are exact for rates up to 1e5. Above, their CDF is accurate to 1e-7.
  """

  def distribution(self, params: tf.Tensor) -> tfd.Distribution:
    log_rate = soft_clip(tf.cast(params, tf.float32), *LOG_MEAN_BOUNDS)
    return self.independent(_Poisson(log_rate, log_rate=log_rate))
