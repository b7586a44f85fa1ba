"""Initial positions of chains: draws from the prior or from the encoder."""

from typing import Any


def start_for(model: Any, start: str | None) -> str:
  """Returns `start`; for None, "encoder" if the model has one, otherwise "prior".

  Raises:
    ValueError: `start` is "encoder", and the model has no encoder.
  """
  if start is None:
    return "encoder" if has_encoder(model) else "prior"
  if start == "encoder" and not has_encoder(model):
    raise ValueError(
      f"start='encoder': {type(model).__name__} has no encoder; use start='prior'."
    )
  return start


def has_encoder(model: Any) -> bool:
  """Whether a model has an encoder q(z|x)."""
  return hasattr(model, "encode") and hasattr(model, "posterior_family")
