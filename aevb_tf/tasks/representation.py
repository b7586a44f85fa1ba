"""What a model has learned of examples: their latents, and what lies between them.

All functions use the point that stands for q(z|x), the mean of a Gaussian one.

References:
  White. Sampling generative networks. arXiv:1609.04468.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import tensorflow as tf

from aevb_tf import checks
from aevb_tf.evidence.batches import over_batches
from aevb_tf.evidence.estimation import check_built
from aevb_tf.protocols import ModelOfExamples
from aevb_tf.types import TensorLike


def embed(
  vae: ModelOfExamples,
  x: TensorLike,
  condition: Any = None,
  batch_size: int | None = None,
) -> np.ndarray:
  """The latents of examples, float32 `[n, latent_dim]`.

  Args:
    vae: A built model with an encoder.
    x: `[n, *event_shape]`, of any length.
    condition: c of each example, or one for all, if the model has a condition.
    batch_size: Examples at once; None chooses one that fits into memory.

  Raises:
    ValueError: The model is not built, or x does not fit it.
  """
  check_built(vae)

  def latents(x, rows):
    del rows
    return vae.posterior_family.point_estimate(vae.encode(x))

  return over_batches(vae, latents, x, condition, batch_size)


def traverse(
  vae: ModelOfExamples,
  z: TensorLike,
  dimensions: Sequence[int] | None = None,
  values: Sequence[float] = (-3, -2, -1, 0, 1, 2, 3),
  condition: Any = None,
) -> np.ndarray:
  """The means of p(x|z) while one latent changes and the others stay.

  Args:
    vae: A built model.
    z: Latents `[latent_dim]` to start from, such as a row of `embed(vae, x)`.
    dimensions: The latents that change, counted from 0; None for all.
    values: The values that each of them takes.
    condition: One condition, if the model has one.

  Returns:
    float32 `[len(dimensions), len(values), *event_shape]`.

  Raises:
    ValueError: z has another shape, or a latent does not exist.
  """
  z = _of_one_example(vae, z, "z")
  chosen = range(vae.latent_dim) if dimensions is None else list(dimensions)
  for j in chosen:
    if not 0 <= j < vae.latent_dim:
      raise ValueError(
        f"dimensions has {j!r}: the latents are 0, ..., {vae.latent_dim - 1}."
      )
  rows = np.tile(z, (len(chosen), len(values), 1))
  for i, j in enumerate(chosen):
    rows[i, :, j] = values
  decoded = _decoded(vae, rows.reshape(-1, vae.latent_dim), condition)
  return decoded.reshape(len(chosen), len(values), *vae.event_shape)


def interpolate(
  vae: ModelOfExamples,
  start: TensorLike,
  end: TensorLike,
  num: int = 10,
  method: Literal["linear", "spherical"] = "linear",
  condition: Any = None,
) -> np.ndarray:
  """The means of p(x|z) on the way from one z to another.

  A straight line between two draws of a standard normal with many latents passes through
  lengths that draws hardly have; "spherical" keeps the length, and changes the direction
  at a constant rate (White 2016).

  Args:
    vae: A built model.
    start: Latents `[latent_dim]`.
    end: Latents `[latent_dim]`.
    num: Number of points, with both ends.
    method: "linear" or "spherical".
    condition: One condition, if the model has one.

  Returns:
    float32 `[num, *event_shape]`.

  Raises:
    ValueError: An argument is out of range, or a length is 0 for "spherical".
  """
  checks.one_of("method", method, ("linear", "spherical"))
  num = checks.positive_int("num", num)
  a = _of_one_example(vae, start, "start").astype(np.float64)
  b = _of_one_example(vae, end, "end").astype(np.float64)
  t = np.linspace(0.0, 1.0, num)[:, np.newaxis]
  z = (1 - t) * a + t * b if method == "linear" else _spherical(a, b, t)
  return _decoded(vae, z.astype(np.float32), condition)


def _spherical(a, b, t):
  lengths = np.linalg.norm(a), np.linalg.norm(b)
  if min(lengths) == 0:
    raise ValueError("start and end must not be 0, which has no direction.")
  u, v = a / lengths[0], b / lengths[1]
  angle = np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v)) * 2
  if np.sin(angle) < 1e-9:  # the same direction, or opposite ones
    if angle > 1:
      raise ValueError(
        "start and end have opposite directions, and any way is as short: use "
        "method='linear'."
      )
    direction = np.broadcast_to(u, (len(t), len(u)))
  else:
    direction = (np.sin((1 - t) * angle) * u + np.sin(t * angle) * v) / np.sin(angle)
  return direction * ((1 - t) * lengths[0] + t * lengths[1])


def nearest(
  vae: ModelOfExamples,
  x: TensorLike,
  among: TensorLike,
  num: int = 5,
  condition: Any = None,
  among_condition: Any = None,
) -> tuple[np.ndarray, np.ndarray]:
  """The examples whose latents are the nearest to those of others.

  Args:
    vae: A built model with an encoder.
    x: `[n, *event_shape]`.
    among: The examples to search, `[m, *event_shape]`, m at least `num`.
    num: How many to return for each.
    condition: Of x, if the model has a condition.
    among_condition: Of `among`.

  Returns:
    Indices of `among`, int `[n, num]`, the nearest first, and distances `[n, num]`.

  Raises:
    ValueError: There are fewer than `num` examples.
  """
  from sklearn.neighbors import NearestNeighbors

  num = checks.positive_int("num", num)
  known = embed(vae, among, among_condition)
  if len(known) < num:
    raise ValueError(f"num={num}: there are only {len(known)} examples to search.")
  search = NearestNeighbors(n_neighbors=num).fit(known)
  distances, indices = search.kneighbors(embed(vae, x, condition))
  return indices, distances.astype(np.float32)


def cluster(
  vae: ModelOfExamples,
  x: TensorLike,
  num_clusters: int,
  condition: Any = None,
  seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
  """Clusters of examples by their latents, by k-means.

  Args:
    vae: A built model with an encoder.
    x: `[n, *event_shape]`, n at least `num_clusters`.
    num_clusters: Number of clusters.
    condition: c of each example, or one for all, if the model has a condition.
    seed: For the first centers.

  Returns:
    The cluster of each example, int `[n]`, and the centers,
    float32 `[num_clusters, latent_dim]`, which `vae.decode` shows.

  Raises:
    ValueError: There are fewer examples than clusters.
  """
  from sklearn.cluster import KMeans

  num_clusters = checks.positive_int("num_clusters", num_clusters)
  z = embed(vae, x, condition)
  if len(z) < num_clusters:
    raise ValueError(f"num_clusters={num_clusters}: there are only {len(z)} examples.")
  found = KMeans(num_clusters, n_init=10, random_state=seed).fit(z)
  return found.labels_, found.cluster_centers_.astype(np.float32)


def _decoded(vae, z, condition):
  p = vae.decode(tf.constant(z), condition=condition)
  return np.asarray(vae.point_estimate(p))


def _of_one_example(vae, z, name):
  z = np.asarray(z, np.float32)
  if z.shape != (vae.latent_dim,):
    raise ValueError(
      f"{name} has shape {z.shape}: give the latents of one example, [{vae.latent_dim}]."
    )
  return z
