"""Learned flow prior: a masked autoregressive flow applied to a standard normal.

The density of z takes one pass; a draw takes J passes, one latent after another. A new
flow is the identity, so the prior starts as the standard normal.

References:
  Papamakarios, Pavlakou, Murray. Masked autoregressive flow. NeurIPS 2017.
"""

from typing import Any

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf import flows, random
from aevb_tf.normal import Normal
from aevb_tf.priors.base import Prior, registry
from aevb_tf.types import Seed


@registry.register("maf", package="aevb_tf.priors")
class MaskedAutoregressiveFlow(Prior):
  """A standard normal transformed by `num_steps` autoregressive maps.

  Args:
    num_steps: Number of steps of the flow.
    hidden_units: Width of each hidden layer of a step's network.

  Raises:
    ValueError: `num_steps` is not positive, or `hidden_units` is empty.
  """

  def __init__(
    self, num_steps: int = 2, hidden_units: tuple[int, ...] = (64,), **kwargs: Any
  ):
    super().__init__(**kwargs)
    if num_steps < 1 or not tuple(hidden_units):
      raise ValueError(
        f"num_steps={num_steps!r}, hidden_units={hidden_units!r}: a flow needs at "
        "least one step with one hidden layer."
      )
    self.num_steps, self.hidden_units = num_steps, tuple(hidden_units)

  def build(self, latent_shape: tuple[int]) -> None:
    super().build(latent_shape)
    options = (self.latent_dim, self.num_steps, self.hidden_units)
    self.steps = flows.autoregressive_steps(*options)

  def distribution(self) -> tfd.Distribution:
    normal = Normal(tf.zeros(self.latent_dim), tf.ones(self.latent_dim))
    base = tfd.Independent(normal, reinterpreted_batch_ndims=1)
    return flows.FlowDistribution(base, flows.chain_autoregressive(self.steps))

  def sample(self, seed: Seed, rows: tf.Tensor) -> tf.Tensor:
    noise = random.normal(seed, rows, self.latent_dim)
    return flows.chain_autoregressive(self.steps).forward(noise)

  def get_config(self):
    options = {"num_steps": self.num_steps, "hidden_units": self.hidden_units}
    return {**super().get_config(), **options}
