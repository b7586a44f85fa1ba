"""Learned mixture of Gaussians: p(z) = sum_c w_c N(z; mu_c, diag(sigma_c^2))."""

from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf import random
from aevb_tf.normal import Normal
from aevb_tf.numerics import scale_of
from aevb_tf.priors.base import Prior, registry
from aevb_tf.priors.components import choose
from aevb_tf.types import Seed


@registry.register("mixture", package="aevb_tf.priors")
class Mixture(Prior):
  """A mixture whose weights, means and log-variances are learned.

  It starts with equal weights, unit variances and means drawn from N(0, 1).

  Args:
    num_components: Number of Gaussians.

  Raises:
    ValueError: `num_components` is not positive.
  """

  def __init__(self, num_components: int = 10, **kwargs: Any):
    super().__init__(**kwargs)
    if isinstance(num_components, bool) or num_components < 1:
      raise ValueError(f"num_components={num_components!r} must be positive.")
    self.num_components = int(num_components)

  def build(self, latent_shape: tuple[int]) -> None:
    super().build(latent_shape)
    shape = (self.num_components, self.latent_dim)
    self.logits = self.add_weight(shape[:1], "zeros", autocast=False, name="logits")
    start = keras.initializers.RandomNormal(stddev=1.0)
    self.means = self.add_weight(shape, start, autocast=False, name="means")
    self.log_variances = self.add_weight(
      shape, "zeros", autocast=False, name="log_variances"
    )

  def distribution(self) -> tfd.Distribution:
    components = Normal(tf.convert_to_tensor(self.means), self._scales())
    return tfd.MixtureSameFamily(
      tfd.Categorical(logits=tf.convert_to_tensor(self.logits)),
      tfd.Independent(components, reinterpreted_batch_ndims=1),
    )

  def sample(self, seed: Seed, rows: tf.Tensor) -> tf.Tensor:
    component = choose(seed, rows, tf.nn.softmax(self.logits))
    mean = tf.gather(tf.convert_to_tensor(self.means), component)
    scale = tf.gather(self._scales(), component)
    return mean + scale * random.normal(seed, rows, self.latent_dim)

  def _scales(self):
    return scale_of(tf.convert_to_tensor(self.log_variances))

  def get_config(self):
    return {**super().get_config(), "num_components": self.num_components}
