"""MNIST, the paper's networks with today's optimizer: Adam, cosine decay, Glorot.

    aevb-train --config=mnist_modern --workdir=runs/mnist_modern

Expect: the test elbo of the curve "modern" in figure 2 of RESULTS.md, after 3e6 samples.
"""

import ml_collections

from aevb_tf.configs import base


def get_config() -> ml_collections.ConfigDict:
  """Returns the settings that reach the paper's bound in the fewest samples."""
  config = base.get_config()
  config.name = "mnist_modern"
  config.dataset = "mnist"
  config.output_bias = "data_mean"
  config.learning_rate = 2e-3
  config.learning_rate_schedule = "cosine"
  config.epochs = 50
  config.jit_compile = "on"
  return config
