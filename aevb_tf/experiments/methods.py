"""The methods that the paper compares, by the names that tables have for them.

| name         | model          | in the paper |
|--------------|----------------|--------------|
| `aevb`       | `VAE`          | section 3    |
| `wake_sleep` | `WakeSleep`    | section 5    |
| `mcem`       | `MonteCarloEM` | App. E       |
| `full_vb`    | `FullVB`       | App. F       |

All have the networks, the prior, the optimizer and the seed of one config.
"""

from typing import Any

import keras
import ml_collections

import aevb_tf as aevb
from aevb_tf.training import build

# How figures and pages spell them.
TITLES = {
  "aevb": "AEVB",
  "wake_sleep": "Wake-sleep",
  "mcem": "MCEM",
  "full_vb": "Full VB",
}


def _wake_sleep(config, encoder, decoder, **options):
  return aevb.WakeSleep(encoder, decoder, **options)


def _mcem(config, encoder, decoder, **options):
  return aevb.MonteCarloEM(decoder, config.latent_dim, **options)


def _full_vb(config, encoder, decoder, parameter_prior_stddev, **options):
  bound = build.part(config, "bound")
  stddev = {"weight_prior_stddev": parameter_prior_stddev or 1.0}
  return aevb.FullVB(encoder, decoder, bound=bound, **stddev, **options)


# None is what `build.model` makes by itself.
_MAKERS = {
  "aevb": None,
  "wake_sleep": _wake_sleep,
  "mcem": _mcem,
  "full_vb": _full_vb,
}


def model(method: str, config: ml_collections.ConfigDict, data: Any) -> keras.Model:
  """A model to be trained by a method, compiled, with weights from the config's seed.

  Args:
    method: One of `TITLES`.
    config: The config.
    data: The training data.
  """
  build.check(config)
  return build.model(config, data, _MAKERS[method])
