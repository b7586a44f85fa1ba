"""The contract of a posterior, which maps the encoder's output to q(z|x).

A `Posterior` is a Keras layer without a call. It defines the size of the encoder's
output (`params_size`), turns this output into a TFP distribution over z
(`distribution`, or in two steps `parameters` and `from_parameters`, of which the first
is compiled), draws noise (`noise`) and transforms it to samples z = g(eps, x)
(`sample`, section 2.4). Noise is an argument, so that the same seed gives the same z
wherever the model runs.
"""

import math
from typing import Any, TypeAlias

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf import random
from aevb_tf.distributions.shapes import DRAW, Noise
from aevb_tf.random import Purpose
from aevb_tf.registry import Options, Registry
from aevb_tf.representation import Represented
from aevb_tf.types import NOT_BUILT, IntLike, Seed


class Posterior(Represented, keras.layers.Layer):
  """Base of all posteriors; see the module's docstring for the contract.

  Attributes:
    family_name: The name under which pairs with a closed-form KL are listed.
    title: Its name in error messages.
    support: Where z lives: "real" or "positive". The prior's must be the same.
    factorized: Whether latents are independent given x.
    noise_kind: "normal" for N(0, 1), or "uniform" for the open (0, 1).
  """

  family_name: str | None = None
  support = "real"
  factorized = False
  noise_kind: Noise = "normal"

  @property
  def title(self) -> str:
    """Its name in error messages."""
    return type(self).__name__

  def __init__(self, **kwargs: Any):
    kwargs.setdefault("dtype", "float32")  # densities never run in half precision
    super().__init__(**kwargs)
    self.latent_dim: int = NOT_BUILT

  def build(self, latent_shape: tuple[int]) -> None:
    """Sets the number of latents, and creates the posterior's own weights."""
    (self.latent_dim,) = latent_shape

  def params_size(self, latent_dim: int) -> int:
    """The size of the encoder's output for one example."""
    raise TypeError(f"{type(self).__name__} must define `params_size(latent_dim)`.")

  def distribution(self, params: tf.Tensor) -> tfd.Distribution:
    """q(z|x).

    Args:
      params: float `[batch, params_size]`, the encoder's output.

    Returns:
      A distribution with batch shape `[batch]` and event shape `[latent_dim]`.
    """
    return self.from_parameters(*self.parameters(params))

  def parameters(self, params: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """The parameters of q(z|x), the part of `distribution` that is compiled.

    Args:
      params: float `[batch, params_size]`, the encoder's output.

    Returns:
      The arguments of `from_parameters`, each `[batch, ...]`.
    """
    raise TypeError(f"{type(self).__name__} must define `distribution(params)`.")

  def from_parameters(self, *parameters: tf.Tensor) -> tfd.Distribution:
    """q(z|x) as a TFP object with these parameters, the rest of `distribution`."""
    raise TypeError(f"{type(self).__name__} must define `distribution(params)`.")

  def noise_shape(self) -> tuple[int, ...]:
    """The shape of eps for one draw of z."""
    return (self.latent_dim,)

  def noise(self, seed: Seed, rows: tf.Tensor, num_samples: int) -> tf.Tensor:
    """Draws eps. That of example i depends only on (seed, rows[i], num_samples).

    Args:
      seed: An int or a pair of int32.
      rows: int32 `[batch]`, the number of each example.
      num_samples: Samples per example; a larger number changes all of them (see
        `numbered_samples`).

    Returns:
      float32 `[num_samples, batch, *noise_shape]`.
    """
    shape = (num_samples, *self.noise_shape())
    noise = DRAW[self.noise_kind](seed, rows, math.prod(shape))
    axes = range(2, 1 + len(shape))
    return tf.transpose(tf.reshape(noise, [-1, *shape]), [1, 0, *axes])

  def sample(self, posterior: tfd.Distribution, noise: tf.Tensor) -> tf.Tensor:
    """z = g(eps, x), differentiable in the encoder's output.

    Args:
      posterior: The result of `distribution(params)`.
      noise: The result of `noise`, float32 `[samples, batch, *noise_shape]`.

    Returns:
      float32 `[samples, batch, latent_dim]`.
    """
    raise TypeError(f"{type(self).__name__} must define `sample(posterior, noise)`.")

  def numbered_samples(
    self,
    posterior: tfd.Distribution,
    seed: Seed,
    rows: tf.Tensor,
    first: IntLike,
    count: int,
    purpose: Purpose = Purpose.SAMPLE,
  ) -> tf.Tensor:
    """Draws samples `first`, ..., `first + count - 1` of z.

    Sample k of example i depends only on (seed, rows[i], k), not on how samples are
    split into chunks or examples into batches.

    Args:
      posterior: The result of `distribution(params)`.
      seed: An int or a pair of int32.
      rows: int32 `[batch]`, the number of each example.
      first: Number of the first sample, an int or int32 scalar.
      count: Number of samples.
      purpose: Purpose for which the seeds of the samples are derived.

    Returns:
      float32 `[count, batch, latent_dim]`.
    """
    noise = random.per_sample(
      lambda sample: self.noise(sample, rows, 1)[0], seed, first, count, purpose
    )
    return self.sample(posterior, noise)

  def named_parameters(self, posterior: tfd.Distribution) -> dict[str, tf.Tensor]:
    """The parameters of q(z|x) by name, and `z`, the point estimate.

    Here `mean` and `stddev`, if they have a closed form; subclasses use other names.

    Args:
      posterior: The result of `distribution(params)`.

    Returns:
      Dictionary from names to float32 `[batch, ...]`.
    """
    named = {"z": self.point_estimate(posterior)}
    for name in ("mean", "stddev"):
      try:
        named[name] = getattr(posterior, name)()
      except NotImplementedError:  # what TFP raises if there is no closed form
        continue
    return named

  def point_estimate(self, posterior: tfd.Distribution) -> tf.Tensor:
    """One z that represents q(z|x), `[batch, latent_dim]`; here its mean."""
    return posterior.mean()


PosteriorLike: TypeAlias = str | Options | Posterior

registry: Registry[Posterior] = Registry("posterior", Posterior)
