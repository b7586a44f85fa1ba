"""What a posterior is: the encoder's output read as q(z|x).

A `Posterior` is a Keras layer without a call: it says how many numbers an encoder
must give (`params_size`), turns them into a TFP distribution over z (`distribution`)
and draws from it as z = g(eps, x) (`sample`, paper 2.4), eps being noise that the
caller gives, so that the same seed gives the same z wherever the model runs.
"""

import keras
import tensorflow as tf
import tensorflow_probability as tfp

tfd = tfp.distributions


class Posterior(keras.layers.Layer):
  """Base of all posteriors; see the module's docstring for the contract."""

  def __init__(self, **kwargs):
    kwargs.setdefault("dtype", "float32")  # densities never run in half precision
    super().__init__(**kwargs)
    self.latent_dim = None

  def build(self, latent_shape: tuple[int]) -> None:
    """Fixes the number of latents, and creates what the posterior learns itself."""
    (self.latent_dim,) = latent_shape

  def params_size(self, latent_dim: int) -> int:
    """How many numbers the encoder gives for one datum."""
    raise TypeError(f"{type(self).__name__} has to define `params_size(latent_dim)`.")

  def distribution(self, params: tf.Tensor) -> tfd.Distribution:
    """q(z|x).

    Args:
      params: float `[batch, params_size]`, the encoder's output.

    Returns:
      A distribution with batch shape `[batch]` and event shape `[latent_dim]`.
    """
    raise TypeError(f"{type(self).__name__} has to define `distribution(params)`.")

  def sample(self, posterior: tfd.Distribution, noise: tf.Tensor) -> tf.Tensor:
    """z = g(eps, x), differentiable in the encoder's output.

    Args:
      posterior: What `distribution(params)` gave.
      noise: Standard normal, float32 `[samples, batch, latent_dim]`.

    Returns:
      float32 `[samples, batch, latent_dim]`.
    """
    raise TypeError(f"{type(self).__name__} has to define `sample(posterior, noise)`.")

  def point_estimate(self, posterior: tfd.Distribution) -> tf.Tensor:
    """One z that stands for q(z|x), `[batch, latent_dim]`: its mean."""
    return posterior.mean()
