"""The axes of the sliders on a page: the aggregate posterior, measured on data.

    q(z) = mean_i q(z|x_i)

The directions are the principal directions of the point estimates of q(z|x_i), so that
latents that do not depend on x come last, in units of the standard deviation of q(z)
along each. For latents that must be positive their logarithms are measured, where
every step is allowed.
"""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from aevb_tf import random
from aevb_tf.export.signatures import ExportableModel

_BATCH_SIZE = 200
_SEED = 0
# The percentiles of q(z) that a plane shows if the prior is not a standard normal.
_PLANE = (1.0, 99.0)


class LatentAxes(NamedTuple):
  """The location and spread of q(z).

  Attributes:
    log: Whether everything here is about log(z).
    mean: Mean of q(z), float64 `[latent_dim]`.
    directions: Orthonormal rows, by decreasing variance, `[latent_dim, latent_dim]`.
    stddevs: Standard deviation of q(z) along each direction, `[latent_dim]`.
    shares: Share of each direction in the variance of the point estimates,
      `[latent_dim]`.
    low, high: Percentiles 1 and 99 of each latent under q(z), `[latent_dim]`.
  """

  log: bool
  mean: np.ndarray
  directions: np.ndarray
  stddevs: np.ndarray
  shares: np.ndarray
  low: np.ndarray
  high: np.ndarray

  def to_json(self, num_directions: int) -> dict[str, Any]:
    """The same, as JSON can represent it, with the first directions only."""
    first = {
      name: getattr(self, name)[:num_directions]
      for name in ("directions", "stddevs", "shares")
    }
    arrays = self._replace(**first)._asdict()
    log = arrays.pop("log")
    return {
      "log": log,
      **{name: np.float32(value).tolist() for name, value in arrays.items()},
    }


def measure(
  vae: ExportableModel, x: np.ndarray, condition: np.ndarray | None = None
) -> LatentAxes:
  """Measures the aggregate posterior.

  Args:
    vae: The model.
    x: Data, float32 `[n, *event_shape]`.
    condition: Their conditions, `[n, *shape]`, codes of classes; or None.

  Returns:
    `LatentAxes`.
  """
  family = vae.posterior_family
  points, draws = [], []
  for begin in range(0, len(x), _BATCH_SIZE):
    end = min(begin + _BATCH_SIZE, len(x))
    given = None if condition is None else condition[begin:end]
    q = vae.encode(x[begin:end], condition=given)
    rows = tf.range(begin, end)
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
  # Not zero if all points are equal.
  shares = variances / max(variances.sum(), np.finfo(np.float64).tiny)
  mean = draws.mean(axis=0)
  stddevs = np.std((draws - mean) @ directions.T, axis=0)
  low, high = np.percentile(draws, _PLANE, axis=0)
  return mean, directions, stddevs, shares, low, high
