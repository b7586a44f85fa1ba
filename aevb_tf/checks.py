"""Checks of arguments, with messages that name the argument."""

import numbers
import pathlib
import sys
from typing import Any, TypeVar

Known = TypeVar("Known")
_PACKAGE = f"{pathlib.Path(__file__).parent}/"


def positive_int(name: str, value: Any) -> int:
  """Returns `value` as an int.

  Args:
    name: Name of the argument in the message.
    value: An integer of any library, or a whole float, as JSON may contain.

  Raises:
    ValueError: `value` is not a whole number, or is less than 1.
  """
  message = f"{name}={value!r} must be a positive integer."
  try:
    whole = int(value)
  except (OverflowError, TypeError, ValueError) as error:
    raise ValueError(message) from error
  if isinstance(value, bool) or whole != value or whole < 1:
    raise ValueError(message)
  return whole


def fraction(name: str, value: object) -> float:
  """Returns `value` as a float, or raises a ValueError if it is not in (0, 1)."""
  if not isinstance(value, numbers.Real) or not 0 < float(value) < 1:
    raise ValueError(f"{name}={value!r} must lie between 0 and 1.")
  return float(value)


def is_number(value: object) -> bool:
  """Whether a value is a real number of Python or NumPy."""
  return isinstance(value, numbers.Real)


def is_missing(value: object) -> bool:
  """Whether a value is None, NaN, or NA of pandas."""
  try:
    return value is None or bool(value != value)
  except TypeError:  # NA has no truth value
    return True
  except ValueError:  # an array
    return False


def one_of(name: str, value: Known, known: tuple[Known, ...]) -> Known:
  """Returns `value`, or raises a ValueError that lists the known values."""
  if value not in known:
    raise ValueError(f"{name}={value!r} must be one of {', '.join(map(repr, known))}.")
  return value


def level_of_user() -> int:
  """The `stacklevel` with which a warning names the line that called the package."""
  frame, level = sys._getframe(1), 1
  while frame.f_back and frame.f_code.co_filename.startswith(_PACKAGE):
    frame, level = frame.f_back, level + 1
  return level
