"""Initial positions of chains: draws from the prior or from the encoder."""

from typing import TypeGuard

from aevb_tf.mcmc.annealing_path import Start
from aevb_tf.protocols import Model, ModelWithEncoder


def start_for(model: Model, start: Start | None) -> Start:
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


def has_encoder(model: Model) -> TypeGuard[ModelWithEncoder]:
  """Whether a model has an encoder q(z|x)."""
  return hasattr(model, "encode") and hasattr(model, "posterior_family")
