"""The F distribution: the ratio of two chi-squared variables (section 2.4)."""

import math

import tensorflow as tf
import tensorflow_probability as tfp

from aevb_tf.distributions import gammas
from aevb_tf.distributions.closed_form import ClosedForm, where_positive
from aevb_tf.distributions.numerics import bounded_exp
from aevb_tf.distributions.parameters import Parameter
from aevb_tf.distributions.registered import register


@register("f")
class F(ClosedForm):
  """F(df1, df2): the ratio of two chi-squareds, each over its degrees of freedom.

      z = (chi2(df1) / df1) / (chi2(df2) / df2)

  The noise is two uniforms per sample, or `[2, largest df / 2]` for even integers.
  """

  name = "f"
  families = ("composition",)
  parameters = {"df1": "positive", "df2": "positive"}
  support = "positive"
  counted = ("df1", "df2")
  sound = {"df1": (0.25, math.inf), "df2": (0.25, math.inf)}

  def g(self, u: tf.Tensor, df1: Parameter, df2: Parameter) -> tf.Tensor:
    log_dfs = [tf.math.log(tf.cast(df, tf.float64)) for df in (df1, df2)]
    log_z = gammas.log_ratio(u, *gammas.halves(df1, df2)) - log_dfs[0] + log_dfs[1]
    return bounded_exp(log_z, u.dtype)

  def noise_event(self, df1: Parameter, df2: Parameter) -> list[int]:
    return [2, *gammas.noise_event(*gammas.halves(df1, df2))]

  def formula(self, z: tf.Tensor, df1: tf.Tensor, df2: tf.Tensor) -> tf.Tensor:
    log_ratio = tf.math.log(df1) - tf.math.log(df2)
    return where_positive(
      z,
      lambda z: (
        df1 / 2 * (log_ratio + tf.math.log(z))
        - tf.math.log(z)
        - (df1 + df2) / 2 * tf.math.softplus(log_ratio + tf.math.log(z))
        - tfp.math.lbeta(df1 / 2, df2 / 2)
      ),
    )

  def cdf(self, z: tf.Tensor, df1: tf.Tensor, df2: tf.Tensor) -> tf.Tensor:
    z = tf.maximum(z, 0.0)
    return tfp.math.betainc(df1 / 2, df2 / 2, df1 * z / (df1 * z + df2))

  def mean(self, df1: tf.Tensor, df2: tf.Tensor) -> tf.Tensor:
    return tf.where(df2 > 2, df2 / (df2 - 2), tf.cast(math.nan, df2.dtype))

  def variance(self, df1: tf.Tensor, df2: tf.Tensor) -> tf.Tensor:
    value = 2 * self.mean(df1, df2) ** 2 * (df1 + df2 - 2) / (df1 * (df2 - 4))
    return tf.where(df2 > 4, value, tf.cast(math.nan, value.dtype))
