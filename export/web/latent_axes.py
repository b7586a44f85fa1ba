"""What the sliders of a page move along: the aggregate posterior, measured on data.

    q(z) = mean_i q(z|x_i)

The directions are the principal ones of the points that stand for q(z|x_i), so that
latents that do not move with x come last, in units of the standard deviation of q(z)
along each. Latents that have to be positive are measured in their logarithms, where
every step is allowed.
"""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from aevb_tf import random

_BATCH_SIZE = 200
_SEED = 0
# What of q(z) a plane shows, where the prior is no standard normal.
_PLANE = (1.0, 99.0)


class LatentAxes(NamedTuple):
  """Where z lies.

  Attributes:
    log: Whether everything here is about log(z).
    mean: Of q(z), float64 `[latent_dim]`.
    directions: Orthonormal rows, the most important first, `[latent_dim, latent_dim]`.
    stddevs: Of q(z) along each direction, `[latent_dim]`.
    shares: Of the variance of the points that stand for q(z|x), `[latent_dim]`.
    low, high: Between them lie 98% of q(z), each latent by itself, `[latent_dim]`.
  """

  log: bool
  mean: np.ndarray
  directions: np.ndarray
  stddevs: np.ndarray
  shares: np.ndarray
  low: np.ndarray
  high: np.ndarray

  def told(self, most: int) -> dict[str, Any]:
    """The same, as JSON can hold it, with the first `most` directions."""
    short = {
      name: getattr(self, name)[:most] for name in ("directions", "stddevs", "shares")
    }
    arrays = self._replace(**short)._asdict()
    log = arrays.pop("log")
    return {
      "log": log,
      **{name: np.float32(value).tolist() for name, value in arrays.items()},
    }


def measure(vae: Any, x: np.ndarray) -> LatentAxes:
  """Measures the aggregate posterior.

  Args:
    vae: The model.
    x: Data, float32 `[n, *event_shape]`.

  Returns:
    `LatentAxes`.
  """
  family = vae.posterior_family
  points, draws = [], []
  for begin in range(0, len(x), _BATCH_SIZE):
    q = vae.encode(x[begin : begin + _BATCH_SIZE])
    rows = tf.range(begin, min(begin + _BATCH_SIZE, len(x)))
    points.append(family.point_estimate(q))
    draws.append(family.sample(q, family.noise(random.as_seed(_SEED), rows, 1))[0])
  log = family.support == "positive"
  both = [np.concatenate(z).astype(np.float64) for z in (points, draws)]
  return LatentAxes(log, *_axes(*(np.log(z) if log else z for z in both)))


def _axes(points, draws):
  centred = points - points.mean(axis=0)
  variances, directions = np.linalg.eigh(centred.T @ centred / len(points))
  # eigh ascends; a direction's sign is arbitrary: its largest entry is made > 0.
  variances, directions = variances[::-1].clip(0), directions.T[::-1]
  strongest = np.abs(directions).argmax(axis=1)
  largest = np.take_along_axis(directions, strongest[:, np.newaxis], axis=1)
  directions = directions * np.where(largest < 0, -1.0, 1.0)
  # At least the smallest number: points that are all equal have nothing to share.
  shares = variances / max(variances.sum(), np.finfo(np.float64).tiny)
  mean = draws.mean(axis=0)
  stddevs = np.std((draws - mean) @ directions.T, axis=0)
  low, high = np.percentile(draws, _PLANE, axis=0)
  return mean, directions, stddevs, shares, low, high
