"""The Rayleigh distribution: the norm of two independent normals (section 2.4)."""

import math

import tensorflow as tf

from aevb_tf.distributions.closed_form import ClosedForm, where_positive
from aevb_tf.distributions.numerics import exponential
from aevb_tf.distributions.registered import register


@register("rayleigh")
class Rayleigh(ClosedForm):
  """Rayleigh(scale): z = scale * sqrt(-2 log(1 - u)), by the inverse CDF."""

  name = "rayleigh"
  families = ("inverse_cdf",)
  parameters = {"scale": "positive"}
  support = "positive"

  def g(self, u: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    return scale * tf.sqrt(2.0 * exponential(u))

  def formula(self, z: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    return where_positive(
      z / scale, lambda x: tf.math.log(x) - tf.math.log(scale) - x**2 / 2
    )

  def cdf(self, z: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    return -tf.math.expm1(-(tf.maximum(z / scale, 0.0) ** 2) / 2)

  def mean(self, scale: tf.Tensor) -> tf.Tensor:
    return scale * math.sqrt(math.pi / 2)

  def variance(self, scale: tf.Tensor) -> tf.Tensor:
    return scale**2 * (2 - math.pi / 2)
