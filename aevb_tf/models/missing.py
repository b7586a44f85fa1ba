"""How a model takes examples with missing values, which are marked by NaN.

The likelihood scores what was observed (`likelihoods.observed`), so that the bound is one
on log p(x_obs). The encoder cannot see NaN: it gets a number in its place, and on request
a mask that says which values were observed.

References:
  Nazabal, Olmos, Ghahramani, Valera. Handling incomplete heterogeneous data using VAEs.
  Pattern Recognition 107, 2020.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from aevb_tf.likelihoods.observed import is_observed


@dataclasses.dataclass(frozen=True, eq=False)
class Missing:
  """What an encoder sees of an example with missing values.

  Args:
    encode_mask: Whether the encoder also gets the mask, 1 for observed and 0 for missing
      values, behind the values along the last axis: its input has twice as many channels.
    fill_value: What the encoder sees in place of a missing value: a number, or an array
      that broadcasts to `event_shape`, such as the mean of the data.

  Raises:
    ValueError: `fill_value` is not finite numbers, or `encode_mask` is not a bool.
  """

  encode_mask: bool = False
  fill_value: Any = 0.0

  def __post_init__(self):
    if not isinstance(self.encode_mask, (bool, np.bool_)):
      raise ValueError(
        f"missing: encode_mask={self.encode_mask!r} must be True or False."
      )
    try:
      is_finite = bool(np.isfinite(np.asarray(self.fill_value, np.float32)).all())
    except (TypeError, ValueError):
      is_finite = False
    if not is_finite:
      raise ValueError(
        f"missing: fill_value={self.fill_value!r} must be finite numbers, since the "
        "encoder sees them."
      )

  def check(self, event_shape: tuple[int, ...]) -> None:
    """Raises a ValueError if `fill_value` does not broadcast to `event_shape`."""
    shape = np.shape(self.fill_value)
    try:
      fits = np.broadcast_shapes(shape, event_shape) == tuple(event_shape)
    except ValueError:
      fits = False
    if not fits:
      raise ValueError(
        f"missing: fill_value has shape {shape}, and an example {tuple(event_shape)}: give "
        "a number, or one for each value of an example."
      )

  def input_shape(self, event_shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of the encoder's input for one example of `event_shape`."""
    if not self.encode_mask:
      return tuple(event_shape)
    *space, channels = event_shape
    return (*space, 2 * channels)

  def encoder_input(self, x: tf.Tensor) -> tf.Tensor:
    """What the encoder gets for x.

    Args:
      x: float32 `[..., *event_shape]`, NaN where a value is missing.

    Returns:
      float32 `[..., *input_shape(event_shape)]`, without NaN.
    """
    observed = is_observed(x)
    filled = tf.where(observed, x, tf.constant(self.fill_value, tf.float32))
    if not self.encode_mask:
      return filled
    return tf.concat([filled, tf.cast(observed, tf.float32)], axis=-1)

  def config(self) -> dict[str, Any]:
    """The arguments, in JSON's types."""
    fill_value = np.asarray(self.fill_value, np.float32).tolist()
    return {"encode_mask": self.encode_mask, "fill_value": fill_value}


MissingLike: TypeAlias = bool | Mapping[str, Any] | Missing | None


def get(missing: MissingLike) -> Missing | None:
  """Resolves the argument `missing` of a model; None for complete data.

  Raises:
    ValueError: It is neither a bool nor the options of `Missing`.
  """
  if missing is None or missing is False:
    return None
  if missing is True:
    return Missing()
  if isinstance(missing, Missing):
    return missing
  try:
    return Missing(**missing)
  except TypeError:
    raise ValueError(
      f"missing={missing!r}: use True, or options such as {{'encode_mask': True, "
      "'fill_value': 0.0}."
    ) from None
