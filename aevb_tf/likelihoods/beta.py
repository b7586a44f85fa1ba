"""Beta likelihood of proportions, with a mean m and a concentration c.

    x ~ Beta(m c, (1 - m) c),   E[x|z] = m,   Var[x|z] = m (1 - m) / (c + 1)

The decoder returns logit(m), then log c, stacked along the last axis, softly bounded to
(-15, 15) and (-5, 15). The log-density is written with Stirling's formula and the
differences of log x and log m, so that large concentrations keep their digits in float32.

The density is that of the open interval: 0 and 1 have density zero or infinity, and are
refused. If they are rounded proportions of n trials, move all values inwards with
x' = (x (n - 1) + 1/2) / n. If they mean that something was absent or complete, a
`continuous_bernoulli` likelihood accepts them.

References:
  Ferrari, Cribari-Neto. Beta regression for modelling rates and proportions. Journal of
    Applied Statistics 2004.
  Smithson, Verkuilen. A better lemon squeezer? Maximum-likelihood regression with
    beta-distributed dependent variables. Psychological Methods 2006.
"""

import math

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf.likelihoods import search, special
from aevb_tf.likelihoods.base import Likelihood, registry
from aevb_tf.likelihoods.elements import Element
from aevb_tf.numerics import logit, soft_clip

_LOGIT_BOUNDS = (-15.0, 15.0)
_LOG_CONCENTRATION_BOUNDS = (-5.0, 15.0)
_LOG_TWO_PI = math.log(2.0 * math.pi)
_TINY = float(np.finfo(np.float32).tiny)


class _Beta(Element):
  logits: tf.Tensor  # of the mean
  log_concentration: tf.Tensor

  def _log_prob(self, x):
    x = tf.clip_by_value(x, _TINY, 1.0 - 2.0**-24)
    log_c = self.log_concentration
    log_mean = -tf.math.softplus(-self.logits)
    log_rest = -tf.math.softplus(self.logits)
    a, b, c = tf.exp(log_c + log_mean), tf.exp(log_c + log_rest), tf.exp(log_c)
    log_x, log_1_x = tf.math.log(x), tf.math.log1p(-x)
    difference, of_rest = log_x - log_mean, log_1_x - log_rest
    # a difference + b of_rest = -c KL(m || x), whose terms of first order cancel.
    is_near = (tf.abs(difference) < 0.5) & (tf.abs(of_rest) < 0.5)
    near = -(
      a * special.exp_residual(tf.clip_by_value(difference, -0.5, 0.5))
      + b * special.exp_residual(tf.clip_by_value(of_rest, -0.5, 0.5))
    )
    far = a * difference + b * of_rest
    errors = (
      special.stirling_error(c) - special.stirling_error(a) - special.stirling_error(b)
    )
    log_shape = 0.5 * (log_c + log_mean + log_rest - _LOG_TWO_PI)
    return tf.where(is_near, near, far) + errors + log_shape - log_x - log_1_x

  def _mean(self):
    return tf.sigmoid(self.logits)

  def _variance(self):
    mean = tf.sigmoid(self.logits)
    return mean * tf.sigmoid(-self.logits) / (1.0 + tf.exp(self.log_concentration))

  def _quantile(self, value):
    target = tf.cast(value, tf.float64)
    logits = tf.cast(self.logits, tf.float64) + tf.zeros_like(target)
    concentration = tf.exp(tf.cast(self.log_concentration, tf.float64))
    a, b = concentration * tf.sigmoid(logits), concentration * tf.sigmoid(-logits)

    def cdf(logit_x):
      return tf.math.betainc(a, b, tf.sigmoid(logit_x))

    x = tf.cast(tf.sigmoid(search.root(cdf, target, -87.0, 17.0)), tf.float32)
    return tf.clip_by_value(x, _TINY, 1.0 - 2.0**-24)


@registry.register("beta", package="aevb_tf.likelihoods")
class Beta(Likelihood):
  """Numbers strictly between 0 and 1. The decoder returns logit(m) and log c."""

  support = "values in the open interval (0, 1)"
  advice = (
    "Move proportions of n trials inwards with (x * (n - 1) + 0.5) / n, scale other data "
    "to (0, 1), or use likelihood='continuous_bernoulli', which accepts 0 and 1."
  )
  safe_value = 0.5
  params_per_element = 2
  output_kind = "real"

  def params_of_mean(self, mean: np.ndarray) -> np.ndarray:
    logits = logit(mean)
    return np.concatenate([logits, np.zeros_like(logits)], axis=-1)

  def distribution(self, params: tf.Tensor) -> tfd.Distribution:
    logits, log_concentration = self.split(params)
    logits = soft_clip(logits, *_LOGIT_BOUNDS)
    log_concentration = soft_clip(log_concentration, *_LOG_CONCENTRATION_BOUNDS)
    return self.independent(
      _Beta(logits, logits=logits, log_concentration=log_concentration)
    )

  def in_support(self, x: tf.Tensor) -> tf.Tensor:
    return tf.reduce_all((x > 0.0) & (x < 1.0))
