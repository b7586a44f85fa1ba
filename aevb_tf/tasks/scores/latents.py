"""Scores by where the encoder puts an example, among normal ones.

    m(x) = the point that stands for q(z|x), the mean of a Gaussian one
    h(x) = what the last layer of the encoder gets

They ask whether the encoder puts x where it puts normal examples, whatever its density.
They fail if it puts a strange example among them, for instance since it has never seen
what makes it strange.

References:
  Lee, Lee, Lee, Shin. A simple unified framework for detecting out-of-distribution
    samples and adversarial attacks. NeurIPS 2018.
  Sun, Ming, Zhu, Li. Out-of-distribution detection with deep nearest neighbors. ICML 2022.
"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from aevb_tf.checks import positive_int
from aevb_tf.protocols import ModelOfExamples
from aevb_tf.tasks.scores.base import Run, Score, name_of, register, weight_of_shape

# What the nearest are looked for in: examples, and numbers of 4 bytes in all.
_MAX_REFERENCES, _MAX_NUMBERS = 10_000, 5_000_000


def latents(
  model: ModelOfExamples, x: tf.Tensor, seed: tf.Tensor, rows: tf.Tensor
) -> tf.Tensor:
  """m(x), float32 `[batch, latent_dim]`."""
  del seed, rows
  return model.posterior_family.point_estimate(model.encode(x))


def directions(
  model: ModelOfExamples, x: tf.Tensor, seed: tf.Tensor, rows: tf.Tensor
) -> tf.Tensor:
  """h(x) / |h(x)|, float32 `[batch, n]`."""
  del seed, rows
  return tf.math.l2_normalize(model.hidden_features(x), axis=1)


@register("mahalanobis")
class Mahalanobis(Score):
  """The Mahalanobis distance of m(x) from those of normal examples, squared.

  That is (m - mu)' S^-1 (m - mu), of the mean mu and the covariance S of the latents of
  normal examples. It fails if they lie in several clusters, between which is nothing.

  Args:
    latent_dim: Set by `fit`.
  """

  needs_fit = True

  def __init__(self, latent_dim: int | None = None, **kwargs: Any):
    super().__init__(**kwargs)
    self.latent_dim: int | None = None
    self.mean: keras.Variable | None = None
    self.whitening: keras.Variable | None = None
    if latent_dim is not None:
      self._create(latent_dim)

  def _create(self, dim):
    self.latent_dim = dim
    self.mean = weight_of_shape(self, self.mean, (dim,), "mean")
    self.whitening = weight_of_shape(self, self.whitening, (dim, dim), "whitening")
    return self.mean, self.whitening

  def fit(self, model: ModelOfExamples, run: Run, seed: int) -> None:
    m = run(latents).astype(np.float64)
    if len(m) < 2:
      raise ValueError("The score 'mahalanobis' needs two or more normal examples.")
    mean, whitening = self._create(m.shape[1])
    covariance = np.cov(m, rowvar=False).reshape(m.shape[1], m.shape[1])
    values, vectors = np.linalg.eigh(covariance)
    # Collapsed latents hardly vary; rounding would rule their distance.
    values = np.maximum(values, 1e-6 * max(values.max(), 1e-30))
    mean.assign(m.mean(axis=0))
    whitening.assign(vectors / np.sqrt(values))

  def scores(
    self, model: ModelOfExamples, x: tf.Tensor, seed: tf.Tensor, rows: tf.Tensor
  ) -> tf.Tensor:
    whitened = (latents(model, x, seed, rows) - self.mean) @ self.whitening
    return tf.reduce_sum(whitened**2, axis=1)

  def get_config(self):
    return {**super().get_config(), "latent_dim": self.latent_dim}


@register("nearest")
class Nearest(Score):
  """The mean distance of m(x) to the nearest of normal examples.

  Args:
    num_neighbors: How many neighbors are averaged.
    max_references: The most normal examples that are kept, a random subset if there are
      more. None keeps 10,000, or fewer if that takes more than 20 MB.
    references: Set by `fit`: the shape of what is kept.

  Raises:
    ValueError: `num_neighbors` or `max_references` is not a positive integer, or there
      are fewer references than neighbors.
  """

  needs_fit = True
  _points = staticmethod(latents)

  def __init__(
    self,
    num_neighbors: int = 5,
    max_references: int | None = None,
    references: tuple[int, int] | None = None,
    **kwargs: Any,
  ):
    super().__init__(**kwargs)
    self.num_neighbors = positive_int("num_neighbors", num_neighbors)
    if max_references is not None:
      if positive_int("max_references", max_references) < self.num_neighbors:
        raise ValueError(
          f"max_references={max_references} must be at least num_neighbors="
          f"{num_neighbors}: keep more examples, or use fewer neighbors."
        )
    self.max_references = max_references
    self.references: keras.Variable | None = None
    if references is not None:
      self._create(tuple(references))

  def _create(self, shape):
    self.references = weight_of_shape(self, self.references, shape, "references")
    return self.references

  def fit(self, model: ModelOfExamples, run: Run, seed: int) -> None:
    m = run(self._points)
    if len(m) < self.num_neighbors:
      raise ValueError(
        f"The score {name_of(self)!r} needs at least num_neighbors={self.num_neighbors} normal "
        f"examples, not {len(m)}."
      )
    most = self.max_references
    if most is None:
      most = max(self.num_neighbors, min(_MAX_REFERENCES, _MAX_NUMBERS // m.shape[1]))
    if len(m) > most:
      rng = np.random.default_rng(seed)
      m = m[np.sort(rng.permutation(len(m))[:most])]
    self._create(m.shape).assign(m)

  def scores(
    self, model: ModelOfExamples, x: tf.Tensor, seed: tf.Tensor, rows: tf.Tensor
  ) -> tf.Tensor:
    m = self._points(model, x, seed, rows)
    # |m - r|^2 - |m|^2 = |r|^2 - 2 m r has the same order, and is a single product. It
    # loses digits, so the distances of the nearest are computed again.
    references = tf.convert_to_tensor(self.references)
    center = tf.reduce_mean(references, axis=0)
    m, references = m - center, references - center
    product = tf.matmul(m, references, transpose_b=True)
    closeness = 2.0 * product - tf.reduce_sum(references**2, axis=1)
    nearest = tf.math.top_k(closeness, self.num_neighbors).indices
    differences = tf.gather(references, nearest) - m[:, tf.newaxis]
    distances = tf.sqrt(tf.reduce_sum(differences**2, axis=2))
    return tf.reduce_mean(distances, axis=1)

  def get_config(self):
    references = None if self.references is None else list(self.references.shape)
    own = {
      "num_neighbors": self.num_neighbors,
      "max_references": self.max_references,
      "references": references,
    }
    return {**super().get_config(), **own}


def default_for(model: ModelOfExamples) -> str:
  """The name of the score that is taken if none is given.

  It is `nearest_features` for examples with more than one axis, such as images, if the
  encoder has `hidden_features`. It is `nearest` for others: a row of a table may be
  strange by how far it is from the others, and not by its direction.

  Args:
    model: A built model.
  """
  has_features = hasattr(getattr(model, "encoder", None), "hidden_features")
  return (
    "nearest_features" if has_features and len(model.event_shape) > 1 else "nearest"
  )


@register("nearest_features")
class NearestFeatures(Nearest):
  """The mean distance of h(x) / |h(x)| to the nearest of normal examples.

  The features h(x) are what the last layer of the encoder gets. Only their direction
  counts, since an example with little contrast or few strokes has small features, which
  are close to those of all others. It fails if the encoder ignores what is strange, and
  for rows of tables that are strange by large values.

  Args:
    num_neighbors: As in `Nearest`.
    max_references: As in `Nearest`.
    references: Set by `fit`: the shape of what is kept.
  """

  _points = staticmethod(directions)

  def check(self, model: ModelOfExamples) -> None:
    encoder = getattr(model, "encoder", None)
    if not hasattr(encoder, "hidden_features"):
      raise ValueError(
        f"The encoder, a {type(encoder).__name__}, has no `hidden_features(x)`, what "
        "its last layer gets, [batch, n]: define this method, or use score='nearest'."
      )
