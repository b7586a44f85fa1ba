"""Chains of steps: masked autoregressive flow and RealNVP, as TFP bijectors.

    MAF      z_j = eps_j exp(s_j(z_1 ... z_{j-1})) + m_j(z_1 ... z_{j-1})
    RealNVP  one half of z scaled and shifted by functions of the other half

MAF maps z to eps in one pass and eps to z in J; its inverse, IAF, the other way round.
RealNVP takes one pass in either direction. Between steps the order of the latents is
reversed, or the halves change their roles.

References:
  Papamakarios, Pavlakou, Murray. Masked autoregressive flow. NeurIPS 2017.
  Kingma et al. Improved variational inference with inverse autoregressive flow.
  NeurIPS 2016.
  Dinh, Sohl-Dickstein, Bengio. Density estimation using Real NVP. ICLR 2017.
"""

from collections.abc import Sequence

import tensorflow as tf
from tensorflow_probability import bijectors as tfb

from aevb_tf.flows.conditioner import Conditioner


def autoregressive_steps(
  latent_dim: int, num_steps: int, hidden_units: tuple[int, ...], context_size: int = 0
) -> list[Conditioner]:
  """The networks of an autoregressive flow."""
  return [
    Conditioner(latent_dim, latent_dim, hidden_units, context_size, True)
    for _ in range(num_steps)
  ]


def chain_autoregressive(
  steps: Sequence[Conditioner], context: tf.Tensor | None = None
) -> tfb.Bijector:
  """The MAF of these steps: `forward` maps eps to z, one latent after another.

  Args:
    steps: The networks.
    context: float32 `[..., context_size]`, or None.
  """

  def step(conditioner: Conditioner) -> tfb.Bijector:
    return tfb.MaskedAutoregressiveFlow(lambda z: conditioner.parameters(z, context))

  reverse = tfb.Permute(list(range(steps[0].num_inputs))[::-1])
  chain = [step(steps[0])]
  for conditioner in steps[1:]:
    chain += [reverse, step(conditioner)]
  if len(steps) % 2 == 0:
    chain.append(reverse)  # an even number of reversals: a new flow is the identity
  return tfb.Chain(chain)


def coupling_steps(
  latent_dim: int, num_steps: int, hidden_units: tuple[int, ...], context_size: int = 0
) -> list[Conditioner]:
  """The networks of a RealNVP; even steps move the second half, odd ones the first.

  Raises:
    ValueError: There is only one latent, which has no halves.
  """
  if latent_dim < 2:
    raise ValueError(
      "real_nvp needs at least two latents: one half of them moves the other. For one "
      "latent use posterior='iaf' or posterior='gaussian'."
    )
  half = latent_dim // 2
  sizes = [(half, latent_dim - half), (latent_dim - half, half)]
  return [
    Conditioner(*sizes[i % 2], hidden_units, context_size) for i in range(num_steps)
  ]


def chain_coupling(
  steps: Sequence[Conditioner], context: tf.Tensor | None = None
) -> tfb.Bijector:
  """The RealNVP of these steps.

  Args:
    steps: The networks.
    context: float32 `[..., context_size]`, or None.
  """

  def step(i: int, conditioner: Conditioner) -> tfb.Bijector:
    # A negative number masks the last latents, not the first.
    num_masked = conditioner.num_inputs * (-1 if i % 2 else 1)
    return tfb.RealNVP(
      num_masked=num_masked,
      shift_and_log_scale_fn=lambda z, _: conditioner.parameters(z, context),
    )

  return tfb.Chain([step(i, steps[i]) for i in reversed(range(len(steps)))])
