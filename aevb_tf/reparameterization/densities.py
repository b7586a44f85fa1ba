"""Densities that TFP lacks: Rayleigh, reciprocal, Gompertz and F.

Each is a few functions of (z, *params), held by one `tfd.Distribution`, which draws
through the same g as everything else.
"""

import dataclasses
import math
from collections.abc import Callable, Sequence

import tensorflow as tf
import tensorflow_probability as tfp

from aevb_tf.reparameterization import registered, shapes

tfd, tfb = tfp.distributions, tfp.bijectors


@dataclasses.dataclass(frozen=True)
class Formulas:
  """What is known of a scalar distribution in closed form, at its parameters.

  Attributes:
    log_prob: `log_prob(z, *params)`, nats.
    cdf: `cdf(z, *params)`.
    mean: `mean(*params)`, or None where there is no closed form.
    variance: `variance(*params)`, or None.
    bijector: `bijector(*params)`: from the reals onto the support.
  """

  log_prob: Callable[..., tf.Tensor]
  cdf: Callable[..., tf.Tensor]
  mean: Callable[..., tf.Tensor] | None = None
  variance: Callable[..., tf.Tensor] | None = None
  bijector: Callable[..., tfb.Bijector] = lambda *params: tfb.Softplus()


class Explicit(tfd.Distribution):
  """A scalar distribution made of `Formulas`.

  Args:
    formulas: The functions.
    params: The parameters, float tensors of shapes that broadcast.
    sample: `sample(*params, seed=..., sample_shape=...)`, differentiable in the
      parameters.
    name: The distribution's name.
  """

  def __init__(
    self, formulas: Formulas, params: Sequence[tf.Tensor], sample: Callable, name: str
  ):
    parameters = dict(locals())
    self._formulas, self._params, self._sample = formulas, tuple(params), sample
    super().__init__(
      dtype=params[0].dtype,
      reparameterization_type=tfd.FULLY_REPARAMETERIZED,
      validate_args=False,
      allow_nan_stats=True,
      parameters=parameters,
      name=name,
    )

  @property
  def params(self) -> tuple[tf.Tensor, ...]:
    """The parameters, in their order."""
    return self._params

  def _batch_shape(self):
    static = tf.TensorShape([])
    for param in self._params:
      static = tf.broadcast_static_shape(static, param.shape)
    return static

  def _batch_shape_tensor(self):
    return tf.convert_to_tensor(
      shapes.broadcast([shapes.of(param) for param in self._params]), tf.int32
    )

  def _event_shape(self):
    return tf.TensorShape([])

  def _event_shape_tensor(self):
    return tf.constant([], tf.int32)

  def _sample_n(self, n, seed=None):
    seed = tfp.random.sanitize_seed(seed)
    return self._sample(*self._params, seed=seed, sample_shape=n)

  def _log_prob(self, z):
    return self._formulas.log_prob(z, *self._params)

  def _cdf(self, z):
    return self._formulas.cdf(z, *self._params)

  def _moment(self, which: str):
    formula = getattr(self._formulas, which)
    if formula is None:
      raise ValueError(
        f"The {which} of {self.name} has no closed form; sample instead."
      )
    return tf.broadcast_to(formula(*self._params), self.batch_shape_tensor())

  def _mean(self):
    return self._moment("mean")

  def _variance(self):
    return self._moment("variance")

  def _default_event_space_bijector(self):
    return self._formulas.bijector(*self._params)


def explicit(name: str, formulas: Formulas) -> Callable[..., Explicit]:
  """`density(*params)` for the member `name`, which draws through the member's g."""

  def density(*params):
    return Explicit(formulas, params, registered.get(name).sample, name)

  return density


def _where_positive(z: tf.Tensor, inside: Callable, outside: float) -> tf.Tensor:
  """`inside(z)` for z > 0, else `outside`, with gradients that are finite in both."""
  value = inside(tf.where(z > 0, z, tf.ones_like(z)))
  return tf.where(z > 0, value, tf.cast(outside, value.dtype))


def _rayleigh_log_prob(z, scale):
  x = z / scale
  return _where_positive(
    x, lambda x: tf.math.log(x) - tf.math.log(scale) - x**2 / 2, -math.inf
  )


RAYLEIGH = Formulas(
  log_prob=_rayleigh_log_prob,
  cdf=lambda z, scale: -tf.math.expm1(-(tf.maximum(z / scale, 0.0) ** 2) / 2),
  mean=lambda scale: scale * math.sqrt(math.pi / 2),
  variance=lambda scale: scale**2 * (2 - math.pi / 2),
)


def _log_ratio(low, high):
  # Not log(high / low): the ratio of float32 extremes overflows.
  return tf.math.log(high) - tf.math.log(low)


def _reciprocal_log_prob(z, low, high):
  inside = (z >= low) & (z <= high)
  value = -tf.math.log(tf.where(inside, z, high)) - tf.math.log(_log_ratio(low, high))
  return tf.where(inside, value, tf.cast(-math.inf, value.dtype))


def _reciprocal_mean(low, high):
  return (high - low) / _log_ratio(low, high)


RECIPROCAL = Formulas(
  log_prob=_reciprocal_log_prob,
  cdf=lambda z, low, high: (
    _log_ratio(low, tf.clip_by_value(z, low, high)) / _log_ratio(low, high)
  ),
  mean=_reciprocal_mean,
  variance=lambda low, high: (
    _reciprocal_mean(low, high) * (high + low) / 2 - _reciprocal_mean(low, high) ** 2
  ),
  bijector=tfb.Sigmoid,
)


def _gompertz_log_prob(z, concentration, rate):
  return _where_positive(
    z,
    lambda z: (
      tf.math.log(concentration)
      + tf.math.log(rate)
      + rate * z
      - concentration * tf.math.expm1(rate * z)
    ),
    -math.inf,
  )


GOMPERTZ = Formulas(
  log_prob=_gompertz_log_prob,
  cdf=lambda z, concentration, rate: (
    -tf.math.expm1(-concentration * tf.math.expm1(rate * tf.maximum(z, 0.0)))
  ),
)


def _f_log_prob(z, df1, df2):
  log_ratio = tf.math.log(df1) - tf.math.log(df2)
  return _where_positive(
    z,
    lambda z: (
      df1 / 2 * (log_ratio + tf.math.log(z))
      - tf.math.log(z)
      - (df1 + df2) / 2 * tf.math.softplus(log_ratio + tf.math.log(z))
      - tfp.math.lbeta(df1 / 2, df2 / 2)
    ),
    -math.inf,
  )


def _f_mean(df1, df2):
  return tf.where(df2 > 2, df2 / (df2 - 2), tf.cast(math.nan, df2.dtype))


def _f_variance(df1, df2):
  value = 2 * _f_mean(df1, df2) ** 2 * (df1 + df2 - 2) / (df1 * (df2 - 4))
  return tf.where(df2 > 4, value, tf.cast(math.nan, value.dtype))


def _f_cdf(z, df1, df2):
  z = tf.maximum(z, 0.0)
  return tfp.math.betainc(df1 / 2, df2 / 2, df1 * z / (df1 * z + df2))


F = Formulas(log_prob=_f_log_prob, cdf=_f_cdf, mean=_f_mean, variance=_f_variance)
