"""Continuous Bernoulli: the Bernoulli expression, normalised over [0, 1].

    log p(x|l) = x l - softplus(l) + log C(l),   C = l / tanh(l / 2),   C(0) = 2

where l is the logit. In terms of the usual parameter, lambda = sigmoid(l), the
normaliser is 2 atanh(1 - 2 lambda) / (1 - 2 lambda), which is 0/0 at lambda = 1/2. In
terms of the logit, a short series covers the middle without cancellation.

References:
  Loaiza-Ganem, Cunningham. The continuous Bernoulli. NeurIPS 2019.
"""

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf.likelihoods.base import registry
from aevb_tf.likelihoods.bernoulli import Bernoulli

# Below this |l| the series in l^2 is exact in float32; above it the closed form is.
_SERIES = 0.5


def log_normalizer(logits: tf.Tensor) -> tf.Tensor:
  """log C = log(l / tanh(l / 2)), with the shape of `logits`; log 2 at 0."""
  square = tf.minimum(tf.square(logits), _SERIES**2)
  series = float(np.log(2.0)) + square * (
    1 / 12 - square * (7 / 1440 - square * (31 / 90720 - square * 127 / 4838400))
  )
  large = tf.maximum(tf.abs(logits), _SERIES)
  closed = tf.math.log(large) - tf.math.log(tf.tanh(0.5 * large))
  return tf.where(tf.abs(logits) < _SERIES, series, closed)


class _ContinuousBernoulli(tfd.ContinuousBernoulli):
  """`tfd.ContinuousBernoulli` with density and mean in terms of the logit."""

  def _log_prob(self, event):
    logits = self.logits_parameter()
    log_bernoulli = event * logits - tf.math.softplus(logits)
    return log_bernoulli + log_normalizer(logits)

  def _mean(self):
    logits = self.logits_parameter()
    square = tf.minimum(tf.square(logits), _SERIES**2)
    slope = 1 / 12 - square * (1 / 720 - square * (1 / 30240 - square / 1209600))
    large = tf.where(tf.abs(logits) < _SERIES, _SERIES, logits)
    # Beyond +-80 the first term is 1 or 0, and its exponential would overflow.
    closed = -1.0 / tf.math.expm1(tf.clip_by_value(-large, -80.0, 80.0)) - 1.0 / large
    return tf.where(tf.abs(logits) < _SERIES, 0.5 + logits * slope, closed)


@registry.register("continuous_bernoulli", package="aevb_tf.likelihoods")
class ContinuousBernoulli(Bernoulli):
  """Grey pixels in [0, 1], a normalised density. The decoder returns logits."""

  def distribution(self, params: tf.Tensor) -> tfd.Distribution:
    logits = tf.cast(params, tf.float32)
    return self.independent(_ContinuousBernoulli(logits=logits))

  def quantile(self, distribution: tfd.Distribution, uniform: tf.Tensor) -> tf.Tensor:
    # Solves F(x) = (exp(l x) - 1) / (exp(l) - 1) without overflow for either sign.
    logits = distribution.distribution.logits_parameter()
    size = tf.maximum(tf.abs(logits), 1e-3)
    mirrored = tf.where(logits > 0, 1.0 - uniform, uniform)
    x = -tf.math.log1p(mirrored * tf.math.expm1(-size)) / size
    x = tf.where(logits > 0, 1.0 - x, x)
    return tf.where(tf.abs(logits) < 1e-3, uniform, tf.clip_by_value(x, 0.0, 1.0))

  def misfit(self, x: tf.Tensor) -> str | None:
    return None  # its values are real numbers, also those of colours
