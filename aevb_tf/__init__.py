"""Auto-Encoding Variational Bayes for TensorFlow and Keras.

    import aevb_tf as aevb
    vae = aevb.VAE(aevb.networks.MLPEncoder(20), aevb.networks.MLPDecoder((28, 28, 1)))
    vae.compile("adam")
    vae.fit(aevb.data.load("digits"), epochs=10)

References:
  Kingma, Welling. Auto-encoding variational Bayes. arXiv:1312.6114.
"""

import importlib
from typing import TYPE_CHECKING, Any

from aevb_tf import launch
from aevb_tf.version import __version__

_HOMES = {
  "VAE": "models",
  "WakeSleep": "models",
  "MonteCarloEM": "models",
  "FullVB": "models",
  "NonFiniteError": "models",
  "load": "saving",
}

__all__ = [
  "VAE",
  "FullVB",
  "MonteCarloEM",
  "NonFiniteError",
  "WakeSleep",
  "__version__",
  "bounds",
  "data",
  "distributions",
  "evidence",
  "likelihoods",
  "load",
  "networks",
  "plots",
  "posteriors",
  "priors",
  "random",
  "reparameterization",
]

if TYPE_CHECKING:
  from aevb_tf import (
    bounds,
    data,
    distributions,
    evidence,
    likelihoods,
    networks,
    plots,
    posteriors,
    priors,
    random,
    reparameterization,
  )
  from aevb_tf.models import VAE, FullVB, MonteCarloEM, NonFiniteError, WakeSleep
  from aevb_tf.saving import load


def __getattr__(name: str) -> Any:
  if name in _HOMES:
    return getattr(importlib.import_module(f"aevb_tf.{_HOMES[name]}"), name)
  if name in __all__ or name == "export":  # not in `*`: most programs export nothing
    return importlib.import_module(f"aevb_tf.{name}")
  raise AttributeError(f"module 'aevb_tf' has no attribute {name!r}")


def __dir__() -> list[str]:
  return sorted({*globals(), *__all__, "export"})


if not launch.is_by_command():
  for _name in set(__all__) - {"__version__"}:
    __getattr__(_name)
