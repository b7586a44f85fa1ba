"""The Gompertz distribution (section 2.4)."""

import tensorflow as tf

from aevb_tf.distributions.closed_form import ClosedForm, where_positive
from aevb_tf.distributions.numerics import exponential
from aevb_tf.distributions.registered import register


@register("gompertz")
class Gompertz(ClosedForm):
  """Gompertz(concentration, rate): z = log(1 - log(1 - u) / concentration) / rate.

  F(z) = 1 - exp(-concentration (exp(rate z) - 1)), as in `tfb.GompertzCDF`.
  """

  name = "gompertz"
  families = ("inverse_cdf",)
  parameters = {"concentration": "positive", "rate": "positive"}
  support = "positive"

  def g(self, u: tf.Tensor, concentration: tf.Tensor, rate: tf.Tensor) -> tf.Tensor:
    # softplus(log e - log c) = log(1 + e / c), with no 1 / c^2 in its gradient.
    log_ratio = tf.math.log(exponential(u)) - tf.math.log(concentration)
    return tf.math.softplus(log_ratio) / rate

  def formula(
    self, z: tf.Tensor, concentration: tf.Tensor, rate: tf.Tensor
  ) -> tf.Tensor:
    return where_positive(
      z,
      lambda z: (
        tf.math.log(concentration)
        + tf.math.log(rate)
        + rate * z
        - concentration * tf.math.expm1(rate * z)
      ),
    )

  def cdf(self, z: tf.Tensor, concentration: tf.Tensor, rate: tf.Tensor) -> tf.Tensor:
    growth = tf.math.expm1(rate * tf.maximum(z, 0.0))
    return -tf.math.expm1(-concentration * growth)
