"""Pareto k-hat, a diagnostic of how heavy the tail of importance weights is.

A mean of weights obeys the central limit theorem if their variance is finite. With a
tail P(w > t) ~ t^(-1/k) that is the case for k < 1/2. The M largest of S weights, minus
the largest of the others, approximately follow a generalized Pareto distribution with
this k, where

    M = min(S / 5, 3 sqrt(S)), rounded up.

k-hat is fitted to them. It is the posterior mean of Zhang and Stephens under their
prior, shrunk towards 1/2 with the weight of ten samples. Below 1/2 the error of the
mean is reliable. Up to 0.7 the mean still converges at a useful rate. Above 0.7 both
the mean and its error are too small, since large weights are too rare to be drawn.

References:
  Vehtari, Simpson, Gelman, Yao, Gabry. Pareto smoothed importance sampling.
    arXiv:1507.02646.
  Zhang, Stephens. A new and efficient estimation method for the generalized Pareto
    distribution. Technometrics, 2009.
"""

import math

import tensorflow as tf

# Weights below exp(-460) = 1e-200 of the largest count as 0.
_FLOOR = -460.0
# Least number of excesses for a fit; with fewer it is dominated by noise.
_LEAST = 20
_PRIOR_K, _PRIOR_COUNT = 0.5, 10
_PRIOR_SCALE = 3


def tail_size(num_samples: int) -> int:
  """M, the number of weights in the tail of `num_samples`."""
  return math.ceil(min(num_samples / 5, 3 * math.sqrt(num_samples)))


def empty(batch: int, num_samples: int) -> tf.Tensor:
  """The tail before any weights are added.

  Args:
    batch: Number of examples.
    num_samples: S, the number of weights that will be added.

  Returns:
    float32 `[batch, M + 1]`.
  """
  return tf.fill([batch, tail_size(num_samples) + 1], float("-inf"))


def add(tail: tf.Tensor, log_weights: tf.Tensor) -> tf.Tensor:
  """Adds weights.

  Args:
    tail: The largest log-weights so far, float32 `[batch, M + 1]`.
    log_weights: float32 `[samples, batch]`; -inf adds nothing.

  Returns:
    The largest of all of them, in descending order, float32 `[batch, M + 1]`.
  """
  both = tf.concat([tail, tf.transpose(log_weights)], axis=1)
  return tf.math.top_k(both, k=tail.shape[1]).values


def tail_of(log_weights: tf.Tensor) -> tf.Tensor:
  """The tail of log-weights `[samples, batch]`, float32 `[batch, M + 1]`."""
  samples, batch = log_weights.shape
  return add(empty(batch, samples), log_weights)


def k_hat(tail: tf.Tensor) -> tf.Tensor:
  """The shape of the generalized Pareto distribution fitted to a tail.

  Args:
    tail: The M + 1 largest log-weights in descending order, `[batch, M + 1]`.

  Returns:
    float32 `[batch]`. Infinite where fewer than 20 weights make up the whole sum. NaN
    where there is no tail to fit: fewer than 96 samples, or equal weights.
  """
  size = tail.shape[1] - 1
  tail = tf.cast(tail, tf.float64)
  relative = tf.maximum(tail - tail[:, :1], _FLOOR)
  weights = tf.exp(relative)
  excess = weights[:, :-1] - weights[:, -1:]  # descending, then zeros
  count = tf.math.count_nonzero(excess, axis=1, dtype=tf.int32)
  fitted = _fit(excess, count)
  vanishing = tf.equal(relative[:, -1], _FLOOR) & (size >= _LEAST)
  unfitted = tf.where(vanishing, math.inf, math.nan)
  return tf.where(count >= _LEAST, tf.cast(fitted, tf.float32), unfitted)


def _fit(excess, count):
  """Zhang and Stephens' k for the first `count` of `excess`, float64 `[batch]`."""
  number = tf.cast(count, tf.float64)
  size = excess.shape[1]
  grid_size = 30 + math.isqrt(size)
  quartile = count - tf.cast(number / 4 + 0.5, tf.int32)
  quartile = tf.gather(excess, tf.minimum(quartile, size - 1), batch_dims=1)
  steps = tf.range(1, grid_size + 1, dtype=tf.float64) - 0.5
  grid = (1 - tf.sqrt(grid_size / steps)) / (_PRIOR_SCALE * quartile[:, tf.newaxis])
  grid += 1 / excess[:, :1]  # [batch, grid_size]

  def shape(b):
    logs = tf.math.log1p(-b[..., tf.newaxis] * excess[:, tf.newaxis])
    return tf.reduce_sum(logs, axis=-1) / number[:, tf.newaxis]

  k = shape(grid)
  log_likelihood = number[:, tf.newaxis] * (tf.math.log(-grid / k) - k - 1)
  b = tf.reduce_sum(tf.nn.softmax(log_likelihood, axis=1) * grid, axis=1)
  k = shape(b[:, tf.newaxis])[:, 0]
  return (number * k + _PRIOR_COUNT * _PRIOR_K) / (number + _PRIOR_COUNT)
