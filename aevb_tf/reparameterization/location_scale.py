"""Family 2 of section 2.4: z = location + scale * eps, eps from the standard member.

The standard member (location 0, scale 1) is itself drawn from plain noise: the normal
from standard normal noise, the others from uniform noise by a function `standard`. Its
own shape parameters, where it has some (the degrees of freedom of Student's t, the peak
of the triangle), are differentiable too.
"""

import math
from collections.abc import Callable

import tensorflow as tf
import tensorflow_probability as tfp

from aevb_tf.normal import Normal
from aevb_tf.reparameterization.base import Reparameterization
from aevb_tf.reparameterization.numerics import bounded_exp, log_expm1
from aevb_tf.reparameterization.registered import register

tfd = tfp.distributions

_FAMILY = ("location_scale",)
# A sum of squares that no noise of ours reaches; a caller's zeros must not divide.
_LEAST = 1e-30
_LOC_SCALE = {"loc": "real", "scale": "positive"}


def of(standard: Callable[[tf.Tensor], tf.Tensor]) -> Callable:
  """g(noise, loc, scale) = loc + scale * standard(noise)."""
  return lambda noise, loc, scale: loc + scale * standard(noise)


@register("normal")
def make_normal() -> Reparameterization:
  """Normal(loc, scale): z = loc + scale * eps, eps ~ N(0, 1)."""
  return Reparameterization(
    name="normal",
    families=_FAMILY,
    parameters=_LOC_SCALE,
    support="real",
    g=of(tf.identity),
    density=Normal,
    noise="normal",
  )


@register("laplace")
def make_laplace() -> Reparameterization:
  """Laplace(loc, scale): eps = log(2u) below the median, -log(2(1 - u)) above."""
  return Reparameterization(
    name="laplace",
    families=_FAMILY,
    parameters=_LOC_SCALE,
    support="real",
    g=of(_standard_laplace),
    density=tfd.Laplace,
  )


def _standard_laplace(u: tf.Tensor) -> tf.Tensor:
  tail = tf.math.log(2.0 * tf.minimum(u, 1.0 - u))
  return tf.where(u < 0.5, tail, -tail)


@register("student_t")
def make_student_t() -> Reparameterization:
  """StudentT(df, loc, scale): eps = sqrt(df (u^(-2/df) - 1)) cos(2 pi v).

  Bailey's polar form of the standard member, from two uniforms u, v; it tends to Box
  and Muller's normal as df grows, and is differentiable in df.

  References:
    Bailey. Polar generation of random variates with the t-distribution. Mathematics of
    Computation 62, 1994.
  """

  def g(noise, df, loc, scale):
    u, v = tf.unstack(noise, axis=-1)
    log_radius = 0.5 * (tf.math.log(df) + log_expm1(-2.0 * tf.math.log(u) / df))
    return loc + scale * bounded_exp(log_radius) * tf.cos(2.0 * math.pi * v)

  return Reparameterization(
    name="student_t",
    families=_FAMILY,
    parameters={"df": "positive", **_LOC_SCALE},
    support="real",
    g=g,
    density=tfd.StudentT,
    noise_event=lambda df, loc, scale: [2],
    sound={"df": (0.125, math.inf)},
  )


@register("uniform")
def make_uniform() -> Reparameterization:
  """Uniform(low, high): z = low + (high - low) * u."""

  def g(u, low, high):
    return tf.clip_by_value(low + (high - low) * u, low, high)

  return Reparameterization(
    name="uniform",
    families=_FAMILY,
    parameters={"low": "real", "high": "real"},
    support="interval",
    g=g,
    density=tfd.Uniform,
    increasing=("low", "high"),
  )


@register("triangular")
def make_triangular() -> Reparameterization:
  """Triangular(low, high, peak): z = low + (high - low) * eps.

  With c = (peak - low) / (high - low), the standard member on (0, 1) with its peak at
  c is eps = sqrt(u c) for u < c, else 1 - sqrt((1 - u)(1 - c)). The peak lies strictly
  inside (low, high).
  """

  def g(u, low, high, peak):
    width = high - low
    c, rest = (peak - low) / width, (high - peak) / width
    rising = u < c
    # A root at zero has an infinite slope: only the side that is taken sees its own.
    left = tf.sqrt(u) * tf.sqrt(tf.where(rising, c, tf.ones_like(c)))
    right = tf.sqrt(1.0 - u) * tf.sqrt(tf.where(rising, tf.ones_like(c), rest))
    return tf.where(rising, low + width * left, high - width * right)

  return Reparameterization(
    name="triangular",
    families=_FAMILY,
    parameters={"low": "real", "high": "real", "peak": "real"},
    support="interval",
    g=g,
    density=tfd.Triangular,
    increasing=("low", "peak", "high"),
  )


@register("elliptical")
def make_elliptical(df: int | None = None) -> Reparameterization:
  """Elliptical(loc, scale_tril): z = loc + scale_tril @ eps, eps spherical.

  Args:
    df: None for the normal, eps ~ N(0, I); an integer for the multivariate Student's t,
      eps = n sqrt(df / chi2), whose chi-squared is the sum of df squared normals (so
      the noise is normal, with d + df numbers a draw); 1 is the multivariate Cauchy.

  Raises:
    ValueError: `df` is no positive integer.
  """
  if df is not None and (isinstance(df, bool) or df != int(df) or df < 1):
    raise ValueError(f"elliptical: df must be a positive integer or None, got {df!r}.")

  def g(noise, loc, scale_tril):
    d = loc.shape[-1]
    eps = noise[..., :d]
    if df is not None:
      chi2 = tf.reduce_sum(noise[..., d:] ** 2, axis=-1, keepdims=True)
      eps *= tf.sqrt(df / tf.maximum(chi2, _LEAST))
    return loc + tf.linalg.matvec(tf.linalg.band_part(scale_tril, -1, 0), eps)

  def density(loc, scale_tril):
    if df is None:
      return tfd.MultivariateNormalTriL(loc, scale_tril)
    return tfd.MultivariateStudentTLinearOperator(
      tf.cast(df, loc.dtype), loc, tf.linalg.LinearOperatorLowerTriangular(scale_tril)
    )

  return Reparameterization(
    name="elliptical",
    families=_FAMILY,
    parameters={"loc": "real", "scale_tril": "cholesky"},
    support="real_vector",
    g=g,
    density=density,
    noise="normal",
    noise_event=lambda loc, scale_tril: [loc.shape[-1] + (df or 0)],
    parameter_ndims={"loc": 1, "scale_tril": 2},
    options={} if df is None else {"df": df},
  )
