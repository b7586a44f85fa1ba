"""The reciprocal, or log-uniform, distribution (section 2.4)."""

import math

import tensorflow as tf
from tensorflow_probability import bijectors as tfb

from aevb_tf.distributions.closed_form import ClosedForm
from aevb_tf.distributions.registered import register


@register("reciprocal")
class Reciprocal(ClosedForm):
  """Reciprocal(low, high), p(z) ~ 1/z on [low, high]: z = low * (high / low)^u."""

  name = "reciprocal"
  families = ("inverse_cdf",)
  parameters = {"low": "positive", "high": "positive"}
  support = "interval"
  increasing = ("low", "high")

  def g(self, u: tf.Tensor, low: tf.Tensor, high: tf.Tensor) -> tf.Tensor:
    # Clipped, since rounding must not move a sample to where the density is zero.
    return tf.clip_by_value(low * tf.exp(u * _log_ratio(low, high)), low, high)

  def formula(self, z: tf.Tensor, low: tf.Tensor, high: tf.Tensor) -> tf.Tensor:
    is_inside = (z >= low) & (z <= high)
    log_z = tf.math.log(tf.where(is_inside, z, high))
    value = -log_z - tf.math.log(_log_ratio(low, high))
    return tf.where(is_inside, value, tf.cast(-math.inf, value.dtype))

  def cdf(self, z: tf.Tensor, low: tf.Tensor, high: tf.Tensor) -> tf.Tensor:
    z = tf.clip_by_value(z, low, high)
    return _log_ratio(low, z) / _log_ratio(low, high)

  def mean(self, low: tf.Tensor, high: tf.Tensor) -> tf.Tensor:
    return (high - low) / _log_ratio(low, high)

  def variance(self, low: tf.Tensor, high: tf.Tensor) -> tf.Tensor:
    mean = self.mean(low, high)
    return mean * (high + low) / 2 - mean**2

  def bijector(self, low: tf.Tensor, high: tf.Tensor) -> tfb.Bijector:
    return tfb.Sigmoid(low, high)


def _log_ratio(low, high):
  # Not log(high / low): the ratio of float32 extremes overflows.
  return tf.math.log(high) - tf.math.log(low)
