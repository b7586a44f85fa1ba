"""Small numerical guards, shared by likelihoods and posteriors."""

import numpy as np
import tensorflow as tf

# exp(+-10) as a scale: wide for any data, and its square stays far inside float32.
LOG_VARIANCE_BOUNDS = (-20.0, 20.0)


def soft_clip(x: tf.Tensor, low: float, high: float) -> tf.Tensor:
  """Bounds `x` smoothly to (low, high); the identity well inside (to exp(-distance)).

  Args:
    x: float tensor.
    low: Lower bound.
    high: Upper bound.

  Returns:
    float tensor of the shape of `x`, finite for every finite `x`.
  """
  above = low + tf.math.softplus(x - low)
  return high - tf.math.softplus(high - above)


def scale_of(log_variance: tf.Tensor) -> tf.Tensor:
  """Standard deviation of a softly bounded log-variance."""
  return tf.exp(0.5 * soft_clip(log_variance, *LOG_VARIANCE_BOUNDS))


def logit(probability: np.ndarray) -> np.ndarray:
  """log(p / (1 - p)), float32, with p kept in [0.001, 0.999]."""
  p = np.clip(np.asarray(probability, np.float64), 1e-3, 1 - 1e-3)
  return np.float32(np.log(p) - np.log1p(-p))
