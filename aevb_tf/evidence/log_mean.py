"""Log of a mean of weights, and their effective number, one pass and no storage.

    log (1/K) sum_k w_k,   ESS = (sum_k w_k)^2 / sum_k w_k^2

The sums are kept relative to the largest weight so far, so that nothing overflows.
ESS is K for equal weights and 1 where a single one carries the whole sum.
"""

from typing import NamedTuple

import tensorflow as tf


class LogSum(NamedTuple):
  """Sums of weights and of their squares, relative to `exp(largest)`; `[batch]`."""

  largest: tf.Tensor
  total: tf.Tensor
  squares: tf.Tensor

  def log_mean(self, count: tf.Tensor | int) -> tf.Tensor:
    """The log of the sum divided by `count`."""
    return self.largest + tf.math.log(self.total / tf.cast(count, tf.float32))

  def effective_sample_size(self) -> tf.Tensor:
    """(sum w)^2 / sum w^2; 0 where all weights are."""
    return tf.math.divide_no_nan(self.total**2, self.squares)


def nothing(batch: int) -> LogSum:
  """The sum of no weights."""
  zeros = tf.zeros([batch])
  return LogSum(tf.fill([batch], float("-inf")), zeros, zeros)


def add(so_far: LogSum, log_weights: tf.Tensor) -> LogSum:
  """Adds weights.

  Args:
    so_far: The sums over earlier weights.
    log_weights: float32 `[samples, batch]`; -inf adds nothing.

  Returns:
    The sums over all of them.
  """
  largest = tf.maximum(so_far.largest, tf.reduce_max(log_weights, axis=0))
  # While all weights are 0 there is nothing to be relative to.
  pivot = tf.where(tf.equal(largest, float("-inf")), 0.0, largest)
  shrunk = tf.exp(so_far.largest - pivot)
  weights = tf.exp(log_weights - pivot)
  return LogSum(
    largest,
    so_far.total * shrunk + tf.reduce_sum(weights, axis=0),
    so_far.squares * shrunk**2 + tf.reduce_sum(weights**2, axis=0),
  )


def of(log_weights: tf.Tensor) -> LogSum:
  """The sums over `[samples, batch]`."""
  return add(nothing(log_weights.shape[1]), log_weights)
