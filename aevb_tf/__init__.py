"""Auto-Encoding Variational Bayes for TensorFlow and Keras.

    import aevb_tf as aevb
    vae = aevb.VAE(aevb.networks.MLPEncoder(20), aevb.networks.MLPDecoder((28, 28, 1)))
    vae.compile("adam")
    vae.fit(aevb.data.load("digits"), epochs=10)

References:
  Kingma, Welling. Auto-encoding variational Bayes. arXiv:1312.6114.
"""

import importlib
from typing import Any

from aevb_tf import quiet as _quiet  # noqa: F401, it imports TensorFlow

# isort: split
from aevb_tf import (
  bounds,
  conditions,
  data,
  distributions,
  evidence,
  imputation,
  likelihoods,
  networks,
  plots,
  posteriors,
  priors,
  random,
  reparameterization,
  tables,
  tasks,
)
from aevb_tf.models import (
  VAE,
  FullVB,
  MonteCarloEM,
  NonFiniteError,
  SemiSupervisedVAE,
  WakeSleep,
)
from aevb_tf.saving import load
from aevb_tf.version import __version__

__all__ = [
  "VAE",
  "FullVB",
  "MonteCarloEM",
  "NonFiniteError",
  "SemiSupervisedVAE",
  "WakeSleep",
  "__version__",
  "bounds",
  "conditions",
  "data",
  "distributions",
  "evidence",
  "imputation",
  "likelihoods",
  "load",
  "networks",
  "plots",
  "posteriors",
  "priors",
  "random",
  "reparameterization",
  "tables",
  "tasks",
]


def __getattr__(name: str) -> Any:
  if name == "export":  # imported on first use, since most programs do not export
    return importlib.import_module("aevb_tf.export")
  raise AttributeError(f"module 'aevb_tf' has no attribute {name!r}")


def __dir__() -> list[str]:
  return sorted([*__all__, "export"])
