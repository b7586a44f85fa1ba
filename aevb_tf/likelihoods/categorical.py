"""Categorical likelihood: a pixel is one of the 256 levels 0, 1/255, ..., 1."""

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf.likelihoods.base import Likelihood, registry
from aevb_tf.likelihoods.levels import (
  Levels,
  are_grey_levels,
  has_both_of_zero_and_one,
  per_element,
)

NUM_LEVELS = 256


@registry.register("categorical", package="aevb_tf.likelihoods")
class Categorical(Likelihood):
  """Pixels on 256 levels. The decoder returns `[..., channels * 256]` logits."""

  support = "multiples of 1/255 in [0, 1]"
  advice = (
    "Divide 8-bit levels by 255 (aevb_tf.data.ArrayDataset does so for uint8), or use "
    "likelihood='continuous_bernoulli' for other values in [0, 1]."
  )
  output_kind = "logits"
  params_per_element = NUM_LEVELS

  def distribution(self, params: tf.Tensor) -> tfd.Distribution:
    logits = per_element(params, self.event_shape)
    return self.independent(Levels(logits, NUM_LEVELS - 1.0))

  def misfit(self, x: tf.Tensor) -> str | None:
    # Both must occur: an all-black batch can come from grey images.
    if not has_both_of_zero_and_one(x):
      return None
    return (
      f"The data hold only 0 and 1, but the Categorical likelihood spreads p(x|z) over "
      f"{NUM_LEVELS} levels of grey. Use likelihood='bernoulli' for binary data."
    )

  def in_support(self, x: tf.Tensor) -> tf.Tensor:
    return are_grey_levels(x)
