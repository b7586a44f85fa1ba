"""A tiny model for the end-to-end tests, which trains in a few seconds.

    aevb-train --config=test --workdir=runs/test

Expect: it finishes within a minute; the results are meaningless.
"""

import ml_collections

from aevb_tf.configs import base


def get_config() -> ml_collections.ConfigDict:
  """Returns settings for a quick run of all steps."""
  config = base.get_config()
  config.name = "test"
  config.dataset = "digits"
  config.batch_size = 500
  config.hidden_units = (16,)
  config.latent_dim = 2
  config.epochs = 2
  return config
