"""Student-t likelihood of real numbers with heavy tails.

    log p(x|z) = c(nu) - log s - (nu + 1) / 2 log(1 + ((x - loc) / s)^2 / nu)
    c(nu)      = log Gamma((nu + 1) / 2) - log Gamma(nu / 2) - log(pi nu) / 2

The decoder returns locations, then log-scales, stacked along the last axis. Log-scales
are softly bounded to (-10, 10). The degrees of freedom nu are weights, one for each index
of the last axis, or a constant. Those that are learned are in 2 + (3e-3, 2.4e4): the mean
and the variance exist, and the Gaussian is the limit for large nu.

References:
  Takahashi, Iwata, Yamanaka, Yamada, Yagi. Student-t variational autoencoder for robust
    density estimation. IJCAI 2018.
  Hill. Algorithm 396: Student's t-quantiles. Communications of the ACM 13, 1970.
"""

import math
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp
from tensorflow_probability import distributions as tfd

from aevb_tf.likelihoods import special
from aevb_tf.likelihoods.base import Likelihood, registry
from aevb_tf.likelihoods.elements import Element
from aevb_tf.numerics import scale_of, soft_clip

_HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)
_FIRST_EXCESS = 8.0  # nu - 2 before training
_LOG_RATIO_BOUNDS = (-8.0, 8.0)
_LEAST_DF_OF_HILL, _HALLEY_STEPS = 5.0, 2


class _StudentT(Element):
  loc: tf.Tensor
  scale: tf.Tensor
  df: tf.Tensor

  def _log_prob(self, x):
    half = 0.5 * self.df
    log_gammas = (  # log Gamma(half + 1/2) - log Gamma(half) - log(half) / 2
      half * tf.math.log1p(0.5 / half)
      - 0.5
      + special.stirling_error(half + 0.5)
      - special.stirling_error(half)
    )
    standard = tf.abs(x - self.loc) / (self.scale * tf.sqrt(self.df))
    tail = (half + 0.5) * tfp.math.log1psquare(standard)
    return log_gammas - _HALF_LOG_TWO_PI - tf.math.log(self.scale) - tail

  def _mean(self):
    return self.loc + tf.zeros_like(self.scale)

  def _variance(self):
    is_finite = self.df > 2.0
    ratio = self.df / tf.where(is_finite, self.df - 2.0, 1.0)
    return tf.square(self.scale) * tf.where(is_finite, ratio, math.inf)

  def _quantile(self, value):
    # By symmetry, with both tails exact in float32.
    tail = tf.cast(2.0 * tf.minimum(value, 1.0 - value), tf.float64)
    df = tf.cast(self.df, tf.float64) + tf.zeros_like(tail)
    size = tf.cast(_two_tailed_quantile(tail, df), tf.float32)
    standard = tf.where(value == 0.5, 0.0, tf.sign(value - 0.5) * size)
    return self.loc + self.scale * standard


def _two_tailed_quantile(tail: tf.Tensor, df: tf.Tensor) -> tf.Tensor:
  """x > 0 with P(|X| > x) = tail, for a standard Student t X.

  Hill's expansion has a relative error of at most 3e-6 for 5 or more degrees of freedom.
  For fewer, it is the start of Halley's method for P(|X| > x) = I(df / (df + x^2)), whose
  second step is exact to 5e-6 from df = 1.001 on.

  Args:
    tail: float64, in (0, 1).
    df: float64 of the same shape, above 1.

  Returns:
    float64 of the same shape.
  """
  x = _hill(tail, df)
  half = 0.5 * df
  log_constant = (
    tf.math.lgamma(half + 0.5) - tf.math.lgamma(half) - 0.5 * tf.math.log(math.pi * df)
  )
  for _ in range(_HALLEY_STEPS):
    square = tf.square(x)
    found = tf.math.betainc(half, 0.5 * tf.ones_like(df), df / (df + square))
    density = tf.exp(log_constant - (half + 0.5) * tf.math.log1p(square / df))
    newton = (found - tail) / (2.0 * density)
    step = newton * (1.0 + newton * x * (df + 1.0) / (2.0 * (df + square)))
    x = tf.where(df < _LEAST_DF_OF_HILL, x + step, x)
  return x


def _hill(tail, df):
  """Hill's Algorithm 396, with its names of variables."""
  a = 1.0 / (df - 0.5)
  b = 48.0 / a**2
  c = ((20700.0 * a / b - 98.0) * a - 16.0) * a + 96.36
  d = ((94.5 / (b + c) - 3.0) / b + 1.0) * tf.sqrt(0.5 * math.pi * a) * df
  far = (d * tail) ** (2.0 / df)
  is_far = far <= 0.05 + a
  normal = tf.math.ndtri(0.5 * tail)
  c += tf.where(df < 5.0, 0.3 * (df - 4.5) * (normal + 0.6), 0.0)
  c += (((0.05 * d * normal - 5.0) * normal - 7.0) * normal - 2.0) * normal + b
  y = tf.square(normal)
  y = (((((0.4 * y + 6.3) * y + 36.0) * y + 94.5) / c - y - 3.0) / b + 1.0) * normal
  near = tf.math.expm1(a * tf.square(y))
  e = 1.0 / (((df + 6.0) / (df * far) - 0.089 * d - 0.822) * (df + 2.0) * 3.0)
  e = ((e + 0.5 / (df + 4.0)) * far - 1.0) * (df + 1.0) / (df + 2.0) + 1.0 / far
  return tf.sqrt(df * tf.where(is_far, e, near))


@registry.register("student_t", package="aevb_tf.likelihoods")
class StudentT(Likelihood):
  """Real numbers with outliers. The decoder returns locations and log-scales.

  Args:
    df: Degrees of freedom: `"shared"` (one learned number for each index of the last
      axis, above 2 and 10 before training), or a number above 1. The variance is
      infinite up to 2.

  Raises:
    ValueError: `df` is not one of these.
  """

  params_per_element = 2
  output_kind = "real"

  def __init__(self, df: str | float = "shared", **kwargs: Any):
    super().__init__(**kwargs)
    number = isinstance(df, (int, float)) and not isinstance(df, bool)
    if not (df == "shared" if isinstance(df, str) else number and 1 < df < math.inf):
      raise ValueError(f"df={df!r}: use 'shared', or degrees of freedom above 1.")
    self.df = df

  def build(self, event_shape):
    super().build(event_shape)
    if self.df == "shared":
      self.log_ratio = self.add_weight(
        (self.event_shape[-1],), "zeros", name="log_ratio", autocast=False
      )

  def params_of_mean(self, mean: np.ndarray) -> np.ndarray:
    location = np.asarray(mean, np.float32)
    return np.concatenate([location, np.zeros_like(location)], axis=-1)

  def degrees_of_freedom(self) -> tf.Tensor:
    """The degrees of freedom, float32 `[event_shape[-1]]`, or a scalar constant."""
    if self.df != "shared":
      return tf.constant(self.df, tf.float32)
    log_ratio = soft_clip(tf.convert_to_tensor(self.log_ratio), *_LOG_RATIO_BOUNDS)
    return 2.0 + _FIRST_EXCESS * tf.exp(log_ratio)

  def distribution(self, params: tf.Tensor) -> tfd.Distribution:
    loc, log_scale = self.split(params)
    scale, df = scale_of(2.0 * log_scale), self.degrees_of_freedom()
    return self.independent(_StudentT(loc, loc=loc, scale=scale, df=df))

  def get_config(self):
    return {**super().get_config(), "df": self.df}
