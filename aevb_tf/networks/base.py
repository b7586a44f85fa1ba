"""The contract between networks and distributions.

    encoder(x)  [batch, posterior.params_size(latent_dim)]    parameters of q(z|x)
    decoder(z)  [batch, *likelihood.params_shape(event_shape)]  parameters of p(x|z)

`Encoder` and `Decoder` define only this contract: subclass them, create the layers in
`__init__`, and write `call`. A model with a condition c calls its networks
with `(x, c)` and `(z, c)`, one argument, where c is float32 `[batch, ...]`.

Networks return tensors. The distributions are built outside of `call`, since a Keras
layer that returns a distribution can neither be called symbolically nor saved.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf import likelihoods, posteriors
from aevb_tf.checks import positive_int
from aevb_tf.registry import Options
from aevb_tf.representation import Represented

# What `keras.activations.get` and `keras.initializers.get` take.
Activation: TypeAlias = str | Options | Callable[[tf.Tensor], tf.Tensor] | None
Initializer: TypeAlias = str | Options | keras.initializers.Initializer


class Encoder(Represented, keras.Model):
  """A network from x to the parameters of q(z|x).

  An encoder may define `hidden_features(x)`, what its last layer gets, float `[batch, n]`.
  The score `nearest_features` of anomalies needs it; the encoders of this package have it.

  Args:
    latent_dim: Number of latents, the paper's J or Nz.
    posterior: Name, options or object of `aevb_tf.posteriors`.

  Raises:
    ValueError: `latent_dim` is not a positive integer, or the posterior is unknown.
  """

  def __init__(
    self,
    latent_dim: int,
    posterior: posteriors.PosteriorLike = "gaussian",
    **kwargs: Any,
  ):
    super().__init__(**kwargs)
    self.latent_dim = positive_int("latent_dim", latent_dim)
    self.posterior_family = posteriors.get(posterior)
    if not self.posterior_family.built:
      self.posterior_family.build((self.latent_dim,))

  @property
  def params_size(self) -> int:
    """The number of outputs of `call` for one example."""
    return self.posterior_family.params_size(self.latent_dim)

  def posterior(self, x: tf.Tensor, training: bool = False) -> tfd.Distribution:
    """q(z|x): batch shape `[batch]`, event shape `[latent_dim]`.

    Args:
      x: float `[batch, *event_shape]`.
      training: As in `call`.
    """
    return self.posterior_family.distribution(self(x, training=training))

  def get_config(self):
    return {
      **super().get_config(),
      "latent_dim": self.latent_dim,
      "posterior": keras.saving.serialize_keras_object(self.posterior_family),
    }


class Decoder(Represented, keras.Model):
  """A network from z to the parameters of p(x|z).

  Args:
    event_shape: Shape of one example, e.g. `(28, 28, 1)`.
    likelihood: Name, options or object of `aevb_tf.likelihoods`.

  Raises:
    ValueError: `event_shape` is not a shape, or the likelihood is unknown.
  """

  def __init__(
    self,
    event_shape: tuple[int, ...],
    likelihood: likelihoods.LikelihoodLike = "bernoulli",
    **kwargs: Any,
  ):
    super().__init__(**kwargs)
    self.event_shape = shape_of_positive_ints("event_shape", event_shape)
    self.likelihood_family = likelihoods.get(likelihood)
    if not self.likelihood_family.built:
      self.likelihood_family.build(self.event_shape)

  @property
  def params_shape(self) -> tuple[int, ...]:
    """The shape of the output of `call` for one example."""
    return self.likelihood_family.params_shape(self.event_shape)

  def likelihood(self, z: tf.Tensor, training: bool = False) -> tfd.Distribution:
    """p(x|z): batch shape `[batch]`, event shape `event_shape`.

    Args:
      z: float `[batch, latent_dim]`.
      training: As in `call`.
    """
    return self.likelihood_family.distribution(self(z, training=training))

  def get_config(self):
    return {
      **super().get_config(),
      "event_shape": self.event_shape,
      "likelihood": keras.saving.serialize_keras_object(self.likelihood_family),
    }


def shape_of_positive_ints(name: str, values: Iterable[int]) -> tuple[int, ...]:
  """Returns a tuple of positive ints; raises a ValueError that names the argument."""
  if isinstance(values, (int, str)) or not len(tuple(values)):
    raise ValueError(f"{name}={values!r} must be a tuple such as (28, 28, 1).")
  return tuple(positive_int(name, value) for value in values)


def widths(name: str, values: Iterable[int]) -> tuple[int, ...]:
  """Like `shape_of_positive_ints`, but may be empty, for no hidden layers."""
  if isinstance(values, (int, str)):
    raise ValueError(f"{name}={values!r} must be a tuple such as (500,), or ().")
  return tuple(positive_int(name, value) for value in values)


def flat(inputs: tf.Tensor | tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
  """z, or z with the condition appended.

  Args:
    inputs: `[batch, n]`, or a pair of it and a condition `[batch, ...]`.

  Returns:
    `[batch, n + m]`, where m is the number of values of a condition.
  """
  if not isinstance(inputs, (tuple, list)):
    return inputs
  z, condition = inputs
  condition = keras.ops.reshape(condition, (-1, math.prod(condition.shape[1:])))
  return keras.ops.concatenate([z, keras.ops.cast(condition, z.dtype)], axis=-1)
