"""Functions that log-densities are made of, accurate in float32.

Log-densities of counts contain differences of large numbers, such as x log(rate) and
log(x!). Stirling's formula takes the large part out of each factorial:

    log Gamma(x + 1) = x log x - x + log(2 pi x) / 2 + stirling_error(x)

What remains are terms x h(d) with h(d) = exp(d) - 1 - d, which are small if the count is
near its mean. The functions use no `lgamma`, which LiteRT does not have.

References:
  Loader. Fast and accurate computation of binomial probabilities. 2000.
"""

import math

import tensorflow as tf

_LOG_TWO_PI = math.log(2.0 * math.pi)
_SHIFT = 8  # from here on, the series below is exact in float32


def stirling_error(x: tf.Tensor) -> tf.Tensor:
  """The error of Stirling's formula for log Gamma(x + 1).

  Args:
    x: float32 tensor of positive numbers.

  Returns:
    float32 tensor with the shape of `x`, within 1e-6 of the exact number.
  """
  # Gamma(x + 1) = Gamma(x + 9) / ((x + 1) ... (x + 8)) moves small x into the series.
  small = tf.minimum(x, float(_SHIFT))
  shifted = small + _SHIFT
  factors = [(small + i) / shifted for i in range(1, _SHIFT + 1)]
  product = math.prod(factors[1:], start=factors[0])
  moved = (small + 0.5) * tf.math.log1p(_SHIFT / small) - _SHIFT - tf.math.log(product)
  is_small = x < _SHIFT
  series = _stirling_series(tf.where(is_small, shifted, x))
  return tf.where(is_small, moved, 0.0) + series


def _stirling_series(x):
  inverse = 1.0 / x
  square = tf.square(inverse)
  return inverse * (1 / 12 - square * (1 / 360 - square / 1260))


def exp_residual(d: tf.Tensor) -> tf.Tensor:
  """h(d) = exp(d) - 1 - d, about d^2 / 2 near 0.

  Args:
    d: float32 tensor, below 88.

  Returns:
    float32 tensor with the shape of `d`, to float32's relative accuracy.
  """
  is_small = tf.abs(d) < 0.5
  small = tf.clip_by_value(d, -0.5, 0.5)
  series = tf.ones_like(d)
  for order in range(9, 2, -1):
    series = 1.0 + small * series / order
  closed = tf.math.expm1(d) - d
  return tf.where(is_small, 0.5 * tf.square(small) * series, closed)


def poisson_log_prob(x: tf.Tensor, log_rate: tf.Tensor) -> tf.Tensor:
  """`x log(rate) - rate - log(x!)`.

  Args:
    x: float32 counts.
    log_rate: float32, of a shape that broadcasts with that of `x`.

  Returns:
    float32 tensor of log-probabilities, nats.
  """
  count = tf.maximum(x, 1.0)
  residual = exp_residual(log_rate - tf.math.log(count))
  positive = -count * residual - log_factorial_rest(count)
  return tf.where(x > 0.0, positive, -tf.exp(log_rate))


def log_factorial_rest(x: tf.Tensor) -> tf.Tensor:
  """log(x!) - x log x + x, for float32 x >= 1."""
  return stirling_error(x) + 0.5 * (_LOG_TWO_PI + tf.math.log(x))


def log_sigmoid_difference(upper: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
  """log(sigmoid(upper) - sigmoid(upper - width)), the mass of a logistic interval.

  It is the log of sigmoid(a) sigmoid(-b) (1 - exp(b - a)), which loses no digits in the
  tails or if the interval is short.

  Args:
    upper: float32, the upper end a.
    width: float32 positive, a - b.

  Returns:
    float32 tensor, nats.
  """
  ends = tf.math.softplus(-upper) + tf.math.softplus(upper - width)
  return tf.math.log(-tf.math.expm1(-width)) - ends
