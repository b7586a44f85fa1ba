"""MNIST as in Burda et al.: 784-200-200-50, tanh, stochastic binarization.

    aevb-train --config=mnist_burda_vae --workdir=runs/mnist_burda_vae
    aevb-evaluate --workdir=runs/mnist_burda_vae --evidence=importance

Expect: negative log-likelihood of at most 88.0 nats on the 10,000 test digits, K = 5000
(measured: 87.20, seed 0, 81 minutes on one busy core). Published: 86.76, after 3280
epochs (arXiv:1509.00519). To train a finished run for more epochs, use
`--config.epochs=800`.
"""

import ml_collections

from aevb_tf.configs import base


def get_config() -> ml_collections.ConfigDict:
  """Returns the settings of the single-sample model."""
  config = base.get_config()
  config.name = "mnist_burda_vae"
  config.dataset = "mnist"
  config.binarization = "stochastic"
  config.hidden_units = (200, 200)
  config.latent_dim = 50
  config.output_bias = "data_mean"
  config.learning_rate = 2e-3
  config.learning_rate_schedule = "cosine"
  config.epochs = 400
  config.jit_compile = "on"  # saves a quarter of the CPU time for such a network
  return config
