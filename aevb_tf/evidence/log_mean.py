"""Streaming estimates of the log of a mean of weights, its error and the ESS.

    log (1/K) sum_k w_k,   ESS = (sum_k w_k)^2 / sum_k w_k^2
    error^2 = (1/ESS - 1/K) K / (K - 1)

The sums are relative to the largest weight so far, so that nothing overflows. The
effective sample size (ESS) is K for equal weights, and 1 if a single weight dominates.

The error is the relative standard error of the mean, which to first order (the delta
method) is the standard error of its log. It is computed from the weights that were
drawn: if a few of them dominate the sum, it is too small.
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
    """(sum w)^2 / sum w^2; 0 where all weights are 0."""
    return tf.math.divide_no_nan(self.total**2, self.squares)

  def error(self, count: int) -> tf.Tensor:
    """Standard error of `log_mean` for `count` independent weights, nats, `[batch]`.

    NaN for a single weight, infinite where all weights are 0.
    """
    excess = tf.cast(count, tf.float32) / self.effective_sample_size() - 1.0
    return tf.sqrt(tf.maximum(excess, 0.0) / tf.cast(count - 1, tf.float32))


def empty(batch: int) -> LogSum:
  """The sums over no weights."""
  zeros = tf.zeros([batch])
  return LogSum(tf.fill([batch], float("-inf")), zeros, zeros)


def pivot_of(largest: tf.Tensor) -> tf.Tensor:
  """The log of the scale of the sums: the largest log-weight, or 0 if all weights are 0."""
  return tf.where(tf.equal(largest, float("-inf")), 0.0, largest)


def add(so_far: LogSum, log_weights: tf.Tensor) -> LogSum:
  """Adds weights.

  Args:
    so_far: The sums over earlier weights.
    log_weights: float32 `[samples, batch]`; -inf adds nothing.

  Returns:
    The sums over all of them.
  """
  largest = tf.maximum(so_far.largest, tf.reduce_max(log_weights, axis=0))
  pivot = pivot_of(largest)
  shrunk = tf.exp(so_far.largest - pivot)
  weights = tf.exp(log_weights - pivot)
  return LogSum(
    largest,
    so_far.total * shrunk + tf.reduce_sum(weights, axis=0),
    so_far.squares * shrunk**2 + tf.reduce_sum(weights**2, axis=0),
  )


def sums_of(log_weights: tf.Tensor) -> LogSum:
  """The sums over log-weights `[samples, batch]`."""
  return add(empty(log_weights.shape[1]), log_weights)


def error_over_chains(log_weights: tf.Tensor, num_chains: int) -> tf.Tensor:
  """Standard error of the log of the mean of weights from independent Markov chains.

  Weights of one chain may be dependent, so the error is that of the mean of the chains'
  sums. With one weight per chain it equals `LogSum.error`.

  Args:
    log_weights: float32 `[samples, batch]`; sample l is from chain `l % num_chains`.
    num_chains: Number of chains, at most the number of samples.

  Returns:
    float32 `[batch]`, nats; NaN for a single chain.
  """
  samples, batch = log_weights.shape
  if num_chains == 1:
    return tf.fill([batch], float("nan"))
  relative = tf.nn.softmax(log_weights, axis=0) - 1.0 / samples
  chain = tf.range(samples) % num_chains
  of_chains = tf.math.unsorted_segment_sum(relative, chain, num_chains)
  squares = tf.reduce_sum(of_chains**2, axis=0)
  return tf.sqrt(squares * num_chains / (num_chains - 1))
