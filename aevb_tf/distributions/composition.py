"""Section 2.4's compositions of other variables.

Log-normal is the exp of a normal; the rest are made of standard gammas, in logs:

    gamma      G(a) / rate                 beta   G(a) / (G(a) + G(b))
    dirichlet  G(a_i) / sum_j G(a_j)       chi2   2 G(df / 2)
    f          (chi2(df1) / df1) / (chi2(df2) / df2)

Where the shape parameters are integers (Python's or NumPy's), G is the sum of as many
exponentials, as in the paper, and has no gradient in its shape; where they are floats
or tensors it is reparameterized implicitly, and has one (`gammas.py`). F is in `f_distribution.py`.
"""

import math

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf.distributions import gammas
from aevb_tf.distributions.base import Distribution
from aevb_tf.distributions.numerics import bounded_exp, open_uniform
from aevb_tf.distributions.parameters import Parameter
from aevb_tf.distributions.registered import register
from aevb_tf.normal import LogNormal as LogNormalDensity


@register("log_normal")
class LogNormal(Distribution):
  """LogNormal(loc, scale): z = exp(loc + scale * eps), eps ~ N(0, 1)."""

  name = "log_normal"
  families = ("composition",)
  parameters = {"loc": "real", "scale": "positive"}
  support = "positive"
  noise = "normal"
  density = LogNormalDensity
  sound = {"loc": (-20.0, 20.0), "scale": (0.0, 12.0)}

  def g(self, eps: tf.Tensor, loc: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    return bounded_exp(loc + scale * eps)


@register("gamma")
class Gamma(Distribution):
  """Gamma(concentration, rate): z = G(concentration) / rate.

  The noise is `concentration` uniforms for an integer concentration, one otherwise.
  """

  name = "gamma"
  families = ("composition",)
  parameters = {"concentration": "positive", "rate": "positive"}
  support = "positive"
  density = tfd.Gamma
  counted = ("concentration",)
  sound = {"concentration": (0.1, math.inf)}

  def g(self, u: tf.Tensor, concentration: Parameter, rate: tf.Tensor) -> tf.Tensor:
    return gammas.sample(u, concentration, rate)

  def noise_event(self, concentration: Parameter, rate: Parameter) -> list[int]:
    return gammas.noise_event(concentration)


@register("dirichlet")
class Dirichlet(Distribution):
  """Dirichlet(concentration [..., d]): normalized gammas, a softmax of their logs.

  The noise is `[d]` uniforms per sample; `[d, largest concentration]` for integers.
  Float32 is coarse near 1: all concentrations but one must sum to 0.5 or more.
  """

  name = "dirichlet"
  families = ("composition",)
  parameters = {"concentration": "positive"}
  support = "simplex"
  density = tfd.Dirichlet
  parameter_ndims = {"concentration": 1}
  counted = ("concentration",)
  sound = {"concentration": (0.1, math.inf)}

  def g(self, u: tf.Tensor, concentration: Parameter) -> tf.Tensor:
    z = tf.nn.softmax(gammas.log_standard(u, concentration), axis=-1)
    return tf.maximum(z, np.finfo(np.float32).tiny)

  def noise_event(self, concentration: Parameter) -> list[int]:
    return [concentration.shape[-1], *gammas.noise_event(concentration)]


@register("beta")
class Beta(Distribution):
  """Beta(concentration1, concentration0): z = G1 / (G1 + G0).

  The noise is two uniforms per sample, or `[2, largest concentration]` for integers.
  Float32 is coarse near 1: a concentration0 of 0.5 is enough for a concentration1 up to
  8, and one of 1 for a concentration1 up to 10,000.
  """

  name = "beta"
  families = ("composition",)
  parameters = {"concentration1": "positive", "concentration0": "positive"}
  support = "unit_interval"
  density = tfd.Beta
  counted = ("concentration1", "concentration0")
  sound = {"concentration1": (0.1, math.inf), "concentration0": (0.5, math.inf)}

  def g(
    self, u: tf.Tensor, concentration1: Parameter, concentration0: Parameter
  ) -> tf.Tensor:
    z = tf.sigmoid(gammas.log_ratio(u, concentration1, concentration0))
    return open_uniform(tf.cast(z, u.dtype))

  def noise_event(
    self, concentration1: Parameter, concentration0: Parameter
  ) -> list[int]:
    return [2, *gammas.noise_event(concentration1, concentration0)]


@register("chi2")
class Chi2(Distribution):
  """Chi2(df): z = 2 G(df / 2).

  The noise is df / 2 uniforms per sample for an even integer df, one otherwise.
  """

  name = "chi2"
  families = ("composition",)
  parameters = {"df": "positive"}
  support = "positive"
  density = tfd.Chi2
  counted = ("df",)
  sound = {"df": (0.2, math.inf)}

  def g(self, u: tf.Tensor, df: Parameter) -> tf.Tensor:
    log_z = gammas.log_standard(u, *gammas.halves(df)) + math.log(2.0)
    return bounded_exp(log_z, u.dtype)

  def noise_event(self, df: Parameter) -> list[int]:
    return gammas.noise_event(*gammas.halves(df))
