"""Arguments of estimators, checked with messages that name them."""

import numbers
from typing import Any

from aevb_tf.checks import positive_int  # noqa: F401


def fraction(name: str, value: Any) -> float:
  """`value` as a float in (0, 1), or a ValueError that names the argument."""
  if not isinstance(value, numbers.Real) or not 0 < value < 1:
    raise ValueError(f"{name}={value!r} has to lie between 0 and 1.")
  return float(value)


def one_of(name: str, value: Any, known: tuple) -> Any:
  """`value`, or a ValueError that lists what is known."""
  if value not in known:
    raise ValueError(
      f"{name}={value!r} has to be one of {', '.join(map(repr, known))}."
    )
  return value


def start_for(model: Any, start: str | None) -> str:
  """Where chains start: `start`, or the encoder, if the model has one, for None.

  Raises:
    ValueError: `start` is the encoder, and the model has none.
  """
  if start is None:
    return "encoder" if has_encoder(model) else "prior"
  if start == "encoder" and not has_encoder(model):
    raise ValueError(
      f"start='encoder': {type(model).__name__} has no encoder; use start='prior'."
    )
  return start


def has_encoder(model: Any) -> bool:
  """Whether a model has q(z|x)."""
  return hasattr(model, "encode") and hasattr(model, "posterior_family")
