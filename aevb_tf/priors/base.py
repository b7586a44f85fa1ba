"""The contract of a prior: p(z) as a TFP distribution, and seeded draws from it.

A `Prior` is a Keras layer without a call, so that its weights are trained and saved
with the model.
"""

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf.registry import Options, Registry
from aevb_tf.representation import Represented
from aevb_tf.types import NOT_BUILT, Seed

# x `[n, *event_shape]` -> q(z|x).
Encode: TypeAlias = Callable[[tf.Tensor], tfd.Distribution]


class Sampler(Protocol):
  """What a prior takes of a `Posterior`."""

  def noise(self, seed: Seed, rows: tf.Tensor, num_samples: int) -> tf.Tensor:
    """Draws eps."""

  def sample(self, posterior: tfd.Distribution, noise: tf.Tensor) -> tf.Tensor:
    """z = g(eps, x)."""


class Prior(Represented, keras.layers.Layer):
  """Base of all priors; see the module's docstring for the contract.

  Attributes:
    family_name: The name under which pairs with a closed-form KL are listed.
    support: Where z lives: "real" or "positive"; None if it follows the posterior.
    factorized: Whether latents are independent.
    needs_encoder: Whether the density is computed with the model's encoder.
  """

  family_name: str | None = None
  support: str | None = "real"
  factorized = False
  needs_encoder = False

  def __init__(self, **kwargs: Any):
    kwargs.setdefault("dtype", "float32")  # densities never run in half precision
    super().__init__(**kwargs)
    self.latent_dim: int = NOT_BUILT

  def build(self, latent_shape: tuple[int]) -> None:
    """Sets the number of latents, and creates the prior's weights."""
    (self.latent_dim,) = latent_shape

  def connect(
    self, encode: Encode, posterior: Sampler, event_shape: tuple[int, ...]
  ) -> None:
    """Gives the prior access to its model; called before `build`.

    Args:
      encode: x `[n, *event_shape]` -> q(z|x).
      posterior: The model's `Posterior`, which draws from q.
      event_shape: Shape of one example.
    """

  def connect_condition(
    self, features: Callable[[], tf.Tensor], shape: tuple[int, ...] | None
  ) -> None:
    """Gives the prior access to the condition of its model; called before `build`.

    Args:
      features: Returns what the networks see of the condition of the current batch,
        float32 `[batch, *shape]`.
      shape: Its shape for one example; None if the model has no condition.

    Raises:
      ValueError: The prior needs a condition and there is none, or cannot be used with
        one.
    """
    del features
    if shape is not None and self.needs_encoder:
      raise ValueError(
        f"A {type(self).__name__} has pseudo-inputs, for which there is no condition: use "
        "prior='conditional', 'mixture' or another one in a model with a condition."
      )

  def distribution(self) -> tfd.Distribution:
    """p(z): batch shape `[]`, event shape `[latent_dim]`.

    p(z|c) of a conditional prior has the batch shape `[batch]`.
    """
    raise TypeError(f"{type(self).__name__} must define `distribution()`.")

  def sample(self, seed: Seed, rows: tf.Tensor) -> tf.Tensor:
    """Draws z ~ p(z); row i depends on (seed, rows[i]) alone.

    Args:
      seed: An int or a pair of int32.
      rows: int32 `[n]`, the number of each draw.

    Returns:
      float32 `[n, latent_dim]`.
    """
    raise TypeError(f"{type(self).__name__} must define `sample(seed, rows)`.")


PriorLike: TypeAlias = str | Options | Prior

registry: Registry[Prior] = Registry("prior", Prior)
