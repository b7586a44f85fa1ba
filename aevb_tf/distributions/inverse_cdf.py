"""Section 2.4's tractable inverse CDFs: z = F^-1(u; params), with u ~ Uniform(0, 1).

The noise is uniform, one number per sample (k of them for Erlang). Where the textbook form
loses a tail in float32, an equal one here keeps both: u itself near 0, and 1 - u, which is
exact, near 1.

Cauchy, logistic and Gumbel are location-scale families as well: their inverse CDFs
are `location + scale * standard(u)`. The paper lists logistic twice; it has one name.
Rayleigh, reciprocal and Gompertz have files of their own.
"""

import math

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf.distributions import gammas
from aevb_tf.distributions.base import Distribution
from aevb_tf.distributions.location_scale import LocationScale
from aevb_tf.distributions.numerics import bounded_exp, exponential
from aevb_tf.distributions.parameters import Parameter
from aevb_tf.distributions.registered import register


@register("exponential")
class Exponential(Distribution):
  """Exponential(rate): z = -log(1 - u) / rate."""

  name = "exponential"
  families = ("inverse_cdf",)
  parameters = {"rate": "positive"}
  support = "positive"
  density = tfd.Exponential

  def g(self, u: tf.Tensor, rate: tf.Tensor) -> tf.Tensor:
    return exponential(u) / rate


@register("cauchy")
class Cauchy(LocationScale):
  """Cauchy(loc, scale): z = loc + scale * tan(pi (u - 1/2))."""

  name = "cauchy"
  families = ("inverse_cdf",)
  density = tfd.Cauchy

  def standard(self, u: tf.Tensor) -> tf.Tensor:
    # tan(pi (u - 1/2)) = -1 / tan(pi u): float32's pi/2 lies past the pole of tan, and
    # turns the far left tail into the far right one.
    tail = 1.0 / tf.tan(math.pi * tf.minimum(u, 1.0 - u))
    return tf.where(u < 0.5, -tail, tail)


@register("logistic")
class Logistic(LocationScale):
  """Logistic(loc, scale): z = loc + scale * log(u / (1 - u))."""

  name = "logistic"
  families = ("inverse_cdf", "location_scale")
  density = tfd.Logistic

  def standard(self, u: tf.Tensor) -> tf.Tensor:
    return tf.math.log(u) - tf.math.log1p(-u)


@register("pareto")
class Pareto(Distribution):
  """Pareto(concentration, scale): z = scale * (1 - u)^(-1 / concentration)."""

  name = "pareto"
  families = ("inverse_cdf",)
  parameters = {"concentration": "positive", "scale": "positive"}
  support = "above_scale"
  density = tfd.Pareto
  sound = {"concentration": (0.125, math.inf)}

  def g(self, u: tf.Tensor, concentration: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    return scale * bounded_exp(exponential(u) / concentration)


@register("weibull")
class Weibull(Distribution):
  """Weibull(concentration, scale): z = scale * (-log(1 - u))^(1 / concentration)."""

  name = "weibull"
  families = ("inverse_cdf",)
  parameters = {"concentration": "positive", "scale": "positive"}
  support = "positive"
  density = tfd.Weibull
  sound = {"concentration": (0.1, math.inf)}

  def g(self, u: tf.Tensor, concentration: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    # The scale inside: a small one must not push the smallest float below itself.
    log_standard = tf.math.log(exponential(u)) / concentration
    return bounded_exp(log_standard + tf.math.log(scale))


@register("gumbel")
class Gumbel(LocationScale):
  """Gumbel(loc, scale), of maxima: z = loc - scale * log(-log u)."""

  name = "gumbel"
  families = ("inverse_cdf",)
  density = tfd.Gumbel

  def standard(self, u: tf.Tensor) -> tf.Tensor:
    return -tf.math.log(-tf.math.log(u))


@register("erlang")
class Erlang(Distribution):
  """Erlang(k, rate): z = sum_{j=1..k} -log(1 - u_j) / rate, k an integer.

  The paper lists Erlang under the inverse CDF, but its inverse CDF has no closed form.
  Its exponentials do: we sum k of them, each by its inverse CDF, from k uniforms. For
  a shape that is learned, take "gamma".
  """

  name = "erlang"
  families = ("inverse_cdf",)
  parameters = {"concentration": "positive_integer", "rate": "positive"}
  support = "positive"
  density = tfd.Gamma
  counted = ("concentration",)

  def g(self, u: tf.Tensor, concentration: Parameter, rate: tf.Tensor) -> tf.Tensor:
    return gammas.sample(u, concentration, rate)

  def noise_event(self, concentration: Parameter, rate: Parameter) -> list[int]:
    return gammas.noise_event(concentration)
