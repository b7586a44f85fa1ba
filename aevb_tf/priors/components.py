"""Draws the components of mixtures, for the mixture prior and the VampPrior."""

import tensorflow as tf

from aevb_tf import random
from aevb_tf.random import Purpose
from aevb_tf.types import Seed


def choose(seed: Seed, rows: tf.Tensor, probs: tf.Tensor) -> tf.Tensor:
  """Draws components by inverse CDF; row i depends on (seed, rows[i]) alone.

  Args:
    seed: An int or a pair of int32.
    rows: int32 `[n]`.
    probs: float32 `[num_components]`, summing to 1.

  Returns:
    int32 `[n]`.
  """
  u = random.uniform(random.derive(seed, Purpose.COMPONENT), rows, 1)
  # Leaves out the last sum, which rounding can put below 1: the last component takes
  # the rest.
  below = u > tf.cumsum(probs)[tf.newaxis, :-1]
  return tf.reduce_sum(tf.cast(below, tf.int32), axis=-1)
