"""The variance of estimators of the bound's gradient, for the same trained model.

Section 2.2 says that the variance of the score function estimator is too high to be
useful, and section 2.3 that the variance of estimator B is usually lower than that of
A. Here both are measured, for a minibatch of M = 100 and the parameters phi of a
trained encoder:

    variance = E_x[ tr Cov_z( grad_phi (1/M) sum_i L~(x_i) | x ) ],  nats^2,

The estimates are from pairs of gradients g, g' for the same data with different noise:
|g - g'|^2 / 2 has exactly that mean. Each pair has its own minibatch, so that the pairs are
independent, and the standard error of their mean is that of the figure.
"""

import pathlib
from collections.abc import Sequence
from typing import NamedTuple

import ml_collections
import numpy as np
import tensorflow as tf
import tqdm
from matplotlib.figure import Figure as Picture

import aevb_tf as aevb
from aevb_tf import bounds, random
from aevb_tf.evidence import results
from aevb_tf.random import Purpose
from aevb_tf.training import build, run_folder, train
from experiments import files, settings
from experiments.figure import Figure
from experiments.plots.gradient_variance import gradient_variance
from experiments.run import Run

BATCH_SIZE = 100
# Number of minibatches after which the start of a moving average is negligible.
_SETTLING = 300


# Config, its changes, L, and pairs of gradients.
_SCALES = {
  "smoke": ("test", (), (2,), 6),
  "default": ("mnist", ("epochs=20",), (1, 4, 16), 200),
  "full": ("mnist", (), (1, 4, 16, 64), 1000),
}


class Variance(NamedTuple):
  """One point of the figure."""

  estimator: str
  num_samples: int
  variance: float  # nats^2
  standard_error: float


def figure(scale: str, data_dir: str) -> Figure:
  """The experiment at one of `experiments.SCALES`; it trains one model of a config."""
  name, changes, all_num_samples, pairs = _SCALES[scale]
  config = settings.config(name, changes, data_dir)
  return Figure(
    [],
    lambda rows, _: _draw(rows),
    lambda sweep: _tabulate(sweep.workdir, config, all_num_samples, pairs),
  )


def estimators(num_samples: int) -> dict[str, bounds.Bound]:
  """The estimators to compare, by their names in the figure.

  Args:
    num_samples: L, samples of z for each example.
  """
  scores = {
    "score function": None,
    "score function, moving average": "moving_average",
    "score function, leave one out": "leave_one_out",
  }
  found = {
    name: bounds.ScoreFunction(num_samples, baseline)
    for name, baseline in scores.items()
    if num_samples > 1 or baseline != "leave_one_out"
  }
  return found | {
    "SGVB A": bounds.SGVB("A", num_samples),
    "SGVB B": bounds.SGVB("B", num_samples),
  }


def measure(
  vae: aevb.VAE, bound: bounds.Bound, x: np.ndarray, pairs: int, seed: int = 0
) -> np.ndarray:
  """Unbiased estimates of the variance of the encoder's gradient.

  Args:
    vae: A trained model; its own bound is not used.
    bound: The estimator.
    x: float32 `[N, *event_shape]`: pair i has the data from row i * `BATCH_SIZE` on,
      round and round.
    pairs: Number of estimates.
    seed: Seed of the noise.

  Returns:
    float64 `[pairs]`, independent, nats^2.
  """
  model = aevb.VAE(vae.encoder, vae.decoder, prior=vae.prior, bound=bound, seed=seed)
  variables = model.encoder.trainable_variables
  rows = tf.range(BATCH_SIZE)

  # A number becomes a seed inside of the graph: op by op, that takes longer than the
  # gradient.
  @tf.function(autograph=False)
  def gradient(batch, i):
    noise = random.derive(seed, Purpose.EXPERIMENT, i)
    with tf.GradientTape() as tape:
      value = tf.reduce_mean(model.bound_parts(batch, noise, rows, False).bound)
    gradients = tape.gradient(value, variables)
    return tf.concat([tf.reshape(g, [-1]) for g in gradients], axis=0)

  @tf.function(autograph=False)
  def settle(batch, step):
    noise = random.derive(seed, Purpose.SETTLE, step)
    model.bound_parts(batch, noise, rows, training=True)

  def batch(i):
    indices = range(i * BATCH_SIZE, (i + 1) * BATCH_SIZE)
    return tf.constant(x.take(indices, axis=0, mode="wrap"))

  def half_squared_distance(i):
    ours, other = (gradient(batch(i), tf.constant(2 * i + half)) for half in (0, 1))
    return 0.5 * float(tf.reduce_sum((ours - other) ** 2))

  if getattr(bound, "baseline", None) == "moving_average":
    for i in range(_SETTLING):
      settle(batch(i), tf.constant(2 * pairs + i))
  return np.array([half_squared_distance(i) for i in range(pairs)])


def _tabulate(
  workdir: pathlib.Path, config: ml_collections.ConfigDict, all_num_samples, pairs
) -> list[Variance]:
  """Trains a model, unless it exists, and measures every estimator."""
  folder = workdir / "runs" / f"gradient_variance-{Run('aevb', config).key}"
  train.train(config, folder)
  vae = aevb.load(run_folder.RunFolder(folder).model)
  data = build.dataset(config, "train")
  x = np.float32(data.x[data.order(0)]) / (255 if data.x.dtype == np.uint8 else 1)
  requested = [
    (num_samples, name, bound)
    for num_samples in all_num_samples
    for name, bound in estimators(num_samples).items()
  ]
  rows = []
  for num_samples, name, bound in tqdm.tqdm(requested, unit="estimator", disable=None):
    values = files.remember(
      folder / "variance.json",
      f"{name}, L = {num_samples}, {pairs} pairs",
      lambda bound=bound: measure(vae, bound, x, pairs).tolist(),
    )
    error = results.standard_error(np.array(values))
    rows.append(Variance(name, num_samples, float(np.mean(values)), error))
  return rows


def _draw(rows: Sequence[Variance]) -> Picture:
  series = {}
  for row in rows:
    point = row.num_samples, row.variance, row.standard_error
    series.setdefault(row.estimator, []).append(point)
  return gradient_variance({name: np.array(points) for name, points in series.items()})
