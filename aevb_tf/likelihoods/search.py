"""Inverse CDFs without a closed form, by bisection.

The CDFs are computed in float64, since their differences between neighbouring counts are
small. Both functions are loops of TensorFlow over whole tensors, and run in graphs and
under XLA.
"""

from collections.abc import Callable

import tensorflow as tf

# P(X > mean + k stddev) <= 1 / (1 + k^2), by Cantelli's inequality: 2^12 standard
# deviations are enough for every uniform number below 1 in float32.
_MOST_DEVIATIONS = 2.0**12
_MOST_STEPS = 64
_STEPS = 32  # of `root`: of an interval of 100, what float32 can tell apart near 1


def smallest_count(
  cdf: Callable[[tf.Tensor], tf.Tensor],
  uniform: tf.Tensor,
  mean: tf.Tensor,
  stddev: tf.Tensor,
) -> tf.Tensor:
  """The smallest count k with `cdf(k) >= uniform`.

  Args:
    cdf: Function of float64 counts of the shape of `uniform`, which returns float64.
    uniform: float tensor in (0, 1).
    mean: Mean of the distribution, float64, of a shape that broadcasts.
    stddev: Standard deviation of the distribution, float64, likewise.

  Returns:
    float32 tensor with the shape of `uniform`. The count is exact if the CDF is, up to
    2^24, where float32 stops to hold every integer.
  """
  uniform = tf.cast(uniform, tf.float64)
  above = tf.math.ceil(mean + _MOST_DEVIATIONS * stddev) + tf.zeros_like(uniform)

  def is_open(below, above):
    return tf.reduce_max(above - below) > 1.0

  def halve(below, above):
    middle = tf.math.ceil(0.5 * (below + above))
    is_enough = cdf(middle) >= uniform
    return tf.where(is_enough, below, middle), tf.where(is_enough, middle, above)

  start = (-tf.ones_like(uniform), tf.maximum(above, 0.0))
  _, found = tf.while_loop(is_open, halve, start, maximum_iterations=_MOST_STEPS)
  return tf.cast(found, tf.float32)


def root(
  increasing: Callable[[tf.Tensor], tf.Tensor],
  target: tf.Tensor,
  low: float,
  high: float,
) -> tf.Tensor:
  """The number x in [low, high] at which `increasing(x)` is `target`.

  Args:
    increasing: Increasing function of a float64 tensor of the shape of `target`.
    target: float64 tensor.
    low: Lower end of the interval.
    high: Upper end of the interval.

  Returns:
    float64 tensor with the shape of `target`, within 2^-32 of the interval's length.
  """

  def halve(step, low, high):
    middle = 0.5 * (low + high)
    is_above = increasing(middle) >= target
    low, high = tf.where(is_above, low, middle), tf.where(is_above, middle, high)
    return step + 1, low, high

  start = (0, low + tf.zeros_like(target), high + tf.zeros_like(target))
  _, low_end, high_end = tf.while_loop(lambda step, *_: step < _STEPS, halve, start)
  return 0.5 * (low_end + high_end)
