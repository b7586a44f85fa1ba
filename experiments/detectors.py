"""Detectors of outliers in tables: a VAE with several scores, and those of the field.

Each takes normal rows and rows of a test, in standard units, and returns scores. The
settings of the VAE are the same for all tables. The others are PyOD's, with its default
settings; its VAE needs PyTorch: `pip install pyod torch`.
"""

import importlib
import warnings
from collections.abc import Callable, Mapping

import keras
import numpy as np

import aevb_tf as aevb
from aevb_tf.tasks import AnomalyDetector

DEFAULT = "nearest"
# Those of the scores that take little time.
OURS = (
  DEFAULT,
  "nearest_features",
  "mahalanobis",
  "reconstruction",
  "elbo",
  "log_marginal",
)
_MOST_LATENTS, _HIDDEN_UNITS = 8, (64, 64)
_UPDATES, _BATCH_SIZE = 3_000, 64


def vae_scores(
  train: np.ndarray, test: np.ndarray, seed: int, updates: int = _UPDATES
) -> dict[str, np.ndarray]:
  """The scores of a VAE that is trained on normal rows.

  Args:
    train: Normal rows, float32 `[N, D]`.
    test: float32 `[M, D]`.
    seed: Seed of weights, noise and order.
    updates: Of the model.

  Returns:
    Name of the score to float32 `[M]`.
  """
  keras.utils.set_random_seed(seed)
  dim = train.shape[1]
  units = {"hidden_units": _HIDDEN_UNITS, "activation": "relu"}
  vae = aevb.VAE(
    aevb.networks.MLPEncoder(min(_MOST_LATENTS, dim), **units),
    aevb.networks.MLPDecoder((dim,), **units, likelihood="gaussian"),
    seed=seed,
  )
  vae.compile(keras.optimizers.Adam(1e-3))
  # Small tables have short epochs, which take longer to begin than to compute: all of
  # them are one.
  rng = np.random.default_rng(seed)
  epochs = -(-updates * _BATCH_SIZE // len(train))
  rows = np.concatenate([rng.permutation(len(train)) for _ in range(epochs)])
  rows = rows[: updates * _BATCH_SIZE]
  vae.fit(train[rows], epochs=1, batch_size=_BATCH_SIZE, shuffle=False, verbose=0)
  return {
    score: AnomalyDetector(vae, score, seed=seed).fit(train).scores(test)
    for score in OURS
  }


def _pyod(module: str, name: str, has_seed: bool = False) -> Callable:
  """A detector of PyOD, by its module and the name of its class."""

  def scores(train: np.ndarray, test: np.ndarray, seed: int) -> np.ndarray:
    cls = getattr(importlib.import_module(f"pyod.models.{module}"), name)
    options = {"random_state": seed} if has_seed else {}
    if name == "VAE":
      options["verbose"] = 0
    with warnings.catch_warnings():
      warnings.simplefilter("ignore")
      return cls(**options).fit(train).decision_function(test)

  return scores


PEERS: Mapping[str, Callable[[np.ndarray, np.ndarray, int], np.ndarray]] = {
  "kNN": _pyod("knn", "KNN"),
  "isolation forest": _pyod("iforest", "IForest", has_seed=True),
  "ECOD": _pyod("ecod", "ECOD"),
  "COPOD": _pyod("copod", "COPOD"),
  "PyOD VAE": _pyod("vae", "VAE", has_seed=True),
}
