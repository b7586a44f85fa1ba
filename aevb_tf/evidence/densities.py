"""Gaussians and mixtures of Gaussians, fitted to samples of many examples at once.

Everything is float64. Samples are `[L, batch, dim]`; a mixture of M components has
means `[M, batch, dim]`, Cholesky factors of its covariances `[M, batch, dim, dim]` and
log weights `[M, batch]`. A thousandth of the variance of all samples is added to each
covariance, so that no component collapses to a single sample.

References:
  Dempster, Laird, Rubin. Maximum likelihood from incomplete data via the EM algorithm.
    JRSS B, 1977.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

_FLOOR = 1e-3
_EM_STEPS = 30


class Mixture(NamedTuple):
  """A mixture of Gaussians for each example; one component is a Gaussian."""

  log_weights: tf.Tensor
  means: tf.Tensor
  factors: tf.Tensor

  def log_joint(self, samples: tf.Tensor) -> tf.Tensor:
    """Joint log-density of samples and components, nats, `[M, L, batch]`."""
    centred = samples[tf.newaxis] - self.means[:, tf.newaxis]
    # [M, batch, dim, L], as the triangular solve needs it.
    columns = tf.transpose(centred, [0, 2, 3, 1])
    white = tf.linalg.triangular_solve(self.factors, columns)
    square = tf.transpose(tf.reduce_sum(white**2, axis=2), [0, 2, 1])
    log_det = tf.reduce_sum(tf.math.log(tf.linalg.diag_part(self.factors)), axis=-1)
    normaliser = log_det + 0.5 * samples.shape[-1] * np.log(2 * np.pi)
    return (self.log_weights - normaliser)[:, tf.newaxis] - 0.5 * square

  def log_prob(self, samples: tf.Tensor) -> tf.Tensor:
    """Log-density of samples, nats, `[L, batch]`."""
    return tf.reduce_logsumexp(self.log_joint(samples), axis=0)


def fit_gaussian(samples: tf.Tensor) -> Mixture:
  """The Gaussian with the mean and the covariance of the samples."""
  return _weighted_fit(
    samples, tf.ones([1, *samples.shape[:2]], samples.dtype), floor=1e-9
  )


def fit_mixture(samples: tf.Tensor, num_components: int) -> Mixture:
  """Fits a mixture by expectation maximisation.

  Args:
    samples: float64 `[L, batch, dim]`.
    num_components: M.

  Returns:
    The mixture; `fit_gaussian(samples)` if M is 1.
  """
  if num_components == 1:
    return fit_gaussian(samples)
  whole = fit_gaussian(samples)
  # Components start at samples far from each other, with the covariance of all samples.
  means = _spread_samples(samples, num_components)
  factors = tf.repeat(whole.factors, num_components, axis=0)
  weights = tf.fill(
    means.shape[:2], tf.constant(-np.log(num_components), samples.dtype)
  )

  def em_step(i, mixture):
    log_joint = mixture.log_joint(samples)
    return i + 1, _weighted_fit(samples, tf.nn.softmax(log_joint, axis=0), _FLOOR)

  _, mixture = tf.while_loop(
    lambda i, _: i < _EM_STEPS, em_step, (0, Mixture(weights, means, factors))
  )
  return mixture


def _spread_samples(samples, count):
  """Chooses samples, each the farthest from those before it, `[count, batch, dim]`."""
  scale = tf.math.reduce_std(samples, axis=0)
  scaled = tf.math.divide_no_nan(samples, scale)
  chosen = [tf.argmax(tf.reduce_sum(scaled**2, axis=-1), axis=0)]
  distance = tf.fill(samples.shape[:2], tf.constant(np.inf, samples.dtype))
  for _ in range(count - 1):
    last = _take(scaled, chosen[-1])
    distance = tf.minimum(distance, tf.reduce_sum((scaled - last) ** 2, axis=-1))
    chosen.append(tf.argmax(distance, axis=0))
  return tf.stack([_take(samples, index) for index in chosen])


def _take(samples, index):
  """Sample `index[b]` of example b, `[batch, dim]`."""
  chosen = tf.one_hot(index, samples.shape[0], axis=0, dtype=samples.dtype)
  return tf.reduce_sum(chosen[..., tf.newaxis] * samples, axis=0)


def _weighted_fit(samples, shares, floor):
  """Fits components to samples with responsibilities `shares`, `[M, L, batch]`."""
  counts = tf.reduce_sum(shares, axis=1)
  safe = tf.maximum(counts, 1e-9)
  means = tf.einsum("mlb,lbd->mbd", shares, samples) / safe[..., tf.newaxis]
  centred = samples[tf.newaxis] - means[:, tf.newaxis]
  covariances = tf.einsum("mlb,mlbd,mlbe->mbde", shares, centred, centred)
  covariances /= safe[..., tf.newaxis, tf.newaxis]
  # Chains that never moved have zero variance; a small positive one keeps q a density.
  variances = tf.math.reduce_variance(samples, axis=0) * floor + 1e-12
  factors = tf.linalg.cholesky(covariances + tf.linalg.diag(variances))
  return Mixture(tf.math.log(safe / samples.shape[0]), means, factors)
