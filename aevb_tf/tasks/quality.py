"""Quality of samples: precision and recall, a Frechet distance, and memorization.

A set has the manifold of all balls around its examples whose radius is the distance to the
k-th nearest other example (Kynkaanniemi et al. 2019). Then

    precision    share of the samples within the manifold of the test examples
    recall       share of the test examples within the manifold of the samples

and a sample is compared with the training examples, too: with d(x) the distance to the
nearest one,

    closer_to_train    P( d(sample) < d(test example) ),  ties count half

is 1/2 if samples are as far from them as test examples are, and close to 1 if the model
has memorized them. Means of p(x|z) are smoother than examples, which also brings them
closer. All distances are Euclidean, of pixels.

Digits of 28 x 28 pixels also have a Frechet distance between the features of samples and of
test examples, m and S being their mean and covariance:

    |m_1 - m_2|^2 + tr( S_1 + S_2 - 2 (S_1 S_2)^(1/2) )

The features are those of a small classifier that this package trains on the embedded digits.
It is called `frechet_digits`, since it cannot be compared with the FID, whose features are
those of Inception, nor with other images.

References:
  Kynkaanniemi, Karras, Laine, Lehtinen, Aila. Improved precision and recall metric for
    assessing generative models. NeurIPS 2019.
  Heusel, Ramsauer, Unterthiner, Nessler, Hochreiter. GANs trained by a two time-scale
    update rule converge to a local Nash equilibrium. NeurIPS 2017.
  Meehan, Chaudhuri, Dasgupta. A non-parametric test to detect data-copying in generative
    models. AISTATS 2020.
"""

import functools
import warnings
from typing import Any, NamedTuple

import numpy as np

from aevb_tf import checks, data
from aevb_tf.evidence.estimation import check_built
from aevb_tf.types import Seed, TensorLike

_DIGITS = (28, 28, 1)


class SampleQuality(NamedTuple):
  """How good samples are; see the module's docstring.

  Attributes:
    num_samples: Number of samples, and of test examples.
    precision: In [0, 1].
    recall: In [0, 1].
    closer_to_train: In [0, 1]; 1/2 for samples as far from training as test examples.
    frechet_digits: The distance of samples to test examples; None if it is refused.
    frechet_digits_of_train: That of as many training examples, for comparison.
    refused: Why there is no `frechet_digits`, or None.
  """

  num_samples: int
  precision: float
  recall: float
  closer_to_train: float
  frechet_digits: float | None
  frechet_digits_of_train: float | None
  refused: str | None

  def report(self) -> dict[str, Any]:
    """The attributes as values for JSON."""
    return self._asdict()


def sample_quality(
  vae: Any,
  x_train: TensorLike,
  x_test: TensorLike,
  is_digits: bool = False,
  num_neighbors: int = 3,
  seed: Seed | None = None,
  condition: Any = None,
) -> SampleQuality:
  """Compares samples of a model with its training and test examples.

  Args:
    vae: A built model.
    x_train: Examples of training, `[n, *event_shape]`.
    x_test: Examples that were not trained on, `[m, *event_shape]`. There are as many
      samples: means of p(x|z), or draws from it if all examples consist of 0 and 1.
    is_digits: Whether the examples are handwritten digits, for `frechet_digits`.
    num_neighbors: k; the paper has 3.
    seed: An int or a pair of int32, of the samples; None uses a random one.
    condition: c of each test example, which the samples get, if the model has a condition.

  Returns:
    A `SampleQuality`.

  Raises:
    ValueError: The examples are rows of a table or have missing values, or there are too
      few of them.
  """
  check_built(vae)
  if vae.schema is not None:
    raise ValueError(
      "The quality of samples is measured by distances, and the columns of a table have "
      "different units: compare marginals and correlations (aevb_tf.plots.marginals)."
    )
  k = checks.positive_int("num_neighbors", num_neighbors)
  train, test = (np.asarray(vae.as_data(x)) for x in (x_train, x_test))
  for name, x in (("x_train", train), ("x_test", test)):
    if np.isnan(x).any():
      raise ValueError(f"{name} has missing values, so that distances are not known.")
    if len(x) <= k:
      raise ValueError(f"{name} has {len(x)} examples: at least {k + 1} are needed.")
  is_binary = bool(np.isin(test, (0.0, 1.0)).all())
  samples = vae.sample(len(test), seed=seed, draw=is_binary, condition=condition)
  refused = refusal(vae.event_shape, is_digits)
  of_samples = of_train = None
  if refused is None:
    wanted = digit_features(test)
    of_samples = frechet_distance(digit_features(np.asarray(samples)), wanted)
    of_train = frechet_distance(digit_features(train[: len(test)]), wanted)
  flat = [np.reshape(x, (len(x), -1)) for x in (samples, test, train)]
  return SampleQuality(
    len(test),
    share_within(flat[0], flat[1], k),
    share_within(flat[1], flat[0], k),
    closer(flat[0], flat[1], flat[2]),
    of_samples,
    of_train,
    refused,
  )


def refusal(event_shape: tuple[int, ...], is_digits: bool) -> str | None:
  """Why there is no `frechet_digits`; None if there is."""
  if is_digits and tuple(event_shape) == _DIGITS:
    return None
  return (
    "a Frechet distance needs features that suit the images, and this package has those of "
    "handwritten digits of 28 x 28 pixels alone."
  )


def share_within(points: np.ndarray, others: np.ndarray, k: int) -> float:
  """The share of points in a ball around one of the others.

  Args:
    points: `[n, d]`.
    others: `[m, d]`, m above k. The radius of each is the distance to its k-th nearest
      neighbour among the others.
    k: Number of the neighbour.
  """
  from sklearn.metrics import pairwise_distances_chunked
  from sklearn.neighbors import NearestNeighbors

  search = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(others)
  radii = search.kneighbors()[0][:, -1]  # without the example itself
  within = [
    (distances <= radii).any(axis=1)
    for distances in pairwise_distances_chunked(points, others)
  ]
  return float(np.concatenate(within).mean())


def closer(samples: np.ndarray, test: np.ndarray, train: np.ndarray) -> float:
  """P(d(sample) < d(test example)) with the distance to the nearest training example.

  Args:
    samples: `[n, d]`.
    test: `[m, d]`.
    train: `[N, d]`.
  """
  from sklearn.neighbors import NearestNeighbors

  search = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(train)
  ours, theirs = (search.kneighbors(x)[0][:, 0] for x in (samples, test))
  ordered = np.sort(theirs)
  below, at_most = (np.searchsorted(ordered, ours, side) for side in ("left", "right"))
  return float(1 - (below + at_most).mean() / (2 * len(theirs)))


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
  """The squared Frechet distance of two Gaussians fitted to features `[n, d]`, `[m, d]`."""
  a, b = a.astype(np.float64), b.astype(np.float64)
  of_a, of_b = (np.cov(x, rowvar=False).reshape(x.shape[1], -1) for x in (a, b))
  # tr (S_1 S_2)^(1/2) = tr (R S_2 R)^(1/2) with R^2 = S_1, which is symmetric.
  values, vectors = np.linalg.eigh(of_a)
  root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
  shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ of_b @ root), 0)).sum()
  square = np.sum((a.mean(axis=0) - b.mean(axis=0)) ** 2)
  return float(square + np.trace(of_a) + np.trace(of_b) - 2 * shared)


def digit_features(x: np.ndarray) -> np.ndarray:
  """Features of digits: the last hidden layer of `digit_classifier`.

  Args:
    x: float32 `[n, 28, 28, 1]` in [0, 1].

  Returns:
    float32 `[n, 32]`.
  """
  features = x.reshape(len(x), -1)
  classifier = digit_classifier()
  layers = zip(classifier.coefs_[:-1], classifier.intercepts_[:-1], strict=True)
  for weights, bias in layers:
    features = np.maximum(features @ weights + bias, 0)
  return features.astype(np.float32)


@functools.cache
def digit_classifier() -> Any:
  """A scikit-learn `MLPClassifier`, trained on the embedded digits; a few seconds."""
  from sklearn.exceptions import ConvergenceWarning
  from sklearn.neural_network import MLPClassifier

  digits = data.load("digits")
  classifier = MLPClassifier((128, 32), max_iter=15, random_state=0)
  with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)  # more would overfit
    classifier.fit(np.float32(digits.x).reshape(len(digits.x), -1) / 255, digits.y)
  return classifier
