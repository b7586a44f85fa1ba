"""Section 2.4's location-scale families: z = location + scale * eps.

eps is a sample of the standard member (location 0, scale 1), which is a function of noise:
the identity of standard normal noise for the normal, functions of uniform noise for the
others. The shape parameters of the standard member, where it has some (the degrees of
freedom of Student's t, the peak of the triangle), are differentiable too.
"""

import math

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf.distributions.base import Distribution
from aevb_tf.distributions.numerics import bounded_exp, log_expm1
from aevb_tf.distributions.parameters import Parameter
from aevb_tf.distributions.registered import register
from aevb_tf.normal import Normal as NormalDensity

# A sum of squares that our own noise never reaches; zeros of a caller must not divide.
_LEAST = 1e-30


class LocationScale(Distribution):
  """A family on the reals with a location and a scale; a subclass defines `standard`."""

  families: tuple[str, ...] = ("location_scale",)
  parameters = {"loc": "real", "scale": "positive"}
  support = "real"

  def standard(self, noise: tf.Tensor) -> tf.Tensor:
    """The standard member's sample, a function of the noise."""
    raise TypeError(f"{type(self).__name__} must define `standard(noise)`.")

  def g(self, noise: tf.Tensor, loc: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    return loc + scale * self.standard(noise)


@register("normal")
class Normal(LocationScale):
  """Normal(loc, scale): z = loc + scale * eps, eps ~ N(0, 1)."""

  name = "normal"
  noise = "normal"
  density = NormalDensity

  def standard(self, noise: tf.Tensor) -> tf.Tensor:
    return noise


@register("laplace")
class Laplace(LocationScale):
  """Laplace(loc, scale): eps = log(2u) below the median, -log(2(1 - u)) above."""

  name = "laplace"
  density = tfd.Laplace

  def standard(self, u: tf.Tensor) -> tf.Tensor:
    tail = tf.math.log(2.0 * tf.minimum(u, 1.0 - u))
    return tf.where(u < 0.5, tail, -tail)


@register("student_t")
class StudentT(Distribution):
  """StudentT(df, loc, scale): eps = sqrt(df (u^(-2/df) - 1)) cos(2 pi v).

  Bailey's polar form of the standard member, from two uniforms u, v; it tends to Box
  and Muller's normal as df grows, and is differentiable in df.

  References:
    Bailey. Polar generation of random variates with the t-distribution. Mathematics of
    Computation 62, 1994.
  """

  name = "student_t"
  families = ("location_scale",)
  parameters = {"df": "positive", "loc": "real", "scale": "positive"}
  support = "real"
  density = tfd.StudentT
  sound = {"df": (0.125, math.inf)}

  def g(
    self, noise: tf.Tensor, df: tf.Tensor, loc: tf.Tensor, scale: tf.Tensor
  ) -> tf.Tensor:
    u, v = tf.unstack(noise, axis=-1)
    log_radius = 0.5 * (tf.math.log(df) + log_expm1(-2.0 * tf.math.log(u) / df))
    return loc + scale * bounded_exp(log_radius) * tf.cos(2.0 * math.pi * v)

  def noise_event(self, df: Parameter, loc: Parameter, scale: Parameter) -> list[int]:
    return [2]


@register("uniform")
class Uniform(Distribution):
  """Uniform(low, high): z = low + (high - low) * u."""

  name = "uniform"
  families = ("location_scale",)
  parameters = {"low": "real", "high": "real"}
  support = "interval"
  density = tfd.Uniform
  increasing = ("low", "high")

  def g(self, u: tf.Tensor, low: tf.Tensor, high: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(low + (high - low) * u, low, high)


@register("triangular")
class Triangular(Distribution):
  """Triangular(low, high, peak): z = low + (high - low) * eps.

  With c = (peak - low) / (high - low), the standard member on (0, 1) with its peak at
  c is eps = sqrt(u c) for u < c, else 1 - sqrt((1 - u)(1 - c)). The peak lies strictly
  inside (low, high).
  """

  name = "triangular"
  families = ("location_scale",)
  parameters = {"low": "real", "high": "real", "peak": "real"}
  support = "interval"
  density = tfd.Triangular
  increasing = ("low", "peak", "high")

  def g(
    self, u: tf.Tensor, low: tf.Tensor, high: tf.Tensor, peak: tf.Tensor
  ) -> tf.Tensor:
    width = high - low
    c, rest = (peak - low) / width, (high - peak) / width
    rising = u < c
    # The slope of a root is infinite at zero: each side only sees its own numbers.
    left = tf.sqrt(u) * tf.sqrt(tf.where(rising, c, tf.ones_like(c)))
    right = tf.sqrt(1.0 - u) * tf.sqrt(tf.where(rising, tf.ones_like(c), rest))
    return tf.where(rising, low + width * left, high - width * right)


@register("elliptical")
class Elliptical(Distribution):
  """Elliptical(loc, scale_tril): z = loc + scale_tril @ eps, eps spherical.

  Args:
    df: None for the normal, eps ~ N(0, I); an integer for the multivariate Student's t,
      eps = n sqrt(df / chi2), whose chi-squared is the sum of df squared normals (so
      the noise is normal, with d + df numbers per sample); 1 is the multivariate Cauchy.

  Raises:
    ValueError: `df` is not a positive integer.
  """

  name = "elliptical"
  families = ("location_scale",)
  parameters = {"loc": "real", "scale_tril": "cholesky"}
  support = "real_vector"
  noise = "normal"
  parameter_ndims = {"loc": 1, "scale_tril": 2}

  def __init__(self, df: int | None = None):
    if df is not None and (isinstance(df, bool) or df != int(df) or df < 1):
      raise ValueError(
        f"elliptical: df must be a positive integer or None, got {df!r}."
      )
    self.df = df
    self.options = {} if df is None else {"df": df}

  def g(self, noise: tf.Tensor, loc: tf.Tensor, scale_tril: tf.Tensor) -> tf.Tensor:
    d = loc.shape[-1]
    eps = noise[..., :d]
    if self.df is not None:
      chi2 = tf.reduce_sum(noise[..., d:] ** 2, axis=-1, keepdims=True)
      eps *= tf.sqrt(self.df / tf.maximum(chi2, _LEAST))
    return loc + tf.linalg.matvec(tf.linalg.band_part(scale_tril, -1, 0), eps)

  def noise_event(self, loc: Parameter, scale_tril: Parameter) -> list[int]:
    return [loc.shape[-1] + (self.df or 0)]

  def density(self, loc: tf.Tensor, scale_tril: tf.Tensor) -> tfd.Distribution:
    if self.df is None:
      return tfd.MultivariateNormalTriL(loc, scale_tril)
    scale = tf.linalg.LinearOperatorLowerTriangular(scale_tril)
    return tfd.MultivariateStudentTLinearOperator(
      tf.cast(self.df, loc.dtype), loc, scale
    )

  def parameters_of(self, distribution: tfd.Distribution) -> dict[str, tf.Tensor]:
    return {"loc": distribution.loc, "scale_tril": distribution.scale.to_dense()}
