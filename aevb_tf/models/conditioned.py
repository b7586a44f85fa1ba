"""The methods by which a model is given a condition c; see `aevb_tf.conditions`.

Every public method takes `condition=`, and puts what the networks see of it into a
context (`conditions.given`), where `encode`, `decode` and a conditional prior find it.
Draws of z are `[L, batch, latent_dim]`, flattened to `[L * batch, latent_dim]` for the
decoder, and the condition of the batch is repeated L times.
"""

import contextlib
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from aevb_tf import conditions

if TYPE_CHECKING:  # what it is mixed into
  from keras import Model as _Model
else:
  _Model = object


_NO_CONDITION = (
  "This {} has a condition, and the data have none: fit(x, c), or a data set of (x, c)."
)


class Conditioned(_Model):
  """What a `GenerativeModel` does with a condition.

  Attributes:
    condition: An `aevb_tf.conditions.Condition`, or None.
    infers_condition: Whether data need no condition, as the model infers it from x.
  """

  condition: conditions.Condition | None = None
  infers_condition: bool = False

  @contextlib.contextmanager
  def given(self, condition: Any, num: int | tf.Tensor) -> Iterator[None]:
    """In this context, the model computes with a condition.

    Args:
      condition: That of each example, or one for all; None keeps the condition of an
        outer context.
      num: Number of examples.

    Raises:
      ValueError: The model has no condition, or needs one, or it is invalid.
    """
    with conditions.given(self, self.condition_features(condition, num)):
      yield

  def condition_features(
    self, condition: Any, num: int | tf.Tensor
  ) -> tf.Tensor | None:
    """What the networks see of a condition, float32 `[num, *features_shape]`.

    Args:
      condition: As in `given`.
      num: Number of examples.

    Returns:
      The features; None for the condition of an outer context, or if the model has none.
    """
    if self.condition is None:
      if condition is None:
        return None
      raise ValueError(
        f"This {type(self).__name__} has no condition: leave out condition=, or create "
        "it with one, such as condition=10 for ten classes."
      )
    if condition is None:
      if conditions.current(self) is not None:
        return None
      raise ValueError(
        f"This {type(self).__name__} has a condition: pass condition=, that of each "
        "example or one for all. In `fit` and `evaluate` it is y: fit(x, c)."
      )
    values = self.condition_values(condition)
    features = self.condition.features(values)
    length = values.shape[0]
    if isinstance(num, int) and length not in (None, 1, num):
      raise ValueError(
        f"There are {num} examples, and conditions of {length}: give one for each, or one "
        "for all."
      )
    if length != 1:
      return features
    return tf.repeat(features, num, axis=0)

  def condition_values(self, condition: Any) -> tf.Tensor:
    """Checked conditions as a tensor, `[n, *shape]`; see `Condition.as_array`."""
    assert self.condition is not None
    if tf.is_symbolic_tensor(condition):
      return self._checked_tensor(condition)
    return tf.constant(self.condition.as_array(condition))

  def _checked_tensor(self, condition: tf.Tensor) -> tf.Tensor:
    """Numbers or codes `[n, *shape]` after a check of their shape and dtype."""
    assert self.condition is not None
    shape = self.condition.shape
    if condition.shape.rank == len(shape):  # that of one example
      condition = condition[tf.newaxis]
    if condition.shape.rank == len(shape) + 2 and condition.shape[-1] == 1:
      condition = condition[..., 0]
    if not (condition.dtype.is_integer or condition.dtype.is_floating):
      raise ValueError(
        f"The condition has dtype {condition.dtype.name}: in a graph or a data set, give "
        f"numbers. {self.condition.advice()}"
      )
    wanted = tf.TensorShape([None, *shape])
    if not condition.shape.is_compatible_with(wanted):
      raise ValueError(
        f"The condition has shape {tuple(condition.shape)}: the model needs "
        f"{('batch', *shape)}.".replace("'", "")
      )
    return tf.ensure_shape(condition, wanted)

  def repeated_condition(self, num: tf.Tensor) -> tf.Tensor:
    """The condition of the batch for `num` rows, which are L for each example.

    Args:
      num: int32 scalar, L times the batch; row l * batch + i is of example i.

    Returns:
      float32 `[num, *features_shape]`.
    """
    features = _features(self)
    times = num // tf.maximum(tf.shape(features)[0], 1)
    ones = [1] * (features.shape.rank - 1)
    return tf.tile(features, [times, *ones])

  def with_condition(self, inputs: tf.Tensor) -> Any:
    """The input of a network: `inputs` `[n, ...]`, or `(inputs, c)` with a condition."""
    if self.condition is None:
      return inputs
    return inputs, self.repeated_condition(tf.shape(inputs)[0])

  def network_input(self, shape: tuple[int, ...]) -> Any:
    """The symbolic input of a network for one example of `shape`."""
    x = keras.Input(shape)
    if self.condition is None:
      return x
    return x, keras.Input(self.condition.features_shape)

  def _connect_condition(self) -> None:
    """Gives a conditional prior access to the condition."""
    reference = weakref.ref(self)
    shape = None if self.condition is None else self.condition.features_shape
    self.prior.connect_condition(lambda: _features(reference()), shape)

  # Training: c is the y of a batch.

  def given_y(self, y: tf.Tensor | None) -> contextlib.AbstractContextManager[None]:
    """The context of a batch whose y is its condition, if the model has one."""
    if self.condition is None:
      return contextlib.nullcontext()
    if y is None:
      raise ValueError(_NO_CONDITION.format(type(self).__name__))
    values = self._checked_tensor(tf.convert_to_tensor(y))
    return conditions.given(self, self.condition.features(values))

  def as_y(self, y: Any) -> Any:
    """The y of `fit` or `evaluate`: as it is, or checked conditions."""
    if self.condition is None:
      return y
    if y is None:
      raise ValueError(_NO_CONDITION.format(type(self).__name__))
    return self.condition.as_array(y)

  def condition_checks(self, y: tf.Tensor | None) -> dict[str, tf.Tensor]:
    """Whether all conditions of a batch are valid, if the model has one."""
    if self.condition is None:
      return {}
    values = self._checked_tensor(tf.convert_to_tensor(y))
    return {"condition": tf.reduce_all(self.condition.is_valid(values))}

  def split_inputs(self, x: Any, condition: Any) -> tuple[Any, Any]:
    """x and c of `x`, which is a pair of them if a model with a condition is called."""
    is_pair = isinstance(x, (tuple, list)) and len(x) == 2
    if self.condition is not None and condition is None and is_pair:
      return x[0], x[1]
    return x, condition

  def num_of(self, x: np.ndarray | tf.Tensor) -> int | tf.Tensor:
    """The number of examples of x, static if it is known."""
    return tf.shape(x)[0] if x.shape[0] is None else int(x.shape[0])


def _features(model):
  features = conditions.current(model)
  if features is None:
    model.condition_features(None, 0)  # raises an error
  return features
