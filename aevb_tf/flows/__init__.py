"""Normalizing flows: TFP bijectors between latents, with weights that Keras saves."""

from aevb_tf.flows.bijectors import (
  autoregressive_steps,
  chain_autoregressive,
  chain_coupling,
  coupling_steps,
)
from aevb_tf.flows.conditioner import Conditioner
from aevb_tf.flows.distribution import FlowDistribution

__all__ = [
  "Conditioner",
  "FlowDistribution",
  "autoregressive_steps",
  "chain_autoregressive",
  "chain_coupling",
  "coupling_steps",
]
