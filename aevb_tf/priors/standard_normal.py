"""Standard normal prior (section 3): p(z) = N(0, I)."""

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf import random
from aevb_tf.normal import Normal
from aevb_tf.priors.base import Prior, registry
from aevb_tf.types import Seed


@registry.register("standard_normal", package="aevb_tf.priors")
class StandardNormal(Prior):
  """Independent standard normal variables, without weights."""

  family_name = "standard_normal"
  factorized = True

  def distribution(self) -> tfd.Distribution:
    normal = Normal(tf.zeros(self.latent_dim), tf.ones(self.latent_dim))
    return tfd.Independent(normal, reinterpreted_batch_ndims=1)

  def sample(self, seed: Seed, rows: tf.Tensor) -> tf.Tensor:
    return random.normal(seed, rows, self.latent_dim)
