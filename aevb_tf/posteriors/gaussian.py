"""Diagonal Gaussian posterior (section 3, App. C.2): q(z|x) = N(mu, diag(sigma^2)).

    z = mu + sigma * eps,   eps ~ N(0, I)

The encoder returns mu, then log sigma^2, which is softly bounded to (-20, 20).
"""

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf.normal import Normal
from aevb_tf.numerics import scale_of
from aevb_tf.posteriors.base import Posterior, registry


@registry.register("gaussian", package="aevb_tf.posteriors")
class Gaussian(Posterior):
  """Independent normals; the encoder returns `[batch, 2 * latent_dim]`."""

  family_name = "gaussian"
  factorized = True

  def params_size(self, latent_dim: int) -> int:
    return 2 * latent_dim

  def parameters(self, params: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    mean, log_variance = tf.split(tf.cast(params, tf.float32), 2, axis=-1)
    return mean, scale_of(log_variance)

  def from_parameters(self, mean: tf.Tensor, scale: tf.Tensor) -> tfd.Distribution:
    return tfd.Independent(Normal(mean, scale), reinterpreted_batch_ndims=1)

  def named_parameters(self, posterior: tfd.Distribution) -> dict[str, tf.Tensor]:
    """`mean`, which is the point estimate, and `stddev`."""
    return {"mean": posterior.mean(), "stddev": posterior.stddev()}

  def sample(self, posterior: tfd.Distribution, noise: tf.Tensor) -> tf.Tensor:
    return posterior.mean() + posterior.stddev() * noise
