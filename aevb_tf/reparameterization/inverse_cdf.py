"""Family 1 of section 2.4: z = F^-1(u; params), with u ~ Uniform(0, 1).

The noise is uniform, one number a draw (k of them for Erlang). Where the textbook form
loses a tail in float32, an equal one stands here that keeps both: u itself near 0, and
1 - u, which is exact, near 1.

Cauchy, logistic and Gumbel are location-scale families as well: their inverse CDFs
are `location + scale * standard(u)`. The paper lists logistic twice; it has one name.
"""

import math

import tensorflow as tf
import tensorflow_probability as tfp

from aevb_tf.reparameterization import densities, gammas, location_scale
from aevb_tf.reparameterization.base import Reparameterization
from aevb_tf.reparameterization.numerics import bounded_exp, exponential
from aevb_tf.reparameterization.registered import register

tfd = tfp.distributions

_FAMILY = ("inverse_cdf",)


@register("exponential")
def make_exponential() -> Reparameterization:
  """Exponential(rate): z = -log(1 - u) / rate."""
  return Reparameterization(
    name="exponential",
    families=_FAMILY,
    parameters={"rate": "positive"},
    support="positive",
    g=lambda u, rate: exponential(u) / rate,
    density=tfd.Exponential,
  )


@register("cauchy")
def make_cauchy() -> Reparameterization:
  """Cauchy(loc, scale): z = loc + scale * tan(pi (u - 1/2))."""
  return Reparameterization(
    name="cauchy",
    families=_FAMILY,
    parameters={"loc": "real", "scale": "positive"},
    support="real",
    g=location_scale.of(_standard_cauchy),
    density=tfd.Cauchy,
  )


def _standard_cauchy(u: tf.Tensor) -> tf.Tensor:
  # tan(pi (u - 1/2)) = -1 / tan(pi u): float32's pi/2 lies past the pole of tan, and
  # turns the far left tail into the far right one.
  tail = 1.0 / tf.tan(math.pi * tf.minimum(u, 1.0 - u))
  return tf.where(u < 0.5, -tail, tail)


@register("logistic")
def make_logistic() -> Reparameterization:
  """Logistic(loc, scale): z = loc + scale * log(u / (1 - u)); families 1 and 2."""
  return Reparameterization(
    name="logistic",
    families=("inverse_cdf", "location_scale"),
    parameters={"loc": "real", "scale": "positive"},
    support="real",
    g=location_scale.of(lambda u: tf.math.log(u) - tf.math.log1p(-u)),
    density=tfd.Logistic,
  )


@register("rayleigh")
def make_rayleigh() -> Reparameterization:
  """Rayleigh(scale): z = scale * sqrt(-2 log(1 - u))."""

  def g(u, scale):
    return scale * tf.sqrt(2.0 * exponential(u))

  return Reparameterization(
    name="rayleigh",
    families=_FAMILY,
    parameters={"scale": "positive"},
    support="positive",
    g=g,
    density=densities.explicit("rayleigh", densities.RAYLEIGH),
  )


@register("pareto")
def make_pareto() -> Reparameterization:
  """Pareto(concentration, scale): z = scale * (1 - u)^(-1 / concentration)."""
  return Reparameterization(
    name="pareto",
    families=_FAMILY,
    parameters={"concentration": "positive", "scale": "positive"},
    support="above_scale",
    g=lambda u, concentration, scale: (
      scale * bounded_exp(exponential(u) / concentration)
    ),
    density=tfd.Pareto,
    sound={"concentration": (0.125, math.inf)},
  )


@register("weibull")
def make_weibull() -> Reparameterization:
  """Weibull(concentration, scale): z = scale * (-log(1 - u))^(1 / concentration)."""
  return Reparameterization(
    name="weibull",
    families=_FAMILY,
    parameters={"concentration": "positive", "scale": "positive"},
    support="positive",
    # The scale inside: a small one must not push the smallest float below itself.
    g=lambda u, concentration, scale: bounded_exp(
      tf.math.log(exponential(u)) / concentration + tf.math.log(scale)
    ),
    density=tfd.Weibull,
    sound={"concentration": (0.1, math.inf)},
  )


@register("reciprocal")
def make_reciprocal() -> Reparameterization:
  """Reciprocal(low, high), p(z) ~ 1/z on [low, high]: z = low * (high / low)^u."""

  def g(u, low, high):
    z = low * tf.exp(u * (tf.math.log(high) - tf.math.log(low)))
    # Rounding must not put a draw where the density is zero.
    return tf.clip_by_value(z, low, high)

  return Reparameterization(
    name="reciprocal",
    families=_FAMILY,
    parameters={"low": "positive", "high": "positive"},
    support="interval",
    g=g,
    density=densities.explicit("reciprocal", densities.RECIPROCAL),
    increasing=("low", "high"),
  )


@register("gompertz")
def make_gompertz() -> Reparameterization:
  """Gompertz(concentration, rate): z = log(1 - log(1 - u) / concentration) / rate.

  F(z) = 1 - exp(-concentration (exp(rate z) - 1)), as `tfb.GompertzCDF` has it.
  """

  def g(u, concentration, rate):
    # softplus(log e - log c) = log(1 + e / c), with no 1 / c^2 in its gradient.
    log_ratio = tf.math.log(exponential(u)) - tf.math.log(concentration)
    return tf.math.softplus(log_ratio) / rate

  return Reparameterization(
    name="gompertz",
    families=_FAMILY,
    parameters={"concentration": "positive", "rate": "positive"},
    support="positive",
    g=g,
    density=densities.explicit("gompertz", densities.GOMPERTZ),
  )


@register("gumbel")
def make_gumbel() -> Reparameterization:
  """Gumbel(loc, scale), of maxima: z = loc - scale * log(-log u)."""
  return Reparameterization(
    name="gumbel",
    families=_FAMILY,
    parameters={"loc": "real", "scale": "positive"},
    support="real",
    g=location_scale.of(lambda u: -tf.math.log(-tf.math.log(u))),
    density=tfd.Gumbel,
  )


@register("erlang")
def make_erlang() -> Reparameterization:
  """Erlang(k, rate): z = sum_{j=1..k} -log(1 - u_j) / rate, k an integer.

  The paper lists Erlang under the inverse CDF, but its inverse CDF has no closed form.
  Its exponentials do: we sum k of them, each by its inverse CDF, from k uniforms. For
  a shape that is learned, take "gamma".
  """
  return Reparameterization(
    name="erlang",
    families=_FAMILY,
    parameters={"concentration": "positive_integer", "rate": "positive"},
    support="positive",
    g=gammas.sample,
    density=tfd.Gamma,
    noise_event=lambda concentration, rate: gammas.noise_event(concentration),
    counted=("concentration",),
  )
