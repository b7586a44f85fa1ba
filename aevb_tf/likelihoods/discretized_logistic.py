"""Discretized logistic likelihood of 8-bit levels k / 255, as in PixelCNN++.

    P(x|z) = sum_m pi_m [F((y + 1/255 - loc_m) / s_m) - F((y - 1/255 - loc_m) / s_m)]

where y = 2 x - 1 and F is the logistic CDF. The levels 0 and 255 also take the tails. With
one component the decoder returns locations, then log-scales, stacked along the last axis.
With M it returns M logits of pi, M locations and M log-scales for each value. Locations
are on the scale of y, where the levels go from -1 to 1. Log-scales are softly bounded to
(-7, 10). The channels are independent given z, unlike those of PixelCNN++.

It has few parameters compared with the 256 logits of `categorical`, and it knows that
neighbouring levels are similar. `bits_per_dim` converts its log-probabilities.

References:
  Salimans, Karpathy, Chen, Kingma. PixelCNN++: Improving the PixelCNN with discretized
    logistic mixture likelihood and other modifications. ICLR 2017.
"""

from typing import Any

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf.checks import positive_int
from aevb_tf.likelihoods import special
from aevb_tf.likelihoods.base import Likelihood, registry
from aevb_tf.likelihoods.elements import Element
from aevb_tf.likelihoods.levels import are_grey_levels, has_both_of_zero_and_one
from aevb_tf.numerics import soft_clip

_LOG_SCALE_BOUNDS = (-7.0, 10.0)
_TOP = 255
_HALF_WIDTH = 1.0 / _TOP


class _DiscretizedLogistic(Element):
  logits: tf.Tensor  # [..., M], as the following
  loc: tf.Tensor
  scale: tf.Tensor

  def _log_prob(self, x):
    y = 2.0 * x[..., tf.newaxis] - 1.0
    upper = (y + _HALF_WIDTH - self.loc) / self.scale
    width = 2.0 * _HALF_WIDTH / self.scale
    log_mass = special.log_sigmoid_difference(upper, width)
    log_mass = tf.where(y < -1.0 + _HALF_WIDTH, -tf.math.softplus(-upper), log_mass)
    lower = upper - width
    log_mass = tf.where(y > 1.0 - _HALF_WIDTH, -tf.math.softplus(lower), log_mass)
    return tf.reduce_logsumexp(tf.nn.log_softmax(self.logits) + log_mass, axis=-1)

  def _cdf_of_level(self, level):
    edge = (2.0 * level[..., tf.newaxis] + 1.0) / _TOP - 1.0
    components = tf.sigmoid((edge - self.loc) / self.scale)
    return tf.reduce_sum(tf.nn.softmax(self.logits) * components, axis=-1)

  def _mean(self):
    # E[level] = sum_{k < 255} P(level > k), one component after the other.
    edges = (2.0 * tf.range(float(_TOP)) + 1.0) / _TOP - 1.0
    parameters = (tf.nn.softmax(self.logits), self.loc, self.scale)
    means = []
    for weight, loc, scale in zip(
      *(tf.unstack(value, axis=-1) for value in parameters), strict=True
    ):
      standard = (loc[..., tf.newaxis] - edges) / scale[..., tf.newaxis]
      means.append(weight * tf.reduce_mean(tf.sigmoid(standard), axis=-1))
    return tf.add_n(means)

  def _variance(self):
    # About the level c that is nearest to the mean, so that no large numbers cancel:
    # E[(level - c)^2] = sum_{k >= c} (2 (k - c) + 1) P(level > k)
    #                  + sum_{k < c} (2 (c - k) - 1) P(level <= k).
    levels = tf.range(float(_TOP))
    edges = (2.0 * levels + 1.0) / _TOP - 1.0
    mean = _TOP * self._mean()
    center = tf.round(mean)
    factors = 2.0 * (levels - center[..., tf.newaxis]) + 1.0
    parameters = (tf.nn.softmax(self.logits), self.loc, self.scale)
    squares = []
    for weight, loc, scale in zip(
      *(tf.unstack(value, axis=-1) for value in parameters), strict=True
    ):
      standard = (loc[..., tf.newaxis] - edges) / scale[..., tf.newaxis]
      beyond = tf.sigmoid(tf.sign(factors) * standard)
      squares.append(weight * tf.reduce_sum(tf.abs(factors) * beyond, axis=-1))
    variance = tf.add_n(squares) - (mean - center) ** 2
    return tf.maximum(variance, 0.0) / _TOP**2

  def _quantile(self, value):
    below = -tf.ones_like(value)
    above = tf.fill(tf.shape(value), float(_TOP))
    for _ in range(8):  # 256 levels
      middle = tf.floor(0.5 * (below + above))
      is_enough = self._cdf_of_level(middle) >= value
      below = tf.where(is_enough, below, middle)
      above = tf.where(is_enough, middle, above)
    return above / _TOP


@registry.register("discretized_logistic", package="aevb_tf.likelihoods")
class DiscretizedLogistic(Likelihood):
  """Exact 8-bit levels. The decoder returns locations and log-scales of logistics.

  Args:
    num_mixtures: The number of components M for each value. The decoder then returns
      `[..., 3 * M * channels]` numbers, or `[..., 2 * channels]` if M is 1.

  Raises:
    ValueError: `num_mixtures` is not a positive integer.
  """

  support = "multiples of 1/255 in [0, 1]"
  advice = (
    "Divide 8-bit levels by 255 (aevb_tf.data.ArrayDataset does so for uint8), or use "
    "likelihood='continuous_bernoulli' for other values in [0, 1]."
  )
  output_kind = "real"

  def __init__(self, num_mixtures: int = 1, **kwargs: Any):
    super().__init__(**kwargs)
    self.num_mixtures = positive_int("num_mixtures", num_mixtures)
    self.params_per_element = 2 if num_mixtures == 1 else 3 * num_mixtures

  def distribution(self, params: tf.Tensor) -> tfd.Distribution:
    *logits, loc, log_scale = self._components(params)
    scale = tf.exp(soft_clip(log_scale, *_LOG_SCALE_BOUNDS))
    weights = logits[0] if logits else tf.zeros_like(loc)
    pixels = _DiscretizedLogistic(loc[..., 0], logits=weights, loc=loc, scale=scale)
    return self.independent(pixels)

  def _components(self, params):
    """The parameters of the components, each `[..., *event_shape, M]`."""
    kinds = self.params_per_element // self.num_mixtures
    params = tf.cast(params, tf.float32)
    batch = tf.shape(params)[: -len(self.event_shape)]
    shape = tf.concat([batch, self.event_shape, [self.num_mixtures]], axis=0)
    return [tf.reshape(kind, shape) for kind in tf.split(params, kinds, axis=-1)]

  def in_support(self, x: tf.Tensor) -> tf.Tensor:
    return are_grey_levels(x)

  def misfit(self, x: tf.Tensor) -> str | None:
    if not has_both_of_zero_and_one(x):
      return None
    return (
      "The data hold only 0 and 1, but the DiscretizedLogistic likelihood spreads p(x|z) "
      "over 256 levels of grey. Use likelihood='bernoulli' for binary data."
    )

  def get_config(self):
    return {**super().get_config(), "num_mixtures": self.num_mixtures}
