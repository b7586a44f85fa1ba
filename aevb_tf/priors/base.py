"""What a prior is: p(z) as a TFP distribution, and how to draw from it with a seed.

A `Prior` is a Keras layer without a call, so that what it learns trains and saves
with the model.
"""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf.registry import Registry

registry = Registry("prior")


class Prior(keras.layers.Layer):
  """Base of all priors; see the module's docstring for the contract.

  Attributes:
    family_name: What pairs with a closed-form KL are known by.
    support: Where z lives: "real" or "positive"; None where it follows the posterior.
    factorized: Whether latents are independent.
    needs_encoder: Whether it is made of the model's encoder.
  """

  family_name: str | None = None
  support: str | None = "real"
  factorized = False
  needs_encoder = False

  def __init__(self, **kwargs):
    kwargs.setdefault("dtype", "float32")  # densities never run in half precision
    super().__init__(**kwargs)
    self.latent_dim = None

  def build(self, latent_shape: tuple[int]) -> None:
    """Fixes the number of latents, and creates what the prior learns."""
    (self.latent_dim,) = latent_shape

  def connect(
    self, encode: Callable, posterior: Any, event_shape: tuple[int, ...]
  ) -> None:
    """Tells the prior of the model that it is part of, before it is built.

    Args:
      encode: x `[n, *event_shape]` -> q(z|x).
      posterior: The model's `Posterior`, which draws from q.
      event_shape: Shape of one example.
    """

  def distribution(self) -> tfd.Distribution:
    """p(z): batch shape `[]`, event shape `[latent_dim]`."""
    raise TypeError(f"{type(self).__name__} has to define `distribution()`.")

  def sample(self, seed: Any, rows: tf.Tensor) -> tf.Tensor:
    """Draws z ~ p(z); row i depends on (seed, rows[i]) alone.

    Args:
      seed: An int or a pair of int32.
      rows: int32 `[n]`, the number of each draw.

    Returns:
      float32 `[n, latent_dim]`.
    """
    raise TypeError(f"{type(self).__name__} has to define `sample(seed, rows)`.")
