"""The demo: the paper's MLP on 4,000 real MNIST digits that come with a dependency.

    aevb-train --config=digits --workdir=runs/digits

Under two minutes of training on two cores, and no download.
"""

import ml_collections

from aevb_tf.configs import base


def get_config() -> ml_collections.ConfigDict:
  """Returns the settings of the demo."""
  config = base.get_config()
  config.name = "digits"
  config.dataset = "digits"
  config.latent_dim = 20
  config.learning_rate_schedule = "cosine"
  config.epochs = 100
  return config
