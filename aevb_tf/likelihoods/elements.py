"""Base of the distributions of one element of x that TFP lacks, or computes less well."""

from typing import Any

import tensorflow as tf
from tensorflow_probability import distributions as tfd


class Element(tfd.Distribution):
  """A scalar distribution whose `_quantile` defines its draws.

  Subclasses define `_log_prob`, `_mean` and `_quantile`.

  Args:
    like: float32 tensor whose shape is the batch shape.
    **parameters: The parameters, float32 tensors, which become attributes.
  """

  def __init__(self, like: tf.Tensor, **parameters: tf.Tensor):
    self._like = like
    for name, value in parameters.items():
      setattr(self, name, value)
    super().__init__(
      dtype=tf.float32,
      reparameterization_type=tfd.NOT_REPARAMETERIZED,
      validate_args=False,
      allow_nan_stats=True,
      parameters={"like": like, **parameters},
      name=type(self).__name__.strip("_"),
    )

  def _batch_shape(self):
    return self._like.shape

  def _batch_shape_tensor(self):
    return tf.shape(self._like)

  def _event_shape(self):
    return tf.TensorShape([])

  def _event_shape_tensor(self):
    return tf.constant([], tf.int32)

  def _sample_n(self, n, seed=None):
    shape = tf.concat([[n], tf.shape(self._like)], axis=0)
    return self._quantile(open_uniform(shape, seed))


def open_uniform(shape: tf.Tensor, seed: Any) -> tf.Tensor:
  """TFP's float32 uniform noise of this shape, in the open interval (0, 1)."""
  return tfd.Uniform(2.0**-24, 1.0).sample(shape, seed=seed)
