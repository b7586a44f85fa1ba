"""Anomaly detection: each digit held out of the normal ones, and each digit alone.

A VAE is trained on normal digits, and an `AnomalyDetector` scores all test digits, by
every score of `aevb_tf.tasks.scores`. There are two settings:

    held out   normal are the nine other digits, and the digit is the anomaly
    alone      normal is the digit, and the nine others are anomalies

A row has the AUROC of one model, and what a threshold for 5% of false alarms does, which
is set by normal training examples that the model has not seen. The networks are 784-500-J,
with ReLU and Adam, and all models are trained for the same number of updates, 12 epochs
of nine digits. The background model of `likelihood_ratio` is trained for a quarter of
that, on the same examples with 30% of the pixels replaced by noise.

References:
  Tonnaer. Active learning in VAE latent space. Master's thesis, TU Eindhoven, 2017.
"""

import pathlib
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import keras
import numpy as np
import tqdm
from matplotlib.figure import Figure as Picture

import aevb_tf as aevb
from aevb_tf.tasks import AnomalyDetector, scores
from experiments import detection, files
from experiments.figure import Figure
from experiments.plots.intervals import intervals

SETTINGS = ("held out", "alone")
DIGITS = range(10)
DEFAULT = "nearest_features"
# AUROC of held-out digits 0 to 9 by the bound: Tonnaer, table 3.3, by number of latents.
PUBLISHED = {
  2: (0.96, 0.73, 0.97, 0.94, 0.73, 0.92, 0.95, 0.77, 0.92, 0.66),
  32: (0.81, 0.09, 0.92, 0.87, 0.78, 0.86, 0.87, 0.51, 0.89, 0.58),
}
_BATCH_SIZE, _NOISE = 100, 0.3
# Scores that take long are measured on the first test digits.
_COSTLY, _FEW = ("likelihood_regret", "log_marginal"), 2000


class Scale(NamedTuple):
  """The size of the experiment.

  Attributes:
    dataset: As in `aevb_tf.data.load`.
    digits: Digits that are held out, or alone.
    seeds: Seeds of weights, noise and order.
    hidden_units: Of encoder and decoder.
    latent_dim: J.
    updates: Of every model.
    num_calibration: Normal examples that set the threshold.
    num_test: The first so many test digits are used.
  """

  dataset: str
  digits: Sequence[int]
  seeds: Sequence[int]
  hidden_units: int
  latent_dim: int
  updates: int
  num_calibration: int
  num_test: int


_SCALES = {
  "smoke": Scale("digits", (1,), (0,), 16, 4, 40, 100, 200),
  "default": Scale("mnist", DIGITS, (0, 1, 2), 500, 20, 6_500, 500, 10_000),
  "full": Scale("mnist", DIGITS, range(10), 500, 20, 6_500, 500, 10_000),
}


class Anomaly(NamedTuple):
  """A row of the table: one score of one model."""

  setting: str
  dataset: str
  digit: int
  seed: int
  score: str
  auroc: float
  false_alarms: float
  detected: float
  seconds: float  # of all scores of the test digits


def figure(scale: str, data_dir: str) -> Figure:
  """The experiment at one of `experiments.SCALES`."""
  return Figure(
    [],
    lambda rows, _: draw(rows),
    lambda sweep: _tabulate(sweep.workdir, _SCALES[scale], data_dir),
  )


def _tabulate(workdir: pathlib.Path, scale: Scale, data_dir: str) -> list[Anomaly]:
  """Trains and scores every cell; results in the folder are not repeated."""
  folder = workdir / "anomalies"
  folder.mkdir(parents=True, exist_ok=True)
  splits = [
    aevb.data.load(scale.dataset, split, data_dir=data_dir or None, shuffle=False)
    for split in ("train", "test")
  ]
  (train, train_digits), (test, test_digits) = (
    (np.float32(split.x) / 255, np.asarray(split.y)) for split in splits
  )
  test, test_digits = test[: scale.num_test], test_digits[: scale.num_test]
  settings = scale._replace(digits=(), seeds=())  # of each cell
  cells = [(k, d, s) for s in scale.seeds for k in SETTINGS for d in scale.digits]
  rows = []
  for setting, digit, seed in tqdm.tqdm(cells, unit="model", disable=None):
    is_alone = setting == "alone"
    normal = train[(train_digits == digit) == is_alone]
    is_anomaly = (test_digits == digit) != is_alone
    found = files.remember(
      folder / f"{scale.dataset}_{setting.replace(' ', '_')}.json",
      f"digit {digit}, seed {seed}, {settings}",
      lambda cell=(normal, test, is_anomaly, seed): dict(measure(scale, *cell)),
    )
    rows += [
      Anomaly(setting, scale.dataset, digit, seed, score, *values)
      for score, values in found.items()
    ]
  return rows


def measure(
  scale: Scale, normal: np.ndarray, test: np.ndarray, is_anomaly: np.ndarray, seed: int
) -> Iterator[tuple[str, list[float]]]:
  """Trains on normal examples, and yields each score: its name, and what it detects.

  Args:
    scale: The size of the experiment.
    normal: Normal training examples, float32 `[N, 28, 28, 1]`. The last
      `scale.num_calibration` of them are not trained on.
    test: Test examples, float32 `[M, 28, 28, 1]`.
    is_anomaly: bool `[M]`.
    seed: Seed of weights, noise and order.
  """
  fitted, held_out = (
    normal[: -scale.num_calibration],
    normal[-scale.num_calibration :],
  )
  vae = _trained(scale, fitted, scale.updates, seed)
  rng = np.random.default_rng(seed)
  noisy = np.where(
    rng.random(fitted.shape) < _NOISE, rng.random(fitted.shape), fitted
  ).astype(np.float32)
  background = _trained(scale, noisy, scale.updates // 4, seed)
  for name in scores.names():
    options = {"background": background} if name == "likelihood_ratio" else {}
    detector = AnomalyDetector(vae, {"name": name, **options}, seed=seed).fit(fitted)
    detector.fit_threshold(held_out, detection.RATE)
    count = _FEW if name in _COSTLY else len(test)
    start = time.perf_counter()
    values = detector.scores(test[:count])
    seconds = time.perf_counter() - start
    is_alarm = values > np.float32(detector.threshold)
    yield name, [*detection.detected(values, is_anomaly[:count], is_alarm), seconds]


def _trained(scale: Scale, x: np.ndarray, updates: int, seed: int) -> aevb.VAE:
  keras.utils.set_random_seed(seed)
  units = {"hidden_units": (scale.hidden_units,), "activation": "relu"}
  vae = aevb.VAE(
    aevb.networks.MLPEncoder(scale.latent_dim, **units),
    aevb.networks.MLPDecoder(x.shape[1:], **units),
    seed=seed,
  )
  vae.compile(keras.optimizers.Adam(1e-3))
  epochs = round(updates * _BATCH_SIZE / len(x)) or 1
  vae.fit(x, epochs=epochs, batch_size=_BATCH_SIZE, verbose=0)
  return vae


def means(rows: Sequence[Anomaly], setting: str) -> dict[str, dict[int, float]]:
  """The mean AUROC over seeds, by score and digit."""
  values: dict[str, dict[int, list[float]]] = {}
  for row in rows:
    if row.setting == setting:
      values.setdefault(row.score, {}).setdefault(row.digit, []).append(row.auroc)
  return {
    score: {digit: float(np.mean(found)) for digit, found in sorted(of_digit.items())}
    for score, of_digit in values.items()
  }


def draw(rows: Sequence[Anomaly]) -> Picture:
  """The mean AUROC over digits, and its standard error, for each score."""
  groups: dict[str, dict] = {}
  for setting in dict.fromkeys(row.setting for row in rows):
    for score, of_digit in means(rows, setting).items():
      values = list(of_digit.values())
      error = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
      entry = (float(np.mean(values)), float(error), score == DEFAULT)
      groups.setdefault(f"digit {setting}", {})[score.replace("_", " ")] = entry
  return intervals(groups, title="Anomaly detection with digits", xlabel="AUROC")
