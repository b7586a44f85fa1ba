"""Categorical likelihood of codes: x is one of the categories 0, 1, ..., K - 1.

    log p(x|z) = l_x - logsumexp(l)

The decoder returns K logits l for each element. The order of the codes has no meaning:
for ordered levels, `ordinal` needs one number instead of K. For one-hot columns there is
`one_hot`, and for levels of grey `categorical`.
"""

from typing import Any

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf.likelihoods.base import registry
from aevb_tf.likelihoods.levels import Codes, Levels, per_element


@registry.register("category", package="aevb_tf.likelihoods")
class Category(Codes):
  """Codes of categories. The decoder returns `[..., channels * levels]` logits.

  The mean of the distribution is that of the codes, which says little about categories.
  `distribution(params).distribution.logits`, `[..., *event_shape, levels]`, gives the
  probabilities.

  Args:
    levels: The number of categories K, at least 2.

  Raises:
    ValueError: `levels` is not an integer of at least 2.
  """

  advice = (
    "Code the categories as 0, 1, ..., levels - 1, not as uint8, which "
    "aevb_tf.data.ArrayDataset divides by 255, or raise `levels` to their number."
  )
  output_kind = "logits"
  otherwise = "One level is known in advance."

  def __init__(self, levels: int, **kwargs: Any):
    super().__init__(levels, **kwargs)
    self.params_per_element = self.levels
    self.support = f"codes 0, 1, ..., {self.levels - 1}"

  def distribution(self, params: tf.Tensor) -> tfd.Distribution:
    return self.independent(Levels(per_element(params, self.event_shape), 1.0))

  def expectations(self, distribution: tfd.Distribution) -> tf.Tensor:
    """The probabilities of the categories, float32 `[n, *event_shape, levels]`."""
    return tf.nn.softmax(distribution.distribution.logits)

  def expectations_shape(self) -> tuple[int, ...]:
    return (*self.event_shape, self.levels)

  def point_estimate(self, expectations: tf.Tensor) -> tf.Tensor:
    """The most probable category, float32 `[n, *event_shape]`."""
    return tf.cast(tf.argmax(expectations, axis=-1), tf.float32)
