"""Types and constraints of the parameters of a distribution."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import tensorflow as tf

from aevb_tf.types import TensorLike

# Where values break each constraint. NaN breaks none: it propagates to the loss, where
# training reports it with its step.
_BROKEN: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
  "real": lambda x: np.zeros_like(x, bool),
  "positive": lambda x: x <= 0,
  "positive_integer": lambda x: x <= 0,
  "cholesky": lambda x: np.diagonal(x, axis1=-2, axis2=-1) <= 0,
}


# A parameter that was bound: a float tensor, or integers if it counts exponentials.
Parameter: TypeAlias = tf.Tensor | np.ndarray


def static_integers(value: TensorLike) -> np.ndarray | None:
  """`value` as an integer array where it is one and known now, else None."""
  if hasattr(value, "dtype") and not isinstance(value, (np.ndarray, np.generic)):
    is_integer = isinstance(value, tf.Tensor) and value.dtype.is_integer
    known = tf.get_static_value(value) if is_integer else None
    return None if known is None else np.asarray(known)
  if isinstance(value, (list, tuple)) and any(tf.is_tensor(v) for v in value):
    return None
  array = np.asarray(value)
  return array if np.issubdtype(array.dtype, np.integer) else None


def float_dtype(values: Sequence[TensorLike]) -> tf.DType:
  """float64 where a tensor or variable among `values` is float64, else float32.

  Half precision is raised to float32: noise and densities lose too much in it. NumPy
  arrays and Python numbers follow.
  """
  kept = [v for v in values if not isinstance(v, (np.ndarray, np.generic))]
  dtypes = [tf.as_dtype(v.dtype) for v in kept if hasattr(v, "dtype")]
  return tf.float64 if tf.float64 in dtypes else tf.float32


def to_float(value: TensorLike, dtype: tf.DType) -> tf.Tensor:
  """Converts a parameter to a float tensor."""
  if hasattr(value, "dtype"):
    return tf.cast(tf.convert_to_tensor(value), dtype)
  return tf.convert_to_tensor(value, dtype)


def check(
  owner: str,
  constraints: Mapping[str, str],
  increasing: Sequence[str],
  values: Mapping[str, TensorLike],
) -> None:
  """Refuses impossible parameters whose values are known now.

  Inside a `tf.function` values are not known, and a negative scale gives wrong samples
  without an error: let the network end in a softplus or an exp.

  Args:
    owner: The distribution's name, for the message.
    constraints: Parameter names and their constraints.
    increasing: Names of parameters of which each must exceed the one before.
    values: Parameter names and values.

  Raises:
    ValueError: A known value breaks its constraint.
  """
  known = {name: tf.get_static_value(value) for name, value in values.items()}
  for name, constraint in constraints.items():
    value = known[name]
    if value is None:
      continue
    broken = _BROKEN[constraint](np.asarray(value))
    if np.any(broken):
      what = "have a positive diagonal" if constraint == "cholesky" else "be positive"
      raise ValueError(f"{owner}: {name} must {what}, got {np.asarray(value)}.")
  for below, above in zip(increasing, increasing[1:], strict=False):
    low, high = known[below], known[above]
    if low is not None and high is not None and np.any(low >= high):
      raise ValueError(f"{owner}: {below} must be below {above}, got {low} and {high}.")


def warn_outside(
  owner: str, sound: Mapping[str, tuple[float, float]], values: Mapping[str, TensorLike]
) -> None:
  """Warns of parameters, known now, for which many float32 samples are clipped.

  Args:
    owner: The distribution's name, for the message.
    sound: Parameter names and the ranges, both ends included, in which few do.
    values: Parameter names and values.
  """
  for name, (low, high) in sound.items():
    value = tf.get_static_value(values[name])
    if value is None:
      continue
    least, most = np.float32(low), np.float32(high)
    # A bound that was computed, as exp(log(low)), is off by its rounding.
    slack = 1e-5 * np.abs(value)
    if np.any(value < least - slack) or np.any(value > most + slack):
      warnings.warn(
        f"{owner}: {name} is outside [{low:g}, {high:g}]: more than one draw in a "
        "thousand may fall on an end of float32, where its gradient is zero. Stay in "
        "this range, or give float64 tensors, whose range is wider.",
        UserWarning,
        stacklevel=3,
      )
