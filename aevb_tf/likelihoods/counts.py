"""What the likelihoods of counts 0, 1, 2, ... have in common."""

import math

import numpy as np
import tensorflow as tf

from aevb_tf.likelihoods.base import Likelihood
from aevb_tf.likelihoods.levels import are_counts, has_both_of_zero_and_one

LOG_MEAN_BOUNDS = (-20.0, 20.0)  # soft bounds: means up to 4.8e8


class Counts(Likelihood):
  """Base of likelihoods of counts, whose parameters start with the log-mean."""

  support = "counts, the integers 0, 1, 2, ..."
  advice = (
    "Give the counts themselves, not logarithms or ratios of them, and not as uint8, "
    "which aevb_tf.data.ArrayDataset divides by 255. Use likelihood='gaussian' for other "
    "numbers."
  )
  output_kind = "real"

  def params_of_mean(self, mean: np.ndarray) -> np.ndarray:
    log_mean = np.log(np.maximum(np.asarray(mean, np.float64), 1e-3))
    rest = [np.zeros_like(log_mean)] * (self.params_per_element - 1)
    return np.concatenate([log_mean, *rest], axis=-1).astype(np.float32)

  def in_support(self, x: tf.Tensor) -> tf.Tensor:
    return are_counts(x)

  def misfit(self, x: tf.Tensor) -> str | None:
    if not has_both_of_zero_and_one(x):
      return None
    # Rare counts may happen to be 0 and 1. Poisson counts of this mean, which have the
    # fewest large ones, would include some above 1 with probability 1 - exp(-20).
    count, mean = float(tf.size(x)), float(tf.reduce_mean(x))
    if count * (1.0 - (1.0 + mean) * math.exp(-mean)) < 20.0:
      return None
    return (
      f"The data hold only 0 and 1, but the {type(self).__name__} likelihood spreads "
      "p(x|z) over all counts. Use likelihood='bernoulli' for binary data."
    )
