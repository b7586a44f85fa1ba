"""Vectors, images and other arrays as a condition."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from aevb_tf.checks import positive_int
from aevb_tf.conditions.base import Condition, as_numpy, registry


@registry.register("array")
class Array(Condition):
  """An array of numbers, which the networks see as it is: scale it to about -1 to 1.

  Args:
    shape: Its shape: `(5,)` for a vector, `(28, 28, 1)` for an image.

  Raises:
    ValueError: `shape` is not a tuple of positive integers.
  """

  def __init__(self, shape: Sequence[int]):
    if isinstance(shape, (str, int)) or not len(tuple(shape)):
      raise ValueError(f"shape={shape!r} must be a tuple such as (5,) or (28, 28, 1).")
    self.shape = self.features_shape = tuple(positive_int("shape", n) for n in shape)

  def as_array(self, values: Any) -> np.ndarray:
    """float32 `[n, *shape]`; see `Condition.as_array`."""
    array = as_numpy(values)
    if array.dtype.kind not in "biuf":
      raise ValueError(f"The condition has dtype {array.dtype}: give numbers.")
    if array.dtype == np.uint8 and np.any(array > 1):
      raise ValueError("The condition has levels of 8 bits: scale them, as in c / 255.")
    array = array.astype(np.float32)
    array = array[np.newaxis] if array.shape == self.shape else array
    if array.shape[1:] != self.shape or array.ndim == 0:
      raise ValueError(
        f"The condition has shape {array.shape}: give {self.shape} for all examples, or "
        f"{('n', *self.shape)}.".replace("'", "")
      )
    if not np.isfinite(array).all():
      raise ValueError("The condition has NaN or infinite values: fill them in.")
    return array

  def get_config(self):
    return {"name": "array", "shape": list(self.shape)}
