"""The contract of a score: how strange each example is to a model."""

from collections.abc import Callable
from typing import Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf

from aevb_tf.protocols import ModelOfExamples
from aevb_tf.registry import Options, Registry
from aevb_tf.representation import Represented

# `run(function)`: function `(model, x, seed, rows)` of all normal examples, batch by
# batch, `[n, ...]`.
Run: TypeAlias = Callable[[Callable[..., tf.Tensor]], np.ndarray]


class Score(Represented, keras.layers.Layer):
  """Base of all scores: a Keras layer without a call, so that its weights are saved.

  Attributes:
    needs_fit: Whether `fit` must be called with normal examples first.
  """

  needs_fit = False

  def __init__(self, **kwargs: Any):
    kwargs.setdefault("dtype", "float32")
    super().__init__(**kwargs)

  def check(self, model: ModelOfExamples) -> None:
    """Raises a ValueError if the score cannot be computed with this model."""

  def fit(self, model: ModelOfExamples, run: Run, seed: int) -> None:
    """Learns what the score needs of normal examples; nothing by default.

    Args:
      model: A built model.
      run: Applies a function of the model to all normal examples.
      seed: For random choices.
    """

  def scores(
    self, model: ModelOfExamples, x: tf.Tensor, seed: tf.Tensor, rows: tf.Tensor
  ) -> tf.Tensor:
    """How strange each example is: higher is stranger.

    Args:
      model: A built model.
      x: float32 `[batch, *event_shape]`.
      seed: int32 `[2]`.
      rows: int32 `[batch]`: the noise of example i depends on (seed, rows[i]) alone.

    Returns:
      float32 `[batch]`.
    """
    raise TypeError(f"{type(self).__name__} must define `scores`.")

  def of_features(
    self, model: ModelOfExamples, x: tf.Tensor, seed: tf.Tensor, rows: tf.Tensor
  ) -> tf.Tensor:
    """The part of each feature or pixel in the score; arguments as for `scores`.

    Returns:
      float32 `[batch, *event_shape]`.

    Raises:
      ValueError: The score is not a sum over features.
    """
    raise ValueError(
      f"The score {name_of(self)!r} has no parts of features: use score='reconstruction' "
      "or 'elbo' for a map."
    )


def weight_of_shape(
  layer: keras.layers.Layer,
  weight: keras.Variable | None,
  shape: tuple[int, ...],
  name: str,
) -> keras.Variable:
  """The weight if it has the shape, or a new one that replaces it.

  Args:
    layer: The layer that has the weight.
    weight: The weight that there is, or None.
    shape: The shape that is needed.
    name: The name of the weight.
  """
  if weight is not None:
    if weight.shape == shape:
      return weight
    layer._untrack_variable(weight)  # the layer would save both
  return layer.add_weight(shape=shape, initializer="zeros", trainable=False, name=name)


ScoreLike: TypeAlias = str | Options | Score

registry: Registry[Score] = Registry("score", Score)


def register(name: str) -> Callable:
  """Class decorator that registers a score for `get`, and with Keras."""
  return registry.register(name, package="aevb_tf.scores")


def get(score: ScoreLike) -> Score:
  """Resolves a name, `{"name": ..., **options}`, or a `Score`; see `Registry.get`."""
  return registry.get(score)


def name_of(score: Score) -> str:
  """The name of a score in messages."""
  return registry.name_of(type(score)) or type(score).__name__
