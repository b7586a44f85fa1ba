"""The demo: the paper's MLP on 4,000 MNIST digits that are part of a dependency.

    aevb-train --config=digits --workdir=runs/digits

Expect: test elbo -117.7 +- 0.2 nats (measured: -117.9, -117.6 and -117.7 with seeds 0,
1 and 2), after about a minute of training on two cores, without a download.
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
