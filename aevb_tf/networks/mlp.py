"""Multi-layer perceptrons as encoder and decoder (App. C).

    encoder:  h = tanh(W3 x + b3),   mu = W4 h + b4,   log sigma^2 = W5 h + b5
    decoder:  h = tanh(W1 z + b1),   logits = W2 h + b2   (Gaussian: as in the encoder)

The heads (W4, W5) are one matrix product. With `hidden_units=()` the network is a
linear map: with a Gaussian likelihood with shared variance it is probabilistic PCA.
"""

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from aevb_tf import likelihoods, posteriors
from aevb_tf.networks.base import (
  Activation,
  Decoder,
  Encoder,
  Initializer,
  flat,
  widths,
)


class _Perceptron(keras.Model):
  """The layers of both networks, and their config."""

  def _make_layers(self, hidden_units, activation, initializers, num_outputs):
    self.hidden_units = widths("hidden_units", hidden_units)
    self.activation = keras.activations.get(activation)
    self.kernel_initializer, self.bias_initializer = map(
      keras.initializers.get, initializers
    )
    self.hidden = [
      self._dense(units, self.activation, f"hidden_{i}")
      for i, units in enumerate(self.hidden_units)
    ]
    self.head = self._dense(num_outputs, None, "head")

  def _dense(self, units, activation, name):
    # An initializer object returns the same numbers again: each layer gets a copy.
    return keras.layers.Dense(
      units,
      activation=activation,
      kernel_initializer=self.kernel_initializer.clone(),
      bias_initializer=self.bias_initializer.clone(),
      dtype=self.dtype_policy,
      name=name,
    )

  def _hidden(self, h):
    for layer in self.hidden:
      h = layer(h)
    return h

  def get_config(self):
    return {
      **super().get_config(),
      "hidden_units": self.hidden_units,
      "activation": keras.activations.serialize(self.activation),
      "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
      "bias_initializer": keras.initializers.serialize(self.bias_initializer),
    }


@keras.saving.register_keras_serializable(package="aevb_tf.networks")
class MLPEncoder(_Perceptron, Encoder):
  """x -> hidden layers -> parameters of q(z|x).

  Args:
    latent_dim: Number of latents.
    hidden_units: Width of each hidden layer; `()` for a linear map.
    activation: Keras activation of the hidden layers.
    posterior: Name, options or object of `aevb_tf.posteriors`.
    kernel_initializer: Keras initializer of the weights.
    bias_initializer: Keras initializer of the biases.
  """

  def __init__(
    self,
    latent_dim: int,
    hidden_units: tuple[int, ...] = (500,),
    activation: Activation = "tanh",
    posterior: posteriors.PosteriorLike = "gaussian",
    kernel_initializer: Initializer = "glorot_uniform",
    bias_initializer: Initializer = "zeros",
    **kwargs: Any,
  ):
    super().__init__(latent_dim=latent_dim, posterior=posterior, **kwargs)
    self.flatten = keras.layers.Flatten(dtype=self.dtype_policy)
    initializers = (kernel_initializer, bias_initializer)
    self._make_layers(hidden_units, activation, initializers, self.params_size)

  def call(self, x):
    """float `[batch, *event_shape]`, or (x, c) -> float `[batch, params_size]`."""
    return self.head(self.hidden_features(x))

  def hidden_features(self, x: tf.Tensor | tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
    """What the last layer gets: float `[batch, n]`, for x as `call` takes it."""
    if isinstance(x, (tuple, list)):  # with a condition
      return self._hidden(flat((self.flatten(x[0]), x[1])))
    return self._hidden(self.flatten(x))


@keras.saving.register_keras_serializable(package="aevb_tf.networks")
class MLPDecoder(_Perceptron, Decoder):
  """z -> hidden layers -> parameters of p(x|z).

  Args:
    event_shape: Shape of one example.
    hidden_units: Width of each hidden layer; `()` for a linear map.
    activation: Keras activation of the hidden layers.
    likelihood: Name, options or object of `aevb_tf.likelihoods`.
    kernel_initializer: Keras initializer of the weights.
    bias_initializer: Keras initializer of the biases.
  """

  def __init__(
    self,
    event_shape: tuple[int, ...],
    hidden_units: tuple[int, ...] = (500,),
    activation: Activation = "tanh",
    likelihood: likelihoods.LikelihoodLike = "bernoulli",
    kernel_initializer: Initializer = "glorot_uniform",
    bias_initializer: Initializer = "zeros",
    **kwargs: Any,
  ):
    super().__init__(event_shape=event_shape, likelihood=likelihood, **kwargs)
    initializers = (kernel_initializer, bias_initializer)
    num_outputs = math.prod(self.params_shape)
    self._make_layers(hidden_units, activation, initializers, num_outputs)
    self.reshape = keras.layers.Reshape(self.params_shape, dtype=self.dtype_policy)

  def call(self, z):
    """float `[batch, latent_dim]`, or (z, c) -> float `[batch, *params_shape]`."""
    return self.reshape(self.head(self._hidden(flat(z))))

  def start_at_mean(self, mean: np.ndarray) -> None:
    """Sets the bias of the head so that training starts at the mean of the data.

    Otherwise the latents learn what all examples have in common in the first steps, and
    some of them are unused afterwards.

    Args:
      mean: `[*event_shape]`, the mean of the training data.

    Raises:
      ValueError: The likelihood has no parameters for a given mean, the shape is wrong,
        or the decoder has no weights yet.
    """
    if np.shape(mean) != self.event_shape:
      raise ValueError(
        f"mean has shape {np.shape(mean)}; it must have shape {self.event_shape}."
      )
    if not self.head.built:
      raise ValueError("The decoder has no weights yet: create the VAE first.")
    params = self.likelihood_family.params_of_mean(mean)
    self.head.bias.assign(np.ravel(params))
