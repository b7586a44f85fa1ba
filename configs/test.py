"""A tiny model for a few seconds: drives the end-to-end tests, means nothing.

    aevb-train --config=test --workdir=runs/test

Expect: an end within a minute, and no figure worth keeping.
"""

import ml_collections

from aevb_tf.configs import base


def get_config() -> ml_collections.ConfigDict:
  """Returns settings that run through everything quickly."""
  config = base.get_config()
  config.name = "test"
  config.dataset = "digits"
  config.batch_size = 500
  config.hidden_units = (16,)
  config.latent_dim = 2
  config.epochs = 2
  return config
