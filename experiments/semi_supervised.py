"""Semi-supervised classification of MNIST: M2, and M2 on the latents of M1.

Table 1 of Kingma et al. (2014) has the test errors with 100 to 3,000 labels. M2 is a
`SemiSupervisedVAE` of the pixels. M1+M2 is one of the latents of a `VAE`: its training
examples are draws of q(z|x), new ones in each epoch, and a test example is classified
at the mean. Beside them is the same classifier, trained on the labels alone.

The networks are smaller than those of the paper, and trained for fewer epochs, in which
the classifier learns too little from alpha = 0.1. Here it is 20: of 1, 5, 20 and 60 it
had the smallest error on the last 10,000 training images, with 100 labels among the
others and a seed that the experiment does not use. A seed chooses the labelled examples,
equally many of each class, and the initial weights. M1 is trained once, for all of them.

References:
  Kingma, Rezende, Mohamed, Welling. Semi-supervised learning with deep generative
    models. NeurIPS 2014.
"""

import functools
import math
import pathlib
import time
from collections.abc import Sequence
from typing import NamedTuple

import keras
import numpy as np
import tqdm
from matplotlib.figure import Figure as Picture

import aevb_tf as aevb
from aevb_tf import random
from aevb_tf.data import SemiSupervisedDataset
from aevb_tf.random import Purpose
from aevb_tf.training import build
from experiments import files, settings
from experiments.figure import Figure
from experiments.plots.intervals import intervals

NUM_CLASSES = 10
_LEARNING_RATE = 2e-3
LABELS_ALONE, M2, M1_M2 = "labels alone", "M2", "M1+M2"
# Table 1: test error in percent and its standard deviation; "NN" is of labels alone.
PUBLISHED = {
  (LABELS_ALONE, 100): (25.81, math.nan),
  (LABELS_ALONE, 1000): (10.70, math.nan),
  (M2, 100): (11.97, 1.71),
  (M2, 1000): (3.60, 0.56),
  (M1_M2, 100): (3.33, 0.14),
  (M1_M2, 1000): (2.40, 0.02),
}


class Scale(NamedTuple):
  """How long an experiment is.

  Attributes:
    dataset: As in a config.
    labels: Numbers of labels.
    seeds: Number of seeds.
    units: Width of the hidden layer of all networks but those of M1.
    m1_units: Width of the hidden layers of M1.
    latent_dim: Number of latents of M1, and of M2.
    epochs: Of labels alone, M1, M2 and M1+M2.
    alpha: As in `SemiSupervisedVAE`; 0.1 in the paper.
    labelled: Labelled examples in a batch, beside 100 others.
  """

  dataset: str
  labels: tuple[int, ...]
  seeds: int
  units: int
  m1_units: tuple[int, ...]
  latent_dim: int
  epochs: tuple[int, int, int, int]
  alpha: float = 0.1
  labelled: int = 20


_SCALES = {
  "smoke": Scale("digits", (100,), 1, 8, (8,), 3, (2, 1, 1, 1)),
  "default": Scale("mnist", (100, 1000), 3, 200, (500,), 50, (100, 30, 20, 60), 20.0),
  "full": Scale("mnist", (100, 1000), 10, 500, (600, 600), 50, (100, 500, 500, 500)),
}


class Result(NamedTuple):
  """A row of the table."""

  method: str
  dataset: str
  labels: int
  seed: int
  epochs: int
  error: float  # percent of the test examples
  seconds: float


class Data(NamedTuple):
  """Images in [0, 1], float32, and their classes, int32."""

  x: np.ndarray
  y: np.ndarray
  test_x: np.ndarray
  test_y: np.ndarray


def figure(scale: str, data_dir: str) -> Figure:
  """The experiment at one of `experiments.SCALES`."""
  chosen = _SCALES[scale]
  return Figure(
    [],
    lambda rows, _: _draw(rows),
    lambda sweep: _tabulate(sweep.workdir, chosen, data_dir),
  )


def with_labels(y: np.ndarray, count: int, seed: int) -> np.ndarray:
  """Keeps `count` labels, equally many of each class; the others become -1.

  Args:
    y: int `[n]`, 0 to 9.
    count: Number of labels to keep.
    seed: Chooses them.
  """
  rng = np.random.default_rng(seed)
  kept = np.full(len(y), -1, np.int32)
  for label in range(NUM_CLASSES):
    rows = rng.permutation(np.flatnonzero(y == label))[: count // NUM_CLASSES]
    kept[rows] = label
  return kept


def labels_alone(data: Data, y: np.ndarray, scale: Scale, seed: int) -> float:
  """The test error of the classifier of M2 that is trained on the labels alone."""
  keras.utils.set_random_seed(seed)
  model = _classifier(scale)
  loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
  model.compile("adam", loss)
  rows = y >= 0
  model.fit(data.x[rows], y[rows], batch_size=50, epochs=scale.epochs[0], verbose=0)
  return _error(model.predict(data.test_x, verbose=0), data.test_y)


def m2(data: Data, y: np.ndarray, scale: Scale, seed: int) -> float:
  """The test error of M2 on pixels, which are binarized in each epoch."""
  batches = _batches(data.x, y, scale, seed, binarization="stochastic")
  decoder = functools.partial(aevb.networks.MLPDecoder, likelihood="bernoulli")
  model = _semi_supervised(batches, decoder, scale, seed)
  model.fit(batches, epochs=scale.epochs[2], verbose=0)
  return _error(model.classify(data.test_x), data.test_y)


def m1(data: Data, scale: Scale) -> aevb.VAE:
  """M1, trained on all images without their labels."""
  keras.utils.set_random_seed(0)
  options = {"hidden_units": scale.m1_units, "activation": "relu"}
  model = aevb.VAE(
    aevb.networks.MLPEncoder(scale.latent_dim, **options),
    aevb.networks.MLPDecoder(data.x.shape[1:], **options),
    seed=0,
  )
  model.compile(keras.optimizers.Adam(_LEARNING_RATE))
  images = aevb.data.ArrayDataset(
    data.x, shuffle=True, binarization="stochastic", drop_remainder=True
  )
  model.fit(images, epochs=scale.epochs[1], verbose=0)
  return model


def m1_m2(model: aevb.VAE, data: Data, y: np.ndarray, scale: Scale, seed: int) -> float:
  """The test error of M2 on the latents of M1."""
  q = [model.encode(part) for part in np.array_split(data.x, 10)]
  mean = np.concatenate([each.mean() for each in q])
  stddev = np.concatenate([each.stddev() for each in q])
  decoder = functools.partial(aevb.networks.MLPDecoder, likelihood="gaussian")
  second = None
  for epoch in range(scale.epochs[3]):
    key = random.derive(seed, Purpose.EXPERIMENT, epoch)
    noise = random.normal(key, np.arange(len(mean), dtype=np.int32), mean.shape[1])
    batches = _batches(mean + stddev * noise, y, scale, seed)
    if second is None:
      second = _semi_supervised(batches, decoder, scale, seed)
    second.fit(batches, initial_epoch=epoch, epochs=epoch + 1, verbose=0)
  logits = second.classify(model.encode(data.test_x).mean())
  return _error(logits, data.test_y)


def _batches(x, y, scale, seed, **options):
  size = 100 + scale.labelled
  return SemiSupervisedDataset(x, y, size, scale.labelled, seed, **options)


def _semi_supervised(batches, decoder, scale, seed):
  keras.utils.set_random_seed(seed)
  options = {"hidden_units": (scale.units,), "activation": "relu"}
  model = aevb.SemiSupervisedVAE(
    aevb.networks.MLPEncoder(scale.latent_dim, **options),
    decoder(batches.event_shape, **options),
    _classifier(scale),
    NUM_CLASSES,
    batches.labelled_fraction,
    scale.alpha,
    seed=seed,
  )
  model.compile(keras.optimizers.Adam(_LEARNING_RATE))
  return model


def _classifier(scale):
  layers = keras.layers
  return keras.Sequential(
    [
      layers.Flatten(),
      layers.Dense(scale.units, "relu"),
      layers.Dense(NUM_CLASSES),
    ]
  )


def _error(scores, y):
  """Percent of the examples whose largest score is not that of their class."""
  return 100.0 * float(np.mean(np.argmax(scores, axis=1) != y))


def _data(dataset: str, data_dir: str) -> Data:
  config = settings.config("mnist_paper", (f"dataset={dataset}",), data_dir)
  train, test = (build.dataset(config, name) for name in ("train", "test"))
  return Data(*_arrays(train), *_arrays(test))


def _arrays(data):
  return np.float32(data.x) / (255 if data.x.dtype == np.uint8 else 1), data.y


def _tabulate(workdir: pathlib.Path, scale: Scale, data_dir: str) -> list[Result]:
  """Trains and tests all models; those of earlier calls are reused."""
  data = _data(scale.dataset, data_dir)
  folder = (
    workdir / "runs" / f"semi_supervised-{scale.dataset}-{scale.units}-{scale.alpha:g}"
  )
  folder.mkdir(parents=True, exist_ok=True)
  path = folder / f"m1-{scale.epochs[1]}.keras"

  def features():
    if not path.exists():
      m1(data, scale).save(path)
    return aevb.load(path)

  methods = {
    LABELS_ALONE: (labels_alone, scale.epochs[0]),
    M1_M2: (lambda *given: m1_m2(features(), *given), scale.epochs[3]),
    M2: (m2, scale.epochs[2]),
  }
  requested = [
    (method, labels, seed)
    for seed in range(scale.seeds)
    for method in methods
    for labels in scale.labels
  ]

  def result(method, labels, seed):
    function, epochs = methods[method]
    error, seconds = files.remember(
      folder / "errors.json",
      f"{method}, {labels} labels, seed {seed}, {epochs} epochs",
      lambda: _timed(function, data, with_labels(data.y, labels, seed), scale, seed),
    )
    return Result(method, scale.dataset, labels, seed, epochs, error, seconds)

  return [result(*each) for each in tqdm.tqdm(requested, unit="model", disable=None)]


def _timed(function, *given):
  start = time.perf_counter()
  return function(*given), time.perf_counter() - start


def summary(rows: Sequence[Result], method: str, labels: int) -> tuple[float, float]:
  """The mean error over seeds, and its standard deviation; NaN for one seed.

  Args:
    rows: The table.
    method: The method.
    labels: The number of labels.
  """
  errors = [r.error for r in rows if (r.method, r.labels) == (method, labels)]
  if not errors:
    raise ValueError(f"The table has no {method} with {labels} labels.")
  deviation = float(np.std(errors, ddof=1)) if len(errors) > 1 else float("nan")
  return float(np.mean(errors)), deviation


def _draw(rows: Sequence[Result]) -> Picture:
  groups = {}
  for labels in dict.fromkeys(row.labels for row in rows):
    group = groups.setdefault(f"{labels:,} labels", {})
    for method in dict.fromkeys(row.method for row in rows):
      mean, deviation = summary(rows, method, labels)
      count = sum((r.method, r.labels) == (method, labels) for r in rows)
      error = 0.0 if np.isnan(deviation) else deviation / np.sqrt(count)
      group[method] = (mean, error, method == M1_M2)
      published = PUBLISHED.get((method, labels))
      if published:
        group[f"{method}, published"] = (published[0], 0.0, False)
  return intervals(groups, title="MNIST with few labels", xlabel="test error, percent")
