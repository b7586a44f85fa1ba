"""Priors on positive latents: independent Gamma or Exponential variables."""

from typing import Any

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf import distributions, random
from aevb_tf.priors.base import Prior, registry
from aevb_tf.types import Seed


@registry.register("gamma", package="aevb_tf.priors")
class Gamma(Prior):
  """Independent Gamma(concentration, rate) variables, without weights.

  Args:
    concentration: Shape parameter, positive.
    rate: Inverse scale, positive.

  Raises:
    ValueError: `concentration` or `rate` is not positive.
  """

  family_name = "gamma"
  support = "positive"
  factorized = True

  def __init__(self, concentration: float = 1.0, rate: float = 1.0, **kwargs: Any):
    super().__init__(**kwargs)
    if not (concentration > 0 and rate > 0):
      raise ValueError(
        f"concentration={concentration!r} and rate={rate!r} must be positive."
      )
    self.concentration, self.rate = float(concentration), float(rate)

  def distribution(self) -> tfd.Distribution:
    ones = tf.ones(self.latent_dim)
    gamma = tfd.Gamma(self.concentration * ones, self.rate * ones)
    return tfd.Independent(gamma, reinterpreted_batch_ndims=1)

  def sample(self, seed: Seed, rows: tf.Tensor) -> tf.Tensor:
    noise = random.uniform(seed, rows, self.latent_dim)
    gamma = distributions.get("gamma")
    return gamma.sample(self.concentration, self.rate, noise=noise)

  def get_config(self):
    parameters = {"concentration": self.concentration, "rate": self.rate}
    return {**super().get_config(), **parameters}


@registry.register("exponential", package="aevb_tf.priors")
class Exponential(Prior):
  """Independent Exponential(rate) variables, without weights.

  Args:
    rate: Inverse mean, positive.

  Raises:
    ValueError: `rate` is not positive.
  """

  family_name = "exponential"
  support = "positive"
  factorized = True

  def __init__(self, rate: float = 1.0, **kwargs: Any):
    super().__init__(**kwargs)
    if not rate > 0:
      raise ValueError(f"rate={rate!r} must be positive.")
    self.rate = float(rate)

  def distribution(self) -> tfd.Distribution:
    exponential = tfd.Exponential(self.rate * tf.ones(self.latent_dim))
    return tfd.Independent(exponential, reinterpreted_batch_ndims=1)

  def sample(self, seed: Seed, rows: tf.Tensor) -> tf.Tensor:
    noise = random.uniform(seed, rows, self.latent_dim)
    return distributions.get("exponential").sample(self.rate, noise=noise)

  def get_config(self):
    return {**super().get_config(), "rate": self.rate}
