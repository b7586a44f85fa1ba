"""Categorical likelihood: a pixel is one of the 256 levels 0, 1/255, ..., 1."""

import tensorflow as tf
import tensorflow_probability as tfp
from tensorflow_probability import distributions as tfd

from aevb_tf.likelihoods.base import Likelihood, registry

NUM_LEVELS = 256


class _Levels(tfd.Distribution):
  """A pixel on the grid k/255, k = 0 ... 255, with logits `[..., 256]`."""

  def __init__(self, logits, name="Levels"):
    parameters = dict(locals())
    with tf.name_scope(name):
      self._logits = tf.convert_to_tensor(logits)
      super().__init__(
        dtype=self._logits.dtype,
        reparameterization_type=tfd.NOT_REPARAMETERIZED,
        validate_args=False,
        allow_nan_stats=True,
        parameters=parameters,
        name=name,
      )

  @classmethod
  def _parameter_properties(cls, dtype, num_classes=None):
    return {"logits": tfp.util.ParameterProperties(event_ndims=1)}

  @property
  def logits(self):
    return self._logits

  def _event_shape_tensor(self):
    return tf.constant([], tf.int32)

  def _event_shape(self):
    return tf.TensorShape([])

  def _log_prob(self, x):
    # Values outside the grid are rejected by `in_support`. They are clipped here, since
    # this may run first in a graph, where an invalid level would raise its own error.
    level = tf.clip_by_value(tf.round(x * (NUM_LEVELS - 1)), 0.0, NUM_LEVELS - 1.0)
    level = tf.cast(level, tf.int32)
    logits, level = _broadcast(self._logits, level)
    return -tf.nn.sparse_softmax_cross_entropy_with_logits(level, logits)

  def _mean(self):
    levels = tf.linspace(0.0, 1.0, NUM_LEVELS)
    return tf.linalg.matvec(tf.nn.softmax(self._logits), levels)

  def _quantile(self, value):
    below = tf.cumsum(tf.nn.softmax(self._logits), axis=-1) < value[..., tf.newaxis]
    level = tf.reduce_sum(tf.cast(below, tf.float32), axis=-1)
    return tf.minimum(level / (NUM_LEVELS - 1), 1.0)

  def _sample_n(self, n, seed=None):
    level = tfd.Categorical(logits=self._logits).sample(n, seed=seed)
    return tf.cast(level, self.dtype) / (NUM_LEVELS - 1)


def _broadcast(logits, level):
  shape = tf.broadcast_dynamic_shape(tf.shape(logits)[:-1], tf.shape(level))
  logits = tf.broadcast_to(logits, tf.concat([shape, [NUM_LEVELS]], axis=0))
  return logits, tf.broadcast_to(level, shape)


@registry.register("categorical", package="aevb_tf.likelihoods")
class Categorical(Likelihood):
  """Pixels on 256 levels. The decoder returns `[..., channels * 256]` logits."""

  support = "multiples of 1/255 in [0, 1]"
  advice = (
    "Divide 8-bit levels by 255 (aevb_tf.data.ArrayDataset does so for uint8), or use "
    "likelihood='continuous_bernoulli' for other values in [0, 1]."
  )
  output_kind = "logits"

  def params_shape(self, event_shape: tuple[int, ...]) -> tuple[int, ...]:
    *space, channels = event_shape
    return (*space, channels * NUM_LEVELS)

  def distribution(self, params: tf.Tensor) -> tfd.Distribution:
    logits = tf.cast(params, tf.float32)
    batch = tf.shape(logits)[: -len(self.event_shape)]
    shape = tf.concat([batch, self.event_shape, [NUM_LEVELS]], axis=0)
    return self.independent(_Levels(tf.reshape(logits, shape)))

  def misfit(self, x: tf.Tensor) -> str | None:
    black, white = x == 0.0, x == 1.0
    # Both must occur: an all-black batch can come from grey images.
    both = tf.reduce_any(black) & tf.reduce_any(white)
    if not bool(both & tf.reduce_all(black | white)):
      return None
    return (
      f"The data hold only 0 and 1, but the Categorical likelihood spreads p(x|z) over "
      f"{NUM_LEVELS} levels of grey. Use likelihood='bernoulli' for binary data."
    )

  def in_support(self, x: tf.Tensor) -> tf.Tensor:
    level = x * (NUM_LEVELS - 1)
    on_grid = tf.abs(level - tf.round(level)) < 1e-3
    return tf.reduce_all(on_grid & (x >= 0.0) & (x <= 1.0))
