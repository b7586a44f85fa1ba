"""What a condition is: its shape, its checks, and what the networks see of it."""

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from aevb_tf.registry import Options, Registry
from aevb_tf.representation import Represented
from aevb_tf.tables import Schema

registry: "Registry[Condition]" = Registry("condition")


class Condition(Represented):
  """Base of all conditions.

  Attributes:
    shape: Shape of c for one example, `()` for a label.
    dtype: Dtype of c in a graph: `tf.int32` or `tf.float32`.
    features_shape: Shape of what the networks see of it.
  """

  shape: tuple[int, ...] = ()
  dtype: tf.DType = tf.float32
  features_shape: tuple[int, ...] = ()

  def as_array(self, values: Any) -> np.ndarray:
    """Converts conditions as a user has them, and checks them.

    Args:
      values: The condition of one example, or of several.

    Returns:
      An array `[n, *shape]`, n = 1 for that of one example; int32 or float32.

    Raises:
      ValueError: They have another shape, or a value is invalid.
    """
    raise TypeError(f"{type(self).__name__} must define `as_array`.")

  def features(self, values: tf.Tensor) -> tf.Tensor:
    """What the networks see.

    Args:
      values: `[n, *shape]`.

    Returns:
      float32 `[n, *features_shape]`.
    """
    return tf.cast(values, tf.float32)

  def is_valid(self, values: tf.Tensor) -> tf.Tensor:
    """Whether each condition is valid, boolean `[n]`."""
    finite = tf.math.is_finite(tf.cast(values, tf.float32))
    return tf.reduce_all(tf.reshape(finite, [tf.shape(values)[0], -1]), axis=1)

  def advice(self) -> str:
    """What valid conditions are, for error messages."""
    return "They must be finite numbers."

  def examples(self, num: int) -> np.ndarray:
    """Valid conditions, `[num, *shape]`, with which an exported model is checked."""
    rng = np.random.default_rng(0)
    return rng.uniform(-1.0, 1.0, (num, *self.shape)).astype(np.float32)

  def get_config(self) -> dict[str, Any]:
    """`{"name": ..., **options}` in JSON's types, which `get` takes."""
    raise TypeError(f"{type(self).__name__} must define `get_config`.")


def as_numpy(values: Any) -> np.ndarray:
  """`np.asarray`, with an error that names the condition."""
  try:
    return np.asarray(values)
  except ValueError:
    raise ValueError(
      "The condition is a list of different lengths: give one array of one shape."
    ) from None


# A condition; a number of classes; names of classes; a shape; or columns of a table.
ConditionLike: TypeAlias = (
  Condition | int | Sequence[str] | Sequence[int] | Schema | Options
)


def get(condition: ConditionLike | None) -> Condition | None:
  """Resolves the argument `condition` of a model.

  Args:
    condition: A number of classes; names of classes; the shape of an array; a `Schema`;
      `{"name": ..., **options}`; a `Condition`; or None.

  Raises:
    ValueError: It is none of these, or an option is invalid.
  """
  if condition is None or isinstance(condition, Condition):
    return condition
  if isinstance(condition, (int, np.integer)) and not isinstance(condition, bool):
    return registry.get({"name": "labels", "levels": int(condition)})
  if isinstance(condition, Schema):
    return registry.get({"name": "columns", "schema": condition})
  if isinstance(condition, Mapping):
    return registry.get(condition)
  # A set has no order, and the entries of a DataFrame are the names of its columns.
  is_list = isinstance(condition, Iterable) and not (
    isinstance(condition, (str, Set)) or hasattr(condition, "columns")
  )
  entries: list[object] = list(condition) if is_list else []  # type: ignore[arg-type]
  if entries and all(isinstance(entry, str) for entry in entries):
    return registry.get({"name": "labels", "levels": list(map(str, entries))})
  if entries and all(isinstance(entry, (int, np.integer)) for entry in entries):
    return registry.get({"name": "array", "shape": entries})
  shown = repr(condition)
  if hasattr(condition, "columns"):
    shown = type(condition).__name__
  raise ValueError(
    f"condition={shown}: give the number of classes, their names in a list, the "
    "shape of an array such as (5,), a Schema, or {'name': ..., **options} of "
    "aevb_tf.conditions."
  )
