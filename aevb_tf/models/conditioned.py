"""The methods by which a model is given a condition c; see `aevb_tf.conditions`.

Every public method takes `condition=`, and puts what the networks see of it into a
context (`conditions.given`), where `encode`, `decode` and a conditional prior find it.
Draws of z are `[L, batch, latent_dim]`, flattened to `[L * batch, latent_dim]` for the
decoder, and the condition of the batch is repeated L times.
"""

import contextlib
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from aevb_tf import conditions

if TYPE_CHECKING:  # what it is mixed into
  from keras import Model as _Model
else:
  _Model = object


class Conditioned(_Model):
  """What a `GenerativeModel` does with a condition.

  Attributes:
    condition: An `aevb_tf.conditions.Condition`, or None.
  """

  condition: conditions.Condition | None = None

  def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
    """As Keras' own, for `x` or `(x, c)`, where c may also have names, or be a table.

    The arguments are converted before Keras sees them: it would change a table to an
    array, and append a list of arguments to every error.
    """
    x, c = self.split_inputs(inputs)
    if any(isinstance(part, keras.KerasTensor) for part in (x, c)):
      return super().__call__(inputs, *args, **kwargs)
    x = self.as_data(x)
    with self.given(c, self.num_of(x)):
      return super().__call__(x, *args, **kwargs)

  def given(
    self, condition: Any, num: int | tf.Tensor
  ) -> contextlib.AbstractContextManager[None]:
    """In this context, the model computes with a condition.

    Args:
      condition: That of each example, or one for all; None keeps the condition of an
        outer context.
      num: Number of examples.

    Raises:
      ValueError: The model has no condition, or needs one, or it is invalid.
    """
    return conditions.given(self, self.condition_features(condition, num))

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
    if length in (None, 1):
      # A length that only the graph knows must be 1 or num, too.
      return tf.broadcast_to(features, [num, *self.condition.features_shape])
    advice = "give one for each, or one for all."
    if not isinstance(num, int):
      what = f"There are conditions of {length} examples: {advice} The examples are"
      with tf.control_dependencies([tf.debugging.Assert(num == length, [what, num])]):
        return tf.identity(features)
    if length != num:
      raise ValueError(
        f"There are {num} examples, and conditions of {length}: {advice}"
      )
    return features

  def condition_values(self, condition: Any) -> tf.Tensor:
    """Checked conditions as a tensor, `[n, *shape]`; see `Condition.as_array`."""
    assert self.condition is not None
    if not tf.is_symbolic_tensor(condition):
      return tf.constant(self._as_array(condition))
    values = self._checked_tensor(condition)
    is_valid = tf.reduce_all(self.condition.is_valid(values))
    with tf.control_dependencies([tf.debugging.Assert(is_valid, [self._invalid()])]):
      return tf.identity(values)

  def _as_array(self, condition):
    assert self.condition is not None
    parts = condition.values() if isinstance(condition, Mapping) else [condition]
    if any(map(np.ma.is_masked, parts)):
      raise ValueError("The condition has masked values: fill them in.")
    return self.condition.as_array(condition)

  def _invalid(self) -> str:
    """The message about conditions of which a graph found that some are invalid."""
    assert self.condition is not None
    return f"The condition has invalid values. {self.condition.advice()}"

  def _checked_tensor(
    self, condition: tf.Tensor, may_be_single: bool = True
  ) -> tf.Tensor:
    """Numbers or codes `[n, *shape]` after a check of their shape and dtype.

    Args:
      condition: A tensor.
      may_be_single: Whether it may be that of one example, `[*shape]`.
    """
    assert self.condition is not None
    shape = self.condition.shape
    if condition.dtype.is_bool:
      condition = tf.cast(condition, tf.int32)
    if not (condition.dtype.is_integer or condition.dtype.is_floating):
      raise ValueError(
        f"The condition has dtype {condition.dtype.name}: in a graph or a data set, give "
        f"numbers. {self.condition.advice()}"
      )
    if condition.shape.rank is None or None in condition.shape[1:]:
      return self._reshaped_in_graph(condition, may_be_single)
    if may_be_single and condition.shape.rank == len(shape):
      condition = condition[tf.newaxis]
    if condition.shape.rank == len(shape) + 2 and condition.shape[-1] == 1:
      condition = condition[..., 0]
    wanted = tf.TensorShape([None, *shape])
    if not condition.shape.is_compatible_with(wanted):
      is_one_hot = not shape and condition.shape[1:] == self.condition.features_shape
      hint = ": tf.argmax(c, axis=-1) of one-hot vectors" if is_one_hot else ""
      raise ValueError(
        f"The condition has shape {tuple(condition.shape)}: the model needs "
        f"[{self._needed_shape()}]{hint}. {self.condition.advice()}"
      )
    return tf.ensure_shape(condition, wanted)

  def _reshaped_in_graph(self, condition, may_be_single):
    """As `_checked_tensor`, of a tensor whose shape only the graph knows."""
    assert self.condition is not None
    shape = self.condition.shape
    is_single = tf.equal(tf.rank(condition), len(shape)) & may_be_single
    found = tf.concat(
      [tf.ones([tf.cast(is_single, tf.int32)], tf.int32), tf.shape(condition)], axis=0
    )
    # A last axis of length 1 is left out, as above.
    extra = tf.clip_by_value(tf.size(found) - len(shape) - 1, 0, 1)
    wanted = tf.concat(
      [found[:1], tf.constant(shape, tf.int32), tf.ones([extra], tf.int32)], axis=0
    )
    fits = tf.cond(
      tf.equal(tf.size(found), tf.size(wanted)),
      lambda: tf.reduce_all(tf.equal(found, wanted)),
      lambda: tf.constant(False),
    )
    with tf.control_dependencies([tf.debugging.Assert(fits, [self._wrong_shape()])]):
      return tf.reshape(condition, [-1, *shape])

  def _needed_shape(self) -> str:
    assert self.condition is not None
    return ", ".join(map(str, ("batch", *self.condition.shape)))

  def _wrong_shape(self) -> str:
    """The message about conditions of which a graph found that their shape is wrong."""
    assert self.condition is not None
    return (
      f"The condition has another shape than [{self._needed_shape()}], which the model "
      f"needs. {self.condition.advice()}"
    )

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
    return conditions.given(self, self.condition.features(self._values_of_y(y)))

  def condition_checks(self, x: tf.Tensor, y: tf.Tensor | None) -> dict[str, tf.Tensor]:
    """Whether a batch has as many valid conditions as examples, if the model has one."""
    if self.condition is None or self.condition_or_error(y) is None:
      return {}
    values = self._values_of_y(y)
    is_valid = tf.reduce_all(self.valid_conditions(values))
    return {"condition": is_valid & (tf.shape(values)[0] == tf.shape(x)[0])}

  def valid_conditions(self, values: tf.Tensor) -> tf.Tensor:
    """Whether each y of a batch is valid, boolean `[n]`."""
    assert self.condition is not None
    return self.condition.is_valid(values)

  def _values_of_y(self, y):
    y = tf.convert_to_tensor(self.condition_or_error(y))
    return self._checked_tensor(y, may_be_single=False)

  def as_y(self, y: Any) -> Any:
    """The y of `fit` or `evaluate`: as it is, or checked conditions."""
    return y if self.condition is None else self._as_array(self.condition_or_error(y))

  def condition_or_error(self, y: Any) -> Any:
    """y; raises a ValueError if it is None."""
    if y is None:
      raise ValueError(
        f"This {type(self).__name__} has a condition, and the data have none: fit(x, c), "
        "predict((x, c)), or a data set of (x, c)."
      )
    return y

  def check_classes(self, data: object) -> None:
    """Raises a ValueError if a data set numbers its classes in another order."""
    classes = getattr(data, "classes", None)
    if classes is None or not isinstance(self.condition, conditions.Labels):
      return
    levels = self.condition.levels
    if isinstance(levels[0], str) and tuple(levels) != tuple(classes):
      raise ValueError(
        f"The classes of the model are {list(levels)}, and those of the data "
        f"{list(classes)}: create the model with condition=data.classes, or the "
        "data set with the classes of the model, classes=vae.condition.levels."
      )

  def split_inputs(self, x: Any) -> tuple[Any, Any]:
    """x and c, if a model with a condition is called with a pair of them, else x, None."""
    is_pair = isinstance(x, (tuple, list)) and len(x) == 2
    return (x[0], x[1]) if self.condition is not None and is_pair else (x, None)

  def num_of(self, x: np.ndarray | tf.Tensor) -> int | tf.Tensor:
    """The number of examples of x, static if it is known."""
    return tf.shape(x)[0] if x.shape[0] is None else int(x.shape[0])


def _features(model):
  features = conditions.current(model)
  if features is None:
    model.condition_features(None, 0)  # raises an error
  return features
