"""Conditional prior: p(z|c) = N(z; mu(c), diag(sigma(c)^2)), where a network learns both.

It starts as the standard normal for every c.

References:
  Sohn, Yan, Lee. Learning structured output representation using deep conditional
    generative models. NeurIPS 2015.
"""

import math
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf import random
from aevb_tf.normal import Normal
from aevb_tf.numerics import scale_of
from aevb_tf.priors.base import Prior, registry
from aevb_tf.types import NOT_BUILT, Seed


@registry.register("conditional", package="aevb_tf.priors")
class ConditionalGaussian(Prior):
  """A diagonal Gaussian whose mean and variance depend on the model's condition.

  Args:
    hidden_units: Width of each hidden layer of the network of c, which are tanh; `()`
      learns one Gaussian for each class, or a linear map of a vector.
  """

  family_name = "conditional_gaussian"
  factorized = True

  def __init__(self, hidden_units: tuple[int, ...] = (), **kwargs: Any):
    super().__init__(**kwargs)
    self.hidden_units = tuple(int(units) for units in hidden_units)
    self._features: Callable[[], tf.Tensor] = NOT_BUILT
    self._shape: tuple[int, ...] = NOT_BUILT

  def connect_condition(
    self, features: Callable[[], tf.Tensor], shape: tuple[int, ...] | None
  ) -> None:
    if shape is None:
      raise ValueError(
        "The prior 'conditional' is p(z|c), and the model has no condition: pass "
        "condition=, such as condition=10, or use another prior."
      )
    self._features, self._shape = features, shape

  def get_build_config(self) -> None:
    """Returns None: only the model can build this prior again."""

  def build(self, latent_shape: tuple[int]) -> None:
    if self._shape is None:
      raise ValueError(
        "The prior 'conditional' is built by a model that has a condition: "
        "VAE(encoder, decoder, prior='conditional', condition=10)."
      )
    super().build(latent_shape)
    options = {"dtype": "float32"}
    self.hidden = [
      keras.layers.Dense(units, "tanh", name=f"hidden_{i}", **options)
      for i, units in enumerate(self.hidden_units)
    ]
    self.head = keras.layers.Dense(
      2 * self.latent_dim, kernel_initializer="zeros", name="head", **options
    )
    size = math.prod(self._shape)
    for layer, inputs in zip(
      [*self.hidden, self.head], [size, *self.hidden_units], strict=True
    ):
      layer.build((None, inputs))

  def distribution(self) -> tfd.Distribution:
    """p(z|c) of the current batch: batch shape `[batch]`, event shape `[latent_dim]`."""
    mean, scale = self._parameters()
    return tfd.Independent(Normal(mean, scale), reinterpreted_batch_ndims=1)

  def sample(self, seed: Seed, rows: tf.Tensor) -> tf.Tensor:
    mean, scale = self._parameters()
    return mean + scale * random.normal(seed, rows, self.latent_dim)

  def _parameters(self):
    h = tf.reshape(self._features(), (-1, math.prod(self._shape)))
    for layer in self.hidden:
      h = layer(h)
    mean, log_variance = tf.split(self.head(h), 2, axis=-1)
    return mean, scale_of(log_variance)

  def get_config(self):
    return {**super().get_config(), "hidden_units": self.hidden_units}
