"""Normalizing flows: TFP bijectors between latents, with weights that Keras saves."""

from aevb_tf.flows.bijectors import (
  autoregressive_steps,
  chain_autoregressive,
  chain_coupling,
  coupling_steps,
)
from aevb_tf.flows.conditioner import Conditioner

__all__ = [
  "Conditioner",
  "autoregressive_steps",
  "chain_autoregressive",
  "chain_coupling",
  "coupling_steps",
]
