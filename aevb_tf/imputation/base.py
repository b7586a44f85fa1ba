"""What an imputer is, and the names of those of this package."""

from typing import NamedTuple, Protocol, TypeAlias

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf.likelihoods.observed import Observed, complete_of, is_observed
from aevb_tf.protocols import ModelWithEncoder
from aevb_tf.registry import Options, Registry, with_num_samples


class Imputed(NamedTuple):
  """Imputations of a batch; entries that a method does not have are None.

  Attributes:
    values: One imputation, float32 `[batch, *event_shape]`, the estimate of E[x|x_obs],
      or the most probable level of codes; or `[m, batch, *event_shape]`, draws from
      p(x|x_obs). The observed values are those
      of the model, not of the example.
    effective_sample_size: float32 `[batch]`.
    acceptance: float32 `[batch]`, the share of accepted proposals.
  """

  values: tf.Tensor
  effective_sample_size: tf.Tensor | None = None
  acceptance: tf.Tensor | None = None


class Imputer(Protocol):
  """A method of imputation.

  Attributes:
    num_samples: Samples of z for each example, or steps of a chain.
  """

  num_samples: int

  def __call__(
    self,
    model: ModelWithEncoder,
    x: tf.Tensor,
    seed: tf.Tensor,
    rows: tf.Tensor,
    num_imputations: int,
  ) -> Imputed:
    """Imputes a batch.

    Args:
      model: A `VAE`.
      x: float32 `[batch, *event_shape]`, NaN where a value is missing.
      seed: int32 `[2]`.
      rows: int32 `[batch]`: what is imputed in example i depends on (seed, rows[i]) alone.
      num_imputations: 1 for an estimate of the mean, m > 1 for m draws.
    """


ImputerLike: TypeAlias = str | Options | Imputer

_registry: Registry[Imputer] = Registry("imputation method")
register = _registry.register
names = _registry.names


def name_of(method: Imputer) -> str:
  """The registered name of a method, or the name of its class."""
  return _registry.name_of(type(method)) or type(method).__name__


def get(identifier: ImputerLike, num_samples: int | None = None) -> Imputer:
  """Returns an imputation method by name, options or object.

  Args:
    identifier: Name, `{"name": ..., **options}`, or object.
    num_samples: Added to the options; None leaves the method's own number.

  Raises:
    ValueError: The name or an option is unknown, or `num_samples` is given with an
      object, which has its own.
  """
  return _registry.get(with_num_samples(identifier, num_samples))


def encode(model: ModelWithEncoder, x: tf.Tensor) -> tfd.Distribution:
  """q(z|x_obs), where missing values do not have to be allowed by the model.

  An encoder of complete examples sees the likelihood's `safe_value` in their place: it
  may compute the logarithm of a positive number, and 0 would be far from all data.

  Args:
    model: A `VAE`.
    x: float32 `[batch, *event_shape]`, NaN where a value is missing.
  """
  family = model.likelihood_family
  if not isinstance(family, Observed):
    x = tf.where(is_observed(x), x, family.safe_value)
  return model.encode(x)


def decode(model: ModelWithEncoder, z: tf.Tensor) -> tfd.Distribution:
  """p(x|z), whose density at an incomplete example is that of its observed values.

  Args:
    model: A `VAE`.
    z: float32 `[n, latent_dim]`.
  """
  p, family = model.decode(z), model.likelihood_family
  if isinstance(family, Observed):
    return p
  return Observed(family).of_complete(p)


def draw(model: ModelWithEncoder, p: tfd.Distribution, uniform: tf.Tensor) -> tf.Tensor:
  """Draws x ~ p(x|z).

  Args:
    model: A `VAE`.
    p: A result of `decode`, of batch shape `[n]`.
    uniform: float32 in (0, 1), `[n, number of values of an example]`.

  Returns:
    float32 `[n, *event_shape]`.
  """
  uniform = tf.reshape(uniform, (-1, *model.event_shape))
  return complete_of(model.likelihood_family).quantile(p.complete, uniform)
