"""Restored images of a model, beside those of methods without one.

Test images of MNIST and of the Frey faces are corrupted: by Gaussian noise, by a missing
lower half, by a lower resolution. Each method restores the same images:

* the corrupted image itself, with missing pixels at the mean of the training images, and
  each pixel of low resolution repeated over its block
* a median filter of 3 by 3 pixels (noise only), and bicubic interpolation (resolution only)
* probabilistic PCA with as many components as the model has latents, fitted to the training
  images: x ~ N(mu, C), y = A x + noise, and its answer is the exact E[x|y]
* the model: `tasks.denoise`, `tasks.inpaint`, `tasks.super_resolve`

The peak signal-to-noise ratio is -10 log10 of the mean squared error of an image with
pixels in [0, 1], in decibels. The log-likelihood is the density of the clean pixels under
independent normals, whose means are the answer and whose standard deviations are what the
method says, in nats per pixel. A method that says nothing has one standard deviation for
all pixels, the root-mean-square error on as many training images. A missing half is
measured over its pixels alone.
"""

import functools
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy.ndimage
import scipy.stats
import tensorflow as tf
import tqdm
from matplotlib.figure import Figure as Picture
from sklearn.decomposition import PCA

import aevb_tf as aevb
from aevb_tf import tasks
from aevb_tf.evidence import results
from aevb_tf.training import build, run_folder, train
from experiments import files, settings
from experiments.figure import Figure
from experiments.plots.intervals import intervals
from experiments.run import Run

_SHARED = "likelihood={'name': 'gaussian', 'unit_mean': True, 'scale': 'shared'}"
# Config -> its changes; the numbers of images and of posterior samples.
_SCALES: dict[str, tuple[dict[str, tuple[str, ...]], int, dict[str, int]]] = {
  "smoke": (
    {"test": (_SHARED,)},
    3,
    {"num_samples": 20, "num_chains": 2, "burn_in": 10, "refine_steps": 20},
  ),
  "default": (
    {"mnist": ("epochs=20", _SHARED), "frey_face": ("epochs=500",)},
    50,
    {"num_samples": 100},
  ),
  "full": (
    {"mnist": (_SHARED,), "frey_face": ("epochs=2000",)},
    1000,
    {"num_samples": 200},
  ),
}
_LOW_NOISE = 0.02  # of images of low resolution
MODEL = "model"


class Score(NamedTuple):
  """One method for one corruption, means over images."""

  corruption: str
  dataset: str
  method: str
  images: int
  psnr: float  # dB
  psnr_error: float  # standard error over images
  log_likelihood: float  # nats per pixel
  log_likelihood_error: float


class Answer(NamedTuple):
  """Restored images `[n, height, width, 1]`, and the standard deviations, if known."""

  mean: np.ndarray
  stddev: np.ndarray | None = None


class Corruption(NamedTuple):
  """A corruption, y = A x + noise, and the methods that know it.

  Attributes:
    matrix: A, `[pixels of y, pixels of x]`.
    scale: Standard deviation of the noise.
    spread: y -> images of the shape of x.
    restore: A model, y and options -> its answer.
    simple: Name -> spread y -> images of a simple method.
    measured: Which pixels are measured, bool `[height, width, 1]`.
  """

  matrix: np.ndarray
  scale: float
  spread: Callable[[np.ndarray], np.ndarray]
  restore: Callable[[Any, np.ndarray, dict], Answer]
  simple: Mapping[str, Callable[[np.ndarray], np.ndarray]]
  measured: np.ndarray

  def corrupt(self, x: np.ndarray, seed: int) -> np.ndarray:
    """y of images x, `[n, pixels of y]`."""
    y = x.reshape(len(x), -1) @ self.matrix.T
    rng = np.random.default_rng(seed)
    return np.float32(y + self.scale * rng.normal(size=y.shape))


def figure(scale: str, data_dir: str) -> Figure:
  """The experiment at one of `experiments.SCALES`; it trains one model of each config."""
  models, images, options = _SCALES[scale]
  configs = [settings.config(name, more, data_dir) for name, more in models.items()]
  return Figure(
    [],
    lambda rows, _: _draw(rows),
    lambda sweep: [
      row for config in configs for row in _rows(sweep.workdir, config, images, options)
    ],
  )


def corruptions(height: int, width: int, mean: np.ndarray) -> dict[str, Corruption]:
  """The corruptions of images with one channel.

  Args:
    height: Of an image.
    width: Of an image.
    mean: The mean of the training images, `[height, width, 1]`.
  """
  pixels = height * width
  shape = (-1, height, width, 1)
  everything = np.ones((height, width, 1), bool)
  upper = everything.copy()
  upper[height // 2 :] = False

  def noise(scale):
    def restore(vae, y, options):
      given = {"name": "gaussian", "scale": scale}
      found = tasks.denoise(vae, y.reshape(shape), given, **options)
      return Answer(found.mean, found.stddev)

    simple = {"median filter": lambda y: scipy.ndimage.median_filter(y, (1, 3, 3, 1))}
    return Corruption(
      np.eye(pixels), scale, lambda y: y.reshape(shape), restore, simple, everything
    )

  def fill(y):
    x = np.repeat(mean[np.newaxis], len(y), axis=0)
    x[:, upper] = y
    return x

  def inpaint(vae, y, options):
    found = tasks.inpaint(vae, fill(y), upper, **options)
    return Answer(found.mean, found.stddev)

  def low(factor):
    small = (-1, height // factor, width // factor, 1)

    def restore(vae, y, options):
      y = y.reshape(small)
      found = tasks.super_resolve(vae, y, factor, _LOW_NOISE, **options)
      return Answer(found.mean, found.stddev)

    def spread(y):
      return y.reshape(small).repeat(factor, axis=1).repeat(factor, axis=2)

    def bicubic(x):
      y = x[:, ::factor, ::factor]
      return np.asarray(tf.image.resize(y, (height, width), method="bicubic"))

    blocks = [
      np.kron(np.eye(size // factor), np.full((1, factor), 1 / factor))
      for size in (height, width)
    ]
    matrix = np.kron(*blocks)
    simple = {"bicubic interpolation": bicubic}
    return Corruption(matrix, _LOW_NOISE, spread, restore, simple, everything)

  return {
    "noise 0.2": noise(0.2),
    "noise 0.5": noise(0.5),
    "lower half missing": Corruption(
      np.eye(pixels)[upper.ravel()], 0.0, fill, inpaint, {}, ~upper
    ),
    "resolution 1/2": low(2),
    "resolution 1/4": low(4),
  }


def linear_answer(
  pca: PCA, corruption: Corruption, y: np.ndarray, shape: Sequence[int]
) -> Answer:
  """E[x|y] and its standard deviations, of probabilistic PCA."""
  covariance, seen = pca.get_covariance(), corruption.matrix
  of_y = seen @ covariance @ seen.T + corruption.scale**2 * np.eye(len(seen))
  gain = np.linalg.solve(of_y, seen @ covariance).T
  mean = pca.mean_ + (y - pca.mean_ @ seen.T) @ gain.T
  variance = np.maximum(np.diag(covariance - gain @ seen @ covariance), 1e-12)
  stddev = np.broadcast_to(np.sqrt(variance), mean.shape)
  return Answer(mean.reshape(shape), stddev.reshape(shape))


def answers(
  vae: Any, pca: PCA, corruption: Corruption, y: np.ndarray, options: dict
) -> dict[str, Answer]:
  """Method -> its answer for y."""
  spread = corruption.spread(y)
  found = {"corrupted image": Answer(spread)}
  found |= {name: Answer(f(spread)) for name, f in corruption.simple.items()}
  found["probabilistic PCA"] = linear_answer(pca, corruption, y, spread.shape)
  if vae is not None:
    found[MODEL] = corruption.restore(vae, y, options)
  return found


def psnr(answer: Answer, x: np.ndarray, measured: np.ndarray) -> np.ndarray:
  """-10 log10 of the mean squared error of each image, dB, `[n]`."""
  return -10 * np.log10(np.mean((answer.mean - x)[:, measured] ** 2, axis=1))


def log_likelihood(answer: Answer, x: np.ndarray, measured: np.ndarray) -> np.ndarray:
  """The log-density of each clean image, nats per pixel, `[n]`."""
  assert answer.stddev is not None
  # 8-bit levels are no nearer to each other.
  stddev = np.maximum(answer.stddev, 1 / 255)
  logs = scipy.stats.norm.logpdf(x, answer.mean, stddev)
  return logs[:, measured].mean(axis=1)


def _rows(workdir: pathlib.Path, config, images, options) -> list[Score]:
  """Trains a model, unless it exists, and measures every method."""
  folder = workdir / "runs" / f"restoration-{Run('aevb', config).key}"
  train.train(config, folder)
  vae = aevb.load(run_folder.RunFolder(folder).model)
  x, test = (
    np.asarray(data.x, np.float32) / (255 if data.x.dtype == np.uint8 else 1)
    for data in (build.dataset(config, split) for split in ("train", "test"))
  )
  height, width, _ = x.shape[1:]
  pca = PCA(config.latent_dim).fit(x.reshape(len(x), -1))
  known = corruptions(height, width, x.mean(axis=0))
  rows = []
  for name, corruption in tqdm.tqdm(known.items(), unit="corruption", disable=None):
    measure = functools.partial(
      _measure, vae, pca, corruption, x[:images], test[:images], options
    )
    key = f"{name}, {images} images, {sorted(options.items())}"
    scores = files.remember(folder / "restoration.json", key, measure)
    rows += [
      Score(name, config.dataset, method, images, *values)
      for method, values in scores.items()
    ]
  return rows


def _measure(vae, pca, corruption, x, test, options):
  """Method -> PSNR, log-likelihood, and their standard errors."""
  of_train = answers(None, pca, corruption, corruption.corrupt(x, 1), options)
  of_test = answers(vae, pca, corruption, corruption.corrupt(test, 2), options)
  scores = {}
  for method, answer in of_test.items():
    if answer.stddev is None:
      errors = (of_train[method].mean - x)[:, corruption.measured]
      root = np.sqrt(np.mean(errors**2))
      answer = answer._replace(stddev=np.full_like(test, root))
    scores[method] = [
      number
      for values in (
        psnr(answer, test, corruption.measured),
        log_likelihood(answer, test, corruption.measured),
      )
      for number in (float(np.mean(values)), float(results.standard_error(values)))
    ]
  return scores


def _draw(rows: Sequence[Score]) -> Picture:
  groups: dict[str, dict[str, tuple[float, float, bool]]] = {}
  for row in rows:
    answers = groups.setdefault(f"{row.dataset}, {row.corruption}", {})
    answers[row.method] = row.psnr, row.psnr_error, row.method == MODEL
  return intervals(groups, title="Restored images", xlabel="PSNR, dB")
