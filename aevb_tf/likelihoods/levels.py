"""A distribution over a few equally spaced levels, for codes and for shades of grey."""

from typing import Any

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf.checks import positive_int
from aevb_tf.likelihoods.base import Likelihood
from aevb_tf.likelihoods.elements import Element


class Levels(Element):
  """x is level / per_unit, with level = 0, ..., K - 1 of softmax probabilities.

  Args:
    logits: float32 `[..., K]`.
    per_unit: Number of levels in an interval of length 1.
  """

  logits: tf.Tensor

  def __init__(self, logits: tf.Tensor, per_unit: float):
    self.per_unit = per_unit
    super().__init__(logits[..., 0], logits=logits)

  def _top(self):
    return self.logits.shape[-1] - 1.0

  def _log_prob(self, x):
    level = tf.round(x * self.per_unit)  # `in_support` rejects values off the grid
    chosen = tf.one_hot(tf.cast(level, tf.int32), self.logits.shape[-1])
    # LiteRT has no operator for TensorFlow's fused cross-entropy.
    return tf.reduce_sum(chosen * tf.nn.log_softmax(self.logits), axis=-1)

  def _values(self):
    return tf.linspace(0.0, self._top() / self.per_unit, self.logits.shape[-1])

  def _mean(self):
    return tf.linalg.matvec(tf.nn.softmax(self.logits), self._values())

  def _variance(self):
    squares = (self._values() - self._mean()[..., tf.newaxis]) ** 2
    return tf.reduce_sum(tf.nn.softmax(self.logits) * squares, axis=-1)

  def _quantile(self, value):
    below = tf.cumsum(tf.nn.softmax(self.logits), axis=-1) < value[..., tf.newaxis]
    level = tf.reduce_sum(tf.cast(below, tf.float32), axis=-1)
    return tf.minimum(level, self._top()) / self.per_unit

  def _sample_n(self, n, seed=None):
    level = tfd.Categorical(logits=self.logits).sample(n, seed=seed)
    return tf.cast(level, self.dtype) / self.per_unit


class Codes(Likelihood):
  """Base of the likelihoods of codes 0, 1, ..., K - 1.

  Args:
    levels: The number of codes K.

  Attributes:
    least_levels: The least K.
    otherwise: What to do about fewer, a sentence.

  Raises:
    ValueError: `levels` is not an integer of at least `least_levels`.
  """

  least_levels = 2
  otherwise = ""

  def __init__(self, levels: int, **kwargs: Any):
    super().__init__(**kwargs)
    if positive_int("levels", levels) < self.least_levels:
      raise ValueError(
        f"levels={levels}: must be at least {self.least_levels}. {self.otherwise}"
      )
    self.levels = int(levels)

  def in_support(self, x: tf.Tensor) -> tf.Tensor:
    return tf.reduce_all((x == tf.round(x)) & (x >= 0.0) & (x < self.levels))

  def get_config(self):
    return {**super().get_config(), "levels": self.levels}


def per_element(params: tf.Tensor, event_shape: tuple[int, ...]) -> tf.Tensor:
  """The K parameters of every element, from K for each along the last axis.

  Args:
    params: float `[..., *space, channels * K]`.
    event_shape: `(*space, channels)`.

  Returns:
    float32 `[..., *event_shape, K]`.
  """
  params = tf.cast(params, tf.float32)
  batch = tf.shape(params)[: -len(event_shape)]
  each = params.shape[-1] // event_shape[-1]
  return tf.reshape(params, tf.concat([batch, event_shape, [each]], axis=0))


def are_counts(x: tf.Tensor) -> tf.Tensor:
  """Whether every element is one of 0, 1, 2, ...: a boolean scalar tensor."""
  return tf.reduce_all(tf.math.is_finite(x) & (x >= 0.0) & (x == tf.round(x)))


def are_grey_levels(x: tf.Tensor) -> tf.Tensor:
  """Whether every element is a multiple of 1/255 in [0, 1]: a boolean scalar tensor."""
  level = x * 255.0
  on_grid = tf.abs(level - tf.round(level)) < 1e-3
  return tf.reduce_all(on_grid & (x >= 0.0) & (x <= 1.0))


def has_both_of_zero_and_one(x: tf.Tensor) -> bool:
  """Whether all elements are 0 or 1, and both occur."""
  is_zero, is_one = x == 0.0, x == 1.0
  both_occur = tf.reduce_any(is_zero) & tf.reduce_any(is_one)
  return bool(both_occur & tf.reduce_all(is_zero | is_one))
