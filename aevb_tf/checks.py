"""Arguments, checked with messages that name them."""

import numbers
from typing import Any


def positive_int(name: str, value: Any) -> int:
  """Returns `value` as an int.

  Args:
    name: What the message calls it.
    value: An integer of any library, or a float that is whole, as JSON may give one.

  Raises:
    ValueError: It is not a whole number, or less than 1.
  """
  refused = f"{name}={value!r} must be a positive integer."
  try:
    whole = int(value)
  except (OverflowError, TypeError, ValueError) as error:
    raise ValueError(refused) from error
  if isinstance(value, bool) or whole != value or whole < 1:
    raise ValueError(refused)
  return whole


def fraction(name: str, value: Any) -> float:
  """`value` as a float in (0, 1), or a ValueError that names the argument."""
  if not isinstance(value, numbers.Real) or not 0 < value < 1:
    raise ValueError(f"{name}={value!r} must lie between 0 and 1.")
  return float(value)


def one_of(name: str, value: Any, known: tuple) -> Any:
  """`value`, or a ValueError that lists what is known."""
  if value not in known:
    raise ValueError(f"{name}={value!r} must be one of {', '.join(map(repr, known))}.")
  return value
