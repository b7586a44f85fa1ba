"""Bernoulli decoder (App. C.1): log p(x|z) = sum_i x_i log y_i + (1-x_i) log(1-y_i).

The decoder returns logits l = log(y / (1 - y)), so that log p = x l - softplus(l),
which is accurate for any logit. Targets may be grey: the same expression is then minus
the cross-entropy, which the paper's MNIST figures use. It is a normalised density of x
only for targets of 0 and 1.
"""

import math

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf.likelihoods.base import Likelihood, registry
from aevb_tf.numerics import logit, sum_bernoulli_log_prob


class _Pixels(tfd.Independent):
  """Independent Bernoulli pixels, with a fused log-density of a whole example."""

  def _log_prob(self, x, **kwargs):
    logits = self.distribution.logits_parameter()
    return sum_bernoulli_log_prob(x, logits, self.event_shape.rank)


@registry.register("bernoulli", package="aevb_tf.likelihoods")
class Bernoulli(Likelihood):
  """Pixels in {0, 1}, or grey in between. The decoder returns logits `event_shape`."""

  support = "values in [0, 1]"
  advice = (
    "Divide 8-bit levels by 255 (aevb_tf.data.ArrayDataset does so for uint8), scale "
    "other data to [0, 1], or use likelihood='gaussian' for any real values."
  )

  output_kind = "logits"

  def distribution(self, params: tf.Tensor) -> tfd.Distribution:
    logits = tf.cast(params, tf.float32)
    pixels = tfd.Bernoulli(logits=logits, dtype=tf.float32)
    return _Pixels(pixels, reinterpreted_batch_ndims=len(self.event_shape))

  def params_of_mean(self, mean: np.ndarray) -> np.ndarray:
    return logit(mean)

  def quantile(self, distribution: tfd.Distribution, uniform: tf.Tensor) -> tf.Tensor:
    return tf.cast(uniform < distribution.mean(), tf.float32)

  def log_prob_of_pairs(
    self, distribution: tfd.Distribution, x: tf.Tensor
  ) -> tf.Tensor:
    # Linear in x: log p(x|z) = log p(0|z) + x l, so all pairs are one matrix product.
    log_prob_of_zeros = distribution.log_prob(tf.zeros(self.event_shape))
    pixels = [-1, math.prod(self.event_shape)]
    logits = tf.reshape(distribution.distribution.logits_parameter(), pixels)
    x = tf.reshape(tf.cast(x, logits.dtype), pixels)
    return tf.linalg.matmul(x, logits, transpose_b=True) + log_prob_of_zeros

  def in_support(self, x: tf.Tensor) -> tf.Tensor:
    return tf.reduce_all((x >= 0.0) & (x <= 1.0))

  def misfit(self, x: tf.Tensor) -> str | None:
    is_colour = len(self.event_shape) == 3 and self.event_shape[-1] == 3
    if not is_colour or bool(tf.reduce_all((x == 0.0) | (x == 1.0))):
      return None
    return (
      "The data are colour images, and the Bernoulli likelihood treats their values as "
      "probabilities of 0 and 1. Use likelihood='gaussian'."
    )
