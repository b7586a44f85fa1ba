"""Independent latents of one family: z_j ~ family(parameters_j(x)) (section 2.4).

The family is a scalar member of `aevb_tf.distributions` whose support does not depend
on its parameters: a location-scale family on the reals, or a family on the positive
numbers, which needs a prior on the positive numbers. The encoder's output holds the
unconstrained parameters: the first parameter of all latents, then the second, and so
on. A positive parameter is the exponential of the output, softly bounded to
(exp(-10), exp(10)), or to (exp(-3), exp(6)) for a shape. Both are also bounded to the
range in which the family's float32 samples have gradients (`Distribution.sound`).
"""

import math
from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf import distributions
from aevb_tf.distributions.shapes import Noise
from aevb_tf.numerics import soft_clip
from aevb_tf.posteriors.base import Posterior, registry

REAL = ("laplace", "logistic", "student_t", "gumbel")
POSITIVE: tuple[str, ...] = ("log_normal", "gamma", "exponential", "weibull")
POSITIVE += ("rayleigh", "gompertz", "chi2", "f")

# Bounds on the logs of positive parameters; those of shapes are tighter.
_LOG_BOUNDS, _LOG_SHAPE_BOUNDS = (-10.0, 10.0), (-3.0, 6.0)
_SHAPES = ("concentration", "df", "df1", "df2")
# Student's t with two degrees of freedom or fewer has no variance either: see `cauchy`.
_OFFSETS = {("student_t", "df"): 2.0}
_REFUSED = {
  "cauchy": "its samples have no variance, so the bound is minus infinity under any "
  "prior with normal tails. Use 'student_t'",
  "erlang": "its shape is an integer, which an encoder cannot learn. Use 'gamma'",
}


@keras.saving.register_keras_serializable(package="aevb_tf.posteriors")
class Independent(Posterior):
  """Independent latents; the encoder returns `[batch, num_parameters * latent_dim]`.

  Args:
    family: Name, options or object of `aevb_tf.distributions`.

  Raises:
    ValueError: The family is unknown, or cannot be a posterior; the message says why.
  """

  factorized = True

  def __init__(self, family: distributions.DistributionLike = "laplace", **kwargs: Any):
    super().__init__(**kwargs)
    self.family = _fit(distributions.get(family))

  # The base has attributes; here they are those of the family.

  @property
  def family_name(self) -> str:  # type: ignore[override]
    return {"normal": "gaussian"}.get(self.family.name, self.family.name)

  @property
  def support(self) -> str:  # type: ignore[override]
    return self.family.support

  @property
  def noise_kind(self) -> Noise:  # type: ignore[override]
    return self.family.noise

  @property
  def title(self) -> str:
    return self.family.name

  def params_size(self, latent_dim: int) -> int:
    return len(self.family.parameters) * latent_dim

  def noise_shape(self) -> tuple[int, ...]:
    # Tensors, so that no parameter is taken for an integer count.
    unknown = [tf.zeros([])] * len(self.family.parameters)
    return (self.latent_dim, *self.family.noise_event(*unknown))

  def parameters(self, params: tf.Tensor) -> tuple[tf.Tensor, ...]:
    raw = tf.split(tf.cast(params, tf.float32), len(self.family.parameters), axis=-1)
    named = zip(self.family.parameters, raw, strict=True)
    return tuple(_constrained(self.family, name, r) for name, r in named)

  def from_parameters(self, *parameters: tf.Tensor) -> tfd.Distribution:
    density = self.family.distribution(*parameters)
    return tfd.Independent(density, reinterpreted_batch_ndims=1)

  def named_parameters(self, posterior: tfd.Distribution) -> dict[str, tf.Tensor]:
    """The family's parameters, and the point estimate."""
    named = self.family.parameters_of(posterior.distribution)
    return {**named, "z": self.point_estimate(posterior)}

  def sample(self, posterior: tfd.Distribution, noise: tf.Tensor) -> tf.Tensor:
    named = self.family.parameters_of(posterior.distribution)
    return self.family.sample(*named.values(), noise=noise)

  def point_estimate(self, posterior: tfd.Distribution) -> tf.Tensor:
    """The mean of real latents; for positive ones g(1/2), since a mean can be infinite.

    g(1/2) is the median where a sample takes one number of noise.
    """
    if self.support == "real":
      return posterior.mean()
    middle = {"normal": 0.0, "uniform": 0.5}[self.noise_kind]
    return self.sample(posterior, tf.fill(self.noise_shape(), middle))

  def get_config(self):
    return {**super().get_config(), "family": self.family.get_config()}


def _fit(family):
  """Returns the family, or raises a ValueError with why it cannot be a posterior."""
  reason = _REFUSED.get(family.name)
  if family.support not in ("real", "positive"):
    reason = (
      f"its support ({family.support}) depends on its parameters, or no prior has it. "
      f"Use one of {', '.join(REAL + POSITIVE)}"
    )
  if reason:
    raise ValueError(f"{family.name!r} cannot be a posterior: {reason}.")
  return family


def _constrained(family, name: str, raw: tf.Tensor) -> tf.Tensor:
  """Maps the encoder's output to the parameter `name`."""
  least, most = family.sound.get(name, (-math.inf, math.inf))
  if family.parameters[name] == "real":
    return raw if math.isinf(most) else soft_clip(raw, least, most)
  offset = _OFFSETS.get((family.name, name), 0.0)
  low, high = _LOG_SHAPE_BOUNDS if name in _SHAPES else _LOG_BOUNDS
  low = max(low, math.log(least - offset)) if least > offset else low
  high = min(high, math.log(most - offset))
  return offset + tf.exp(soft_clip(raw, low, high))


def _named(family: str):
  def make(**options: Any) -> Independent:
    return Independent(family, **options)

  make.__doc__ = f"Independent latents of the family {family}."
  return make


for _family in REAL + POSITIVE:
  registry.register(_family)(_named(_family))
