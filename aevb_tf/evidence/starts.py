"""Where chains start: at draws from the prior, or from the encoder."""

from typing import Any


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
