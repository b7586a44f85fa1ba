"""The demo: an MLP with 8 latents on 4,000 MNIST digits that are part of a dependency.

    aevb-train --config=digits --workdir=runs/digits

Expect: test elbo -117.0 +- 0.5 nats (measured: -116.8, -117.2 and -117.4 with seeds 0,
1 and 2), after less than a minute of training on two cores, without a download.
"""

import ml_collections

from aevb_tf.configs import base


def get_config() -> ml_collections.ConfigDict:
  """Returns the settings of the demo."""
  config = base.get_config()
  config.name = "digits"
  config.dataset = "digits"
  config.latent_dim = 8
  config.hidden_units = (400, 400)
  config.activation = "relu"
  config.learning_rate = 2e-3
  config.learning_rate_schedule = "cosine"
  config.epochs = 60
  return config
