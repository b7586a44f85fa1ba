"""MNIST with two latents and convolutions, to draw the latent manifold.

    aevb-train --config=manifold --workdir=runs/manifold

Expect: test elbo better than -150 nats after the 10 epochs (measured: -143.5, seed 0).
"""

import ml_collections

from aevb_tf.configs import base


def get_config() -> ml_collections.ConfigDict:
  """Returns the settings of the manifold experiment."""
  config = base.get_config()
  config.name = "manifold"
  config.dataset = "mnist"
  config.network = "conv"
  config.filters = (16, 32)
  config.hidden_units = (512, 256)
  config.activation = "relu"
  config.latent_dim = 2
  config.learning_rate = 2e-3
  config.learning_rate_schedule = "cosine"
  config.epochs = 10
  return config
