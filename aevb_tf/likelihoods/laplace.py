"""Laplace likelihood: log p(x|z) = -|x - loc| / scale - log(2 scale).

The decoder returns locations, then log-scales, stacked along the last axis. Log-scales
are softly bounded to (-10, 10). Errors are absolute instead of squared, so that outliers
move the location less than with a Gaussian.
"""

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf.likelihoods.base import Likelihood, registry
from aevb_tf.numerics import scale_of


@registry.register("laplace", package="aevb_tf.likelihoods")
class Laplace(Likelihood):
  """Real numbers. The decoder returns locations and log-scales."""

  params_per_element = 2
  output_kind = "real"

  def params_of_mean(self, mean: np.ndarray) -> np.ndarray:
    location = np.asarray(mean, np.float32)
    return np.concatenate([location, np.zeros_like(location)], axis=-1)

  def distribution(self, params: tf.Tensor) -> tfd.Distribution:
    location, log_scale = self.split(params)
    return self.independent(tfd.Laplace(location, scale_of(2.0 * log_scale)))
