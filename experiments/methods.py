"""The methods that the paper compares, by the names that tables have for them.

| name         | model          | in the paper |
|--------------|----------------|--------------|
| `aevb`       | `VAE`          | section 3    |
| `wake_sleep` | `WakeSleep`    | section 5    |
| `mcem`       | `MonteCarloEM` | App. E       |
| `mcem_fresh` | the same       | App. E       |
| `mcem_jumps` | the same       | App. E       |
| `full_vb`    | `FullVB`       | App. F       |

All have the networks, the prior, the optimizer and the seed of one config. In `mcem` the
10 leapfrog steps of App. E resume where the example's last ended; in `mcem_fresh` a
visit begins anew, at a draw of the prior, and takes ten times as many. In `mcem_jumps`
they resume where they were, or at one of 1,000 draws of the prior.
"""

import functools
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
  "mcem_fresh": "MCEM, fresh chains",
  "mcem_jumps": "MCEM, chains that jump",
  "full_vb": "Full VB",
}


def _wake_sleep(config, encoder, decoder, **options):
  return aevb.WakeSleep(encoder, decoder, **options)


_CHAINS = {
  "mcem": {"persistent_transitions": 1},
  "mcem_fresh": {"num_transitions": 10},
  "mcem_jumps": {"persistent_transitions": 1, "candidates": 1000},
}
_LEAPFROG_STEPS, _UPDATES = 10, 5


def _mcem(chain, config, encoder, decoder, **options):
  return aevb.MonteCarloEM(
    decoder,
    config.latent_dim,
    leapfrog_steps=_LEAPFROG_STEPS,
    num_updates=_UPDATES,
    **_CHAINS[chain],
    **options,
  )


def _full_vb(config, encoder, decoder, parameter_prior_stddev, **options):
  bound = build.part(config, "bound")
  stddev = {"weight_prior_stddev": parameter_prior_stddev or 1.0}
  return aevb.FullVB(encoder, decoder, bound=bound, **stddev, **options)


# None is what `build.model` makes by itself.
_MAKERS = {
  "aevb": None,
  "wake_sleep": _wake_sleep,
  **{chain: functools.partial(_mcem, chain) for chain in _CHAINS},
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


def evaluations(method: str) -> int:
  """How often a visit of an example takes its likelihood and the gradient.

  "Training samples evaluated" counts these: one for the methods with an encoder; for
  Monte Carlo EM one for each leapfrog step and for each update. The draws that a chain
  chooses among, without a gradient and decoded for all data at once, are not counted.
  """
  chain = _CHAINS.get(method)
  if chain is None:
    return 1
  transitions = chain.get("persistent_transitions") or chain["num_transitions"]
  return transitions * _LEAPFROG_STEPS + _UPDATES
