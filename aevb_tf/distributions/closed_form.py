"""Scalar distributions that TFP lacks, by formulas for their log-density and CDF."""

import math
from collections.abc import Callable

import tensorflow as tf
import tensorflow_probability as tfp
from tensorflow_probability import bijectors as tfb
from tensorflow_probability import distributions as tfd

from aevb_tf.distributions import shapes
from aevb_tf.distributions.base import Distribution


class ClosedForm(Distribution):
  """A distribution whose `density` is made of the methods below.

  `mean` and `variance` are None where they have no closed form.
  """

  mean: Callable[..., tf.Tensor] | None = None
  variance: Callable[..., tf.Tensor] | None = None

  def formula(self, z: tf.Tensor, *params: tf.Tensor) -> tf.Tensor:
    """The log-density, nats."""
    raise TypeError(f"{type(self).__name__} must define `formula(z, *params)`.")

  def cdf(self, z: tf.Tensor, *params: tf.Tensor) -> tf.Tensor:
    """The cumulative distribution function."""
    raise TypeError(f"{type(self).__name__} must define `cdf(z, *params)`.")

  def bijector(self, *params: tf.Tensor) -> tfb.Bijector:
    """From the reals onto the support."""
    return tfb.Softplus()

  def density(self, *params: tf.Tensor) -> tfd.Distribution:
    return Density(self, **dict(zip(self.parameters, params, strict=True)))


class Density(tfd.Distribution):
  """A `ClosedForm` with its parameters, as a distribution of TFP.

  Args:
    family: The `ClosedForm`.
    **params: Its parameters, float tensors of shapes that broadcast.
  """

  def __init__(self, family: ClosedForm, **params: tf.Tensor):
    self._family, self._params = family, tuple(params.values())
    super().__init__(
      dtype=self._params[0].dtype,
      reparameterization_type=tfd.FULLY_REPARAMETERIZED,
      validate_args=False,
      allow_nan_stats=True,
      parameters={"family": family, **params},
      name=family.name,
    )

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
    return self._family.sample(*self._params, seed=seed, sample_shape=n)

  def _log_prob(self, z):
    return self._family.formula(z, *self._params)

  def _cdf(self, z):
    return self._family.cdf(z, *self._params)

  def _mean(self):
    return self._moment("mean")

  def _variance(self):
    return self._moment("variance")

  def _moment(self, name: str):
    moment = getattr(self._family, name)
    if moment is None:
      raise ValueError(f"The {name} of {self.name} has no closed form; sample instead.")
    return tf.broadcast_to(moment(*self._params), self.batch_shape_tensor())

  def _default_event_space_bijector(self):
    return self._family.bijector(*self._params)


def where_positive(
  z: tf.Tensor, log_density: Callable[[tf.Tensor], tf.Tensor]
) -> tf.Tensor:
  """`log_density(z)` for z > 0, else minus infinity, with finite gradients in both."""
  value = log_density(tf.where(z > 0, z, tf.ones_like(z)))
  return tf.where(z > 0, value, tf.cast(-math.inf, value.dtype))
