"""Multinomial likelihood of counts along the last axis, given their total.

    log p(x|z) = log n! + sum_k (x_k log p_k - log x_k!),   n = sum_k x_k,   p = softmax(l)

The total n is that of x itself: the words of a document or the reads of a cell are scored
given how many there are. Means and draws need a total, which is the option `total`. The
decoder returns the logits l.

The density is computed as that of Poisson counts with rates n p_k, given their total. It
keeps its digits in float32 if counts are large:

    log p(x|z) = sum_k log Poisson(x_k; n p_k) - log Poisson(n; n)

The part of each element is its term of the sum. The first element also has the last term.
"""

from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf.checks import positive_int
from aevb_tf.likelihoods import search, special
from aevb_tf.likelihoods.base import Likelihood, registry
from aevb_tf.likelihoods.levels import are_counts
from aevb_tf.likelihoods.rows import Rows


class _Multinomial(Rows):
  total: int

  def parts(self, x):
    count = tf.reduce_sum(x, axis=-1, keepdims=True)
    log_count = tf.math.log(tf.maximum(count, 1e-30))
    parts = special.poisson_log_prob(x, log_count + tf.nn.log_softmax(self.logits))
    first = parts[..., :1] - special.poisson_log_prob(count, log_count)
    return tf.concat([first, parts[..., 1:]], axis=-1)

  def _mean(self):
    return self.total * tf.nn.softmax(self.logits)

  def draw(self, uniform):
    # The total is split in two, and each part again, until every column has its count.
    # Each split is binomial, and uses the noise of the first column on its right.
    columns = self.logits.shape[-1]
    depth = (columns - 1).bit_length()
    size = 2**depth
    uniform = _padded(uniform, size, 0.5)
    logits = tf.broadcast_to(self.logits, tf.shape(uniform[..., :columns]))
    p = _padded(tf.nn.softmax(tf.cast(logits, tf.float64)), size, 0.0)
    counts = tf.fill(tf.shape(p[..., :1]), tf.constant(self.total, tf.float64))
    for level in range(depth):
      half = size >> (level + 1)
      mass = _reshaped_last(p, [2**level, 2, half])
      left, right = tf.unstack(tf.reduce_sum(mass, axis=-1), axis=-1)
      share = tf.where(right > 0.0, left / (left + right), tf.ones_like(left))
      on_left = _binomial_quantile(counts, share, uniform[..., half :: 2 * half])
      counts = tf.stack([on_left, counts - on_left], axis=-1)
      counts = _reshaped_last(counts, [-1], axes=2)
    return tf.cast(counts[..., :columns], tf.float32)


def _padded(x, size, value):
  rank = x.shape.rank
  padding = [[0, 0]] * (rank - 1) + [[0, size - x.shape[-1]]]
  return tf.pad(x, padding, constant_values=tf.cast(value, x.dtype))


def _reshaped_last(x, shape, axes=1):
  return tf.reshape(x, tf.concat([tf.shape(x)[:-axes], shape], axis=0))


def _binomial_quantile(count, share, uniform):
  """The inverse CDF of Binomial(count, share) in float64."""

  def cdf(k):
    # I_{1 - share}(count - k, k + 1); all arguments are inside of the domain.
    inner = tf.math.betainc(
      tf.maximum(count - k, 1.0),
      tf.minimum(k, tf.maximum(count - 1.0, 0.0)) + 1.0,
      1.0 - share,
    )
    return tf.where(k >= count, tf.ones_like(inner), inner)

  mean = count * share
  drawn = search.smallest_count(cdf, uniform, mean, tf.sqrt(mean * (1.0 - share)))
  return tf.cast(drawn, tf.float64)


@registry.register("multinomial", package="aevb_tf.likelihoods")
class Multinomial(Likelihood):
  """Counts along the last axis, given their total. The decoder returns logits.

  Args:
    total: The total of means and draws. With the default 1, the means are proportions,
      and a draw is a single count. The log-density does not depend on it.

  Raises:
    ValueError: `total` is not a positive integer.
  """

  support = "counts, the integers 0, 1, 2, ..."
  advice = (
    "Give the counts themselves, not proportions or logarithms of them, and not as uint8, "
    "which aevb_tf.data.ArrayDataset divides by 255."
  )
  output_kind = "logits"
  is_elementwise = False

  def __init__(self, total: int = 1, **kwargs: Any):
    super().__init__(**kwargs)
    self.total = positive_int("total", total)

  def params_of_mean(self, mean: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(np.asarray(mean, np.float64), 1e-3)).astype(np.float32)

  def distribution(self, params: tf.Tensor) -> tfd.Distribution:
    (logits,) = self.split(params)
    return _Multinomial(logits, len(self.event_shape), total=self.total)

  def quantile(self, distribution: tfd.Distribution, uniform: tf.Tensor) -> tf.Tensor:
    return distribution.draw(uniform)

  def log_prob_of_each(self, distribution: tfd.Distribution, x: tf.Tensor) -> tf.Tensor:
    return distribution.parts(x)

  def observed(self, x: tf.Tensor) -> tf.Tensor:
    # Counts of a total are missing as a whole.
    missing = tf.reduce_any(tf.math.is_nan(x), axis=-1, keepdims=True)
    return tf.logical_not(tf.broadcast_to(missing, tf.shape(x)))

  def in_support(self, x: tf.Tensor) -> tf.Tensor:
    return are_counts(x)

  def get_config(self):
    return {**super().get_config(), "total": self.total}
