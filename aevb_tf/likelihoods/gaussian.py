"""Gaussian decoder (App. C.2): log p(x|z) = log N(x; mu, sigma^2 I).

    h = tanh(W3 z + b3),   mu = W4 h + b4,   log sigma^2 = W5 h + b5

The variance is an output of the network (`scale="per_pixel"`, as in the paper), one
learned number for all pixels (`"shared"`, as in probabilistic PCA), or a constant.
Log-variances are softly bounded to (-20, 20), so that no output overflows.
`unit_mean=True` keeps the means in (0, 1) with a sigmoid, as the paper does for the
Frey faces.
"""

from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf.likelihoods.base import Likelihood, registry
from aevb_tf.normal import Normal
from aevb_tf.numerics import logit, scale_of


@registry.register("gaussian", package="aevb_tf.likelihoods")
class Gaussian(Likelihood):
  """Real-valued pixels.

  Args:
    scale: `"per_pixel"` (the decoder returns means, then log-variances, stacked along
      the last axis), `"shared"` (one learned log-variance), or a positive number, the
      standard deviation. The decoder returns only means in the last two cases.
    unit_mean: Whether to apply a sigmoid to the means.

  Raises:
    ValueError: `scale` is not one of these.
  """

  def __init__(
    self, scale: str | float = "per_pixel", unit_mean: bool = False, **kwargs: Any
  ):
    super().__init__(**kwargs)
    known = ("per_pixel", "shared")
    number = isinstance(scale, (int, float)) and not isinstance(scale, bool)
    if not (scale in known if isinstance(scale, str) else number and scale > 0):
      raise ValueError(
        f"scale={scale!r}: use 'per_pixel', 'shared', or a positive standard deviation."
      )
    self.scale = scale
    self.unit_mean = unit_mean
    self.params_per_element = 2 if scale == "per_pixel" else 1
    self.output_kind = "logits" if unit_mean else "real"

  def build(self, event_shape):
    super().build(event_shape)
    if self.scale == "shared":
      self.log_variance = self.add_weight(
        (), "zeros", name="log_variance", autocast=False
      )

  def params_of_mean(self, mean: np.ndarray) -> np.ndarray:
    location = logit(mean) if self.unit_mean else np.asarray(mean, np.float32)
    if self.scale != "per_pixel":
      return location
    return np.concatenate([location, np.zeros_like(location)], axis=-1)

  def distribution(self, params: tf.Tensor) -> tfd.Distribution:
    mean, *rest = self.split(params)
    if self.scale == "per_pixel":
      scale = scale_of(rest[0])
    elif self.scale == "shared":
      scale = scale_of(tf.convert_to_tensor(self.log_variance))
    else:
      scale = float(self.scale)
    if self.unit_mean:
      mean = tf.sigmoid(mean)
    return self.independent(Normal(mean, scale))

  def get_config(self):
    return {**super().get_config(), "scale": self.scale, "unit_mean": self.unit_mean}
