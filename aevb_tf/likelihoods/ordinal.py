"""Cumulative-logit likelihood of ordered levels 0, 1, ..., K - 1.

    P(x <= k | z) = sigmoid(cut_k - loc),   cut_0 < cut_1 < ... < cut_{K-2}

The decoder returns the locations. The cutpoints are weights, one vector for each index of
the last axis: the columns of a table, or the channels of an image. They start where all
levels are equally likely at loc = 0. The first cutpoint is a weight itself, and each gap
to the next is the exponential of one, softly bounded, so that the order cannot be lost.

References:
  McCullagh. Regression models for ordinal data. Journal of the Royal Statistical
    Society B 1980.
"""

from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf.likelihoods import special
from aevb_tf.likelihoods.base import registry
from aevb_tf.likelihoods.elements import Element
from aevb_tf.likelihoods.levels import Codes
from aevb_tf.numerics import soft_clip

_LOG_RATIO_BOUNDS = (-10.0, 10.0)


class _Ordinal(Element):
  loc: tf.Tensor
  cutpoints: tf.Tensor  # [channels, K - 1]
  gaps: tf.Tensor  # [channels, K - 2]

  def _log_prob(self, x):
    levels = self.cutpoints.shape[-1] + 1
    level = tf.cast(tf.clip_by_value(tf.round(x), 0.0, levels - 1.0), tf.int32)
    # Levels without the cutpoint or gap give zeros here, and are replaced below.
    cut = tf.reduce_sum(tf.one_hot(level, levels - 1) * self.cutpoints, axis=-1)
    gap = tf.reduce_sum(tf.one_hot(level - 1, levels - 2) * self.gaps, axis=-1)
    is_first, is_last = level == 0, level == levels - 1
    upper = cut - self.loc
    inner = special.log_sigmoid_difference(
      upper, tf.where(is_first | is_last, 1.0, gap)
    )
    first = -tf.math.softplus(-upper)
    last = -tf.math.softplus(self.cutpoints[..., -1] - self.loc)
    return tf.where(is_first, first, tf.where(is_last, last, inner))

  def exceeding(self):
    """P(x > k) for k = 0, ..., K - 2, `[..., K - 1]`."""
    return tf.sigmoid(self.loc[..., tf.newaxis] - self.cutpoints)

  def _mean(self):
    return tf.reduce_sum(self.exceeding(), axis=-1)

  def _quantile(self, value):
    is_above = 1.0 - self.exceeding() < value[..., tf.newaxis]
    return tf.reduce_sum(tf.cast(is_above, tf.float32), axis=-1)


@registry.register("ordinal", package="aevb_tf.likelihoods")
class Ordinal(Codes):
  """Codes of ordered levels. The decoder returns locations `event_shape`.

  Args:
    levels: The number of levels K, at least 3.

  Raises:
    ValueError: `levels` is not an integer of at least 3.
  """

  advice = (
    "Code the levels as 0, 1, ..., levels - 1 in their order, not as uint8, which "
    "aevb_tf.data.ArrayDataset divides by 255, or raise `levels` to their number."
  )
  output_kind = "real"
  least_levels = 3
  otherwise = "For two levels use 'bernoulli'."

  def __init__(self, levels: int, **kwargs: Any):
    super().__init__(levels, **kwargs)
    self.support = f"ordered levels 0, 1, ..., {self.levels - 1}"

  def build(self, event_shape):
    super().build(event_shape)
    channels = self.event_shape[-1]
    self.first_cutpoint = self.add_weight(
      (channels, 1), "zeros", name="first_cutpoint", autocast=False
    )
    self.log_gaps = self.add_weight(
      (channels, self.levels - 2), "zeros", name="log_gaps", autocast=False
    )

  def cutpoints_and_gaps(self) -> tuple[tf.Tensor, tf.Tensor]:
    """The cutpoints `[channels, K - 1]`, and the gaps between them `[channels, K - 2]`."""
    quantiles = np.arange(1, self.levels) / self.levels
    start = (np.log(quantiles) - np.log1p(-quantiles)).astype(np.float32)
    ratio = tf.exp(soft_clip(tf.convert_to_tensor(self.log_gaps), *_LOG_RATIO_BOUNDS))
    gaps = np.diff(start) * ratio
    first = start[0] + tf.convert_to_tensor(self.first_cutpoint)
    return tf.cumsum(tf.concat([first, gaps], axis=-1), axis=-1), gaps

  def distribution(self, params: tf.Tensor) -> tfd.Distribution:
    (loc,) = self.split(params)
    cutpoints, gaps = self.cutpoints_and_gaps()
    return self.independent(_Ordinal(loc, loc=loc, cutpoints=cutpoints, gaps=gaps))

  def expectations(self, distribution: tfd.Distribution) -> tf.Tensor:
    """P(x > k|z) for k = 0, ..., K - 2, float32 `[n, *event_shape, levels - 1]`."""
    return distribution.distribution.exceeding()

  def expectations_shape(self) -> tuple[int, ...]:
    return (*self.event_shape, self.levels - 1)

  def point_estimate(self, expectations: tf.Tensor) -> tf.Tensor:
    """The median level, float32 `[n, *event_shape]`."""
    return tf.reduce_sum(tf.cast(expectations > 0.5, tf.float32), axis=-1)
