"""Numerically stable functions, shared by likelihoods and posteriors."""

import numpy as np
import tensorflow as tf

# Scales in exp(+-10) are wide enough for any data, and their squares fit float32.
LOG_VARIANCE_BOUNDS = (-20.0, 20.0)


def soft_clip(x: tf.Tensor, low: float, high: float) -> tf.Tensor:
  """Bounds `x` smoothly to (low, high).

  At a distance d from the bounds it differs from the identity by about exp(-d).

  Args:
    x: float tensor.
    low: Lower bound.
    high: Upper bound.

  Returns:
    float tensor with the shape of `x`, finite for every finite `x`.
  """
  above = low + tf.math.softplus(x - low)
  # softplus(width) exceeds the width; without correction, a narrow range would extend
  # below `low`.
  width = high - low
  shrink = width / float(np.logaddexp(0.0, width))
  return high - shrink * tf.math.softplus(high - above)


def scale_of(log_variance: tf.Tensor) -> tf.Tensor:
  """Standard deviation for a log-variance, which is softly bounded."""
  return tf.exp(0.5 * soft_clip(log_variance, *LOG_VARIANCE_BOUNDS))


def sum_bernoulli_log_prob(
  x: tf.Tensor, logits: tf.Tensor, event_ndims: int
) -> tf.Tensor:
  """`sum x l - log(1 + exp(l))` over the last axes, with few logarithms and passes.

  softplus(l) = max(l, 0) + log(1 + exp(-|l|)), and a product of up to 64 factors, each
  in [1, 2], needs one logarithm and cannot overflow.

  Args:
    x: float32 `[..., *event_shape]`; may have fewer leading axes than the logits.
    logits: l, float32 `[..., *event_shape]`, with a static event shape.
    event_ndims: Number of axes to sum over, at least one.

  Returns:
    float32 `[...]`.
  """
  return _sum_bernoulli_log_prob(
    _flat(tf.cast(x, logits.dtype), event_ndims), _flat(logits, event_ndims)
  )


def _flat(x, event_ndims):
  """Flattens the last axes."""
  batch_ndims = x.shape.rank - event_ndims
  size = int(np.prod(x.shape[batch_ndims:]))
  return tf.reshape(x, tf.concat([tf.shape(x)[:batch_ndims], [size]], axis=0))


@tf.custom_gradient
def _sum_bernoulli_log_prob(x, logits):
  """As above, over the last axis, with a gradient faster than that of the product."""
  size = logits.shape[-1]
  factors = max(n for n in range(1, 65) if size % n == 0)
  shape = tf.concat([tf.shape(logits)[:-1], [factors, size // factors]], axis=0)
  products = tf.reduce_prod(tf.reshape(1.0 + tf.exp(-tf.abs(logits)), shape), axis=-2)
  total = tf.reduce_sum(x * logits - tf.nn.relu(logits), axis=-1)
  total -= tf.reduce_sum(tf.math.log(products), axis=-1)

  def gradients(upstream):
    upstream = upstream[..., tf.newaxis]
    of_logits = upstream * (x - tf.sigmoid(logits))
    return _summed_to(x, upstream * logits), _summed_to(logits, of_logits)

  return total, gradients


def _summed_to(x, gradient):
  """The gradient of a broadcast `x`, summed to the shape of `x`."""
  if x.shape.is_fully_defined() and x.shape == gradient.shape:
    return gradient
  shape = tf.shape(x)
  axes, _ = tf.raw_ops.BroadcastGradientArgs(s0=shape, s1=tf.shape(gradient))
  return tf.ensure_shape(tf.reshape(tf.reduce_sum(gradient, axes), shape), x.shape)


def logit(probability: np.ndarray) -> np.ndarray:
  """log(p / (1 - p)), float32, with p clipped to [0.001, 0.999]."""
  p = np.clip(np.asarray(probability, np.float64), 1e-3, 1 - 1e-3)
  return (np.log(p) - np.log1p(-p)).astype(np.float32)
