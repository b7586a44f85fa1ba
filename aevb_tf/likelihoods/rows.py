"""Base of the distributions whose elements depend on each other along the last axis."""

from typing import Any

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf.likelihoods.elements import open_uniform


class Rows(tfd.Distribution):
  """A distribution over whole examples, with parameters of their shape.

  Subclasses define `parts(x)`, whose sum over an example is the log-density, `draw` and
  `_mean`.

  Args:
    logits: float32 `[..., *event_shape]`.
    event_ndims: Number of axes of an example.
    **parameters: More parameters, which become attributes.
  """

  def __init__(self, logits: tf.Tensor, event_ndims: int, **parameters: Any):
    self.logits = logits
    self._event_ndims = event_ndims
    for name, value in parameters.items():
      setattr(self, name, value)
    super().__init__(
      dtype=tf.float32,
      reparameterization_type=tfd.NOT_REPARAMETERIZED,
      validate_args=False,
      allow_nan_stats=True,
      parameters={"logits": logits, "event_ndims": event_ndims, **parameters},
      name=type(self).__name__.strip("_"),
    )

  def parts(self, x: tf.Tensor) -> tf.Tensor:
    """The parts of the elements in the log-density, float32 `[..., *event_shape]`."""
    raise TypeError(f"{type(self).__name__} must define `parts(x)`.")

  def draw(self, uniform: tf.Tensor) -> tf.Tensor:
    """x, from float32 uniform noise in (0, 1), `[..., *event_shape]`."""
    raise TypeError(f"{type(self).__name__} must define `draw(uniform)`.")

  def _batch_shape(self):
    return self.logits.shape[: -self._event_ndims]

  def _batch_shape_tensor(self):
    return tf.shape(self.logits)[: -self._event_ndims]

  def _event_shape(self):
    return self.logits.shape[-self._event_ndims :]

  def _event_shape_tensor(self):
    return tf.shape(self.logits)[-self._event_ndims :]

  def _log_prob(self, x):
    return tf.reduce_sum(self.parts(x), axis=list(range(-self._event_ndims, 0)))

  def _sample_n(self, n, seed=None):
    shape = tf.concat([[n], tf.shape(self.logits)], axis=0)
    return self.draw(open_uniform(shape, seed))
