"""Arguments, checked with messages that name them."""

from typing import Any


def positive_int(name: str, value: Any) -> int:
  """Returns `value` as an int.

  Args:
    name: What the message calls it.
    value: An integer of any library, or a float that is whole, as JSON may give one.

  Raises:
    ValueError: It is not a whole number, or less than 1.
  """
  refused = f"{name}={value!r} has to be a positive integer."
  try:
    whole = int(value)
  except (OverflowError, TypeError, ValueError) as error:
    raise ValueError(refused) from error
  if isinstance(value, bool) or whole != value or whole < 1:
    raise ValueError(refused)
  return whole
