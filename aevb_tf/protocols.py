"""The attributes and methods that functions of this package need of a model.

The models of this package have all of them. A model of your own needs those that the
type of the argument lists, and no base class.
"""

from typing import Any, Protocol

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf.likelihoods import Likelihood
from aevb_tf.posteriors import Posterior
from aevb_tf.priors import Prior
from aevb_tf.types import TensorLike


class Model(Protocol):
  """A generative model: p(z) and p(x|z).

  Attributes:
    built: Whether it knows the shape of its data; the other attributes need that.
    event_shape: Shape of one example.
    latent_dim: Number of latents.
    prior: p(z).
    likelihood_family: What the decoder's output stands for.
  """

  built: bool
  event_shape: tuple[int, ...]
  latent_dim: int
  prior: Prior
  likelihood_family: Likelihood

  def decode(self, z: TensorLike, training: bool = False) -> tfd.Distribution:
    """p(x|z): batch shape `[batch]`, event shape `event_shape`."""


class ModelWithEncoder(Model, Protocol):
  """A generative model that has q(z|x), too.

  Attributes:
    posterior_family: What the encoder's output stands for.
  """

  posterior_family: Posterior

  def encode(self, x: TensorLike, training: bool = False) -> tfd.Distribution:
    """q(z|x): batch shape `[batch]`, event shape `[latent_dim]`."""


class ModelOfExamples(ModelWithEncoder, Protocol):
  """A model that takes examples as a user has them: those of this package.

  Attributes:
    condition: What is known of an example besides x, or None.
  """

  condition: Any

  def as_data(self, x: TensorLike) -> tf.Tensor:
    """x as float32 `[batch, *event_shape]`, checked."""

  def posterior_params(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
    """The parameters of q(z|x), float32 `[batch, P]`."""

  def hidden_features(self, x: tf.Tensor) -> tf.Tensor:
    """What the last layer of the encoder gets, float32 `[batch, n]`."""

  def point_estimate(self, distribution: tfd.Distribution) -> tf.Tensor:
    """The value that stands for p(x|z), float32 `[batch, *event_shape]`."""
