"""Convolutional encoder and decoder, for images of any height, width and channels.

The encoder halves the image once for each entry of `filters`. The decoder starts at the
size that this leads to, rounded up, doubles it as often, and crops the result.
"""

import math
from typing import Any

import keras
import tensorflow as tf

from aevb_tf import likelihoods, posteriors
from aevb_tf.networks.base import (
  Activation,
  Decoder,
  Encoder,
  flat,
  shape_of_positive_ints,
  widths,
)

_STRIDE = 2


@keras.saving.register_keras_serializable(package="aevb_tf.networks")
class ConvEncoder(Encoder):
  """x -> strided convolutions -> hidden layers -> parameters of q(z|x).

  Args:
    latent_dim: Number of latents.
    filters: Channels of each convolution, from the image inwards.
    kernel_size: Side of every convolution's window.
    hidden_units: Width of each dense layer behind the convolutions.
    activation: Keras activation of all hidden layers.
    posterior: Name, options or object of `aevb_tf.posteriors`.
  """

  def __init__(
    self,
    latent_dim: int,
    filters: tuple[int, ...] = (32, 64),
    kernel_size: int = 3,
    hidden_units: tuple[int, ...] = (),
    activation: Activation = "relu",
    posterior: posteriors.PosteriorLike = "gaussian",
    **kwargs: Any,
  ):
    super().__init__(latent_dim=latent_dim, posterior=posterior, **kwargs)
    self.filters = shape_of_positive_ints("filters", filters)
    self.kernel_size = kernel_size
    self.hidden_units = widths("hidden_units", hidden_units)
    self.activation = keras.activations.get(activation)
    options = {"activation": self.activation, "dtype": self.dtype_policy}
    self.convolutions = [
      keras.layers.Conv2D(n, kernel_size, _STRIDE, "same", **options)
      for n in self.filters
    ]
    self.flatten = keras.layers.Flatten(dtype=self.dtype_policy)
    self.hidden = [keras.layers.Dense(n, **options) for n in self.hidden_units]
    self.head = keras.layers.Dense(self.params_size, dtype=self.dtype_policy)

  def call(self, x):
    """float `[batch, height, width, channels]`, or (x, c) -> float `[batch, params_size]`."""
    return self.head(self.hidden_features(x))

  def hidden_features(self, x: tf.Tensor | tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
    """What the last layer gets: float `[batch, n]`, for x as `call` takes it."""
    x = _channels(x)
    for convolution in self.convolutions:
      x = convolution(x)
    h = self.flatten(x)
    for layer in self.hidden:
      h = layer(h)
    return h

  def get_config(self):
    return {
      **super().get_config(),
      "filters": self.filters,
      "kernel_size": self.kernel_size,
      "hidden_units": self.hidden_units,
      "activation": keras.activations.serialize(self.activation),
    }


@keras.saving.register_keras_serializable(package="aevb_tf.networks")
class ConvDecoder(Decoder):
  """z -> hidden layers -> transposed convolutions -> parameters of p(x|z).

  Args:
    event_shape: `(height, width, channels)` of one image.
    filters: Channels of each transposed convolution, from the latents outwards.
    kernel_size: Side of every convolution's window.
    hidden_units: Width of each dense layer before the convolutions.
    activation: Keras activation of all hidden layers.
    likelihood: Name, options or object of `aevb_tf.likelihoods`.

  Raises:
    ValueError: `event_shape` is not that of an image.
  """

  def __init__(
    self,
    event_shape: tuple[int, int, int],
    filters: tuple[int, ...] = (64, 32),
    kernel_size: int = 3,
    hidden_units: tuple[int, ...] = (),
    activation: Activation = "relu",
    likelihood: likelihoods.LikelihoodLike = "bernoulli",
    **kwargs: Any,
  ):
    super().__init__(event_shape=event_shape, likelihood=likelihood, **kwargs)
    if len(self.event_shape) != 3:
      raise ValueError(
        f"event_shape={self.event_shape}: a ConvDecoder returns images, (height, "
        "width, channels). Use an MLPDecoder for other data."
      )
    self.filters = shape_of_positive_ints("filters", filters)
    self.kernel_size = kernel_size
    self.hidden_units = widths("hidden_units", hidden_units)
    self.activation = keras.activations.get(activation)
    options = {"activation": self.activation, "dtype": self.dtype_policy}
    height, width, _ = self.event_shape
    growth = _STRIDE ** len(self.filters)
    seed_shape = (-(-height // growth), -(-width // growth), self.filters[0])

    self.hidden = [keras.layers.Dense(n, **options) for n in self.hidden_units]
    self.seed = keras.layers.Dense(math.prod(seed_shape), **options)
    self.reshape = keras.layers.Reshape(seed_shape, dtype=self.dtype_policy)
    self.convolutions = [
      keras.layers.Conv2DTranspose(n, kernel_size, _STRIDE, "same", **options)
      for n in self.filters
    ]
    self.head = keras.layers.Conv2D(
      self.params_shape[-1], kernel_size, padding="same", dtype=self.dtype_policy
    )
    rest = (seed_shape[0] * growth - height, seed_shape[1] * growth - width)
    margins = tuple((n // 2, n - n // 2) for n in rest)
    self.crop = keras.layers.Cropping2D(margins, dtype=self.dtype_policy)

  def call(self, z):
    """float `[batch, latent_dim]`, or (z, c) -> float `[batch, height, width, params]`."""
    h = flat(z)
    for layer in self.hidden:
      h = layer(h)
    x = self.reshape(self.seed(h))
    for convolution in self.convolutions:
      x = convolution(x)
    return self.crop(self.head(x))

  def get_config(self):
    return {
      **super().get_config(),
      "filters": self.filters,
      "kernel_size": self.kernel_size,
      "hidden_units": self.hidden_units,
      "activation": keras.activations.serialize(self.activation),
    }


def _channels(inputs):
  """x, or x with the condition as more channels.

  An image of x's height and width, with or without an axis of channels, is appended as it
  is. Every number of another condition is a channel that is constant over the image.
  """
  if not isinstance(inputs, (tuple, list)):
    return inputs
  x, condition = inputs
  condition = keras.ops.cast(condition, x.dtype)
  if tuple(condition.shape[1:]) == tuple(x.shape[1:-1]):
    condition = condition[..., None]
  if tuple(condition.shape[1:-1]) != tuple(x.shape[1:-1]):
    condition = keras.ops.reshape(condition, (-1, 1, 1, math.prod(condition.shape[1:])))
    space = keras.ops.ones_like(x[..., :1])
    condition = condition * space
  return keras.ops.concatenate([x, condition], axis=-1)
