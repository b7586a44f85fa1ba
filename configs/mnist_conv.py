"""MNIST with a convolutional encoder and decoder, 20 latents, grey values as targets.

    aevb-train --config=mnist_conv --workdir=runs/mnist_conv

Expect: a test elbo above that of `mnist`, whose network sees no neighbourhoods.
"""

import ml_collections

from aevb_tf.configs import base


def get_config() -> ml_collections.ConfigDict:
  """Returns the settings of the convolutional MNIST experiment."""
  config = base.get_config()
  config.name = "mnist_conv"
  config.dataset = "mnist"
  config.network = "conv"
  config.hidden_units = (256,)
  config.activation = "relu"
  config.learning_rate_schedule = "cosine"
  config.epochs = 10
  return config
