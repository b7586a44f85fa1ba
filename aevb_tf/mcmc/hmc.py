"""Hamiltonian Monte Carlo transitions that leave f_beta of an `AnnealingPath` invariant.

A transition draws a momentum r ~ N(0, I), integrates the dynamics of the Hamiltonian

    H(u, r) = -log f_beta(u) + r^T r / 2

by the leapfrog method, and accepts the proposal with probability min(1, exp(-change in
H)). It is reversible. The step size of each transition is multiplied by a random factor
in (0.6, 1.2), since trajectories of one fixed length can be periodic.

A transition is that of `tfp.mcmc.HamiltonianMonteCarlo` (tested), which could not replace
it, for two reasons. TFP draws the momenta of all chains, and the uniforms of their
acceptance, in one call each of TensorFlow's stateless generators, and takes only a seed:
with the same seed, the noise of an example changes with the size of its batch and with
XLA. Here it comes from `aevb_tf.random` and depends on (seed, transition, chain, row of
the example) alone, so that estimates are the same, up to rounding, for every batch size,
and with and without XLA. And a kernel of TFP keeps log f and its gradient for a single
density: a chain whose beta changes must evaluate them again (`bootstrap_results`)
before each transition. A `State` holds for every beta.

References:
  Neal. MCMC using Hamiltonian dynamics. arXiv:1206.1901.
"""

import math
from typing import NamedTuple

import tensorflow as tf

from aevb_tf import random
from aevb_tf.mcmc.annealing_path import AnnealingPath
from aevb_tf.random import Purpose
from aevb_tf.types import FloatLike

INITIAL_STEP_SIZE = 0.5
# How fast the log of the step size follows the acceptance.
_ADAPTATION_RATE = 0.1


class State(NamedTuple):
  """Positions of chains, with the log-densities and their gradients there."""

  position: tf.Tensor  # u, [chains, batch, latent_dim]
  log_base: tf.Tensor  # log f_0, [chains, batch]
  log_ratio: tf.Tensor  # log (f_1 / f_0), [chains, batch]
  base_gradient: tf.Tensor  # shaped as the position
  ratio_gradient: tf.Tensor

  def log_density(self, beta: FloatLike) -> tf.Tensor:
    """log f_beta, nats, `[chains, batch]`."""
    return self.log_base + beta * self.log_ratio

  def gradient(self, beta: FloatLike) -> tf.Tensor:
    """The gradient of `log_density`, shaped as the position."""
    return self.base_gradient + beta * self.ratio_gradient


class TransitionNoise(NamedTuple):
  """The random numbers of one transition."""

  momentum: tf.Tensor  # standard normal, shaped as the position
  acceptance: tf.Tensor  # uniform, [chains, batch]
  jitter: tf.Tensor  # uniform, [chains, batch], for the step size


def evaluate(path: AnnealingPath, position: tf.Tensor) -> State:
  """The state of chains at `position`, float32 `[chains, batch, latent_dim]`."""
  with tf.GradientTape(persistent=True) as tape:
    tape.watch(position)
    log_base, log_ratio = path.log_densities(position)
  zero = tf.UnconnectedGradients.ZERO
  gradients = [
    tape.gradient(f, position, unconnected_gradients=zero)
    for f in (log_base, log_ratio)
  ]
  return State(position, log_base, log_ratio, *gradients)


def draw_noise(
  seed: tf.Tensor, step: tf.Tensor, rows: tf.Tensor, chains: int, dim: int
) -> TransitionNoise:
  """The noise of transition `step`; example i's depends on (seed, step, rows[i]) alone.

  Args:
    seed: int32 `[2]`.
    step: int32 scalar.
    rows: int32 `[batch]`.
    chains: Chains per example.
    dim: Number of latents.
  """
  normal = random.per_sample(
    lambda chain: random.normal(chain, rows, dim + 2),
    random.derive(seed, Purpose.TRANSITION, step),
    0,
    chains,
    Purpose.CHAIN,
  )
  # Uniform through the normal's CDF: one generator compiles in half the time of two.
  uniform = 0.5 * tf.math.erfc(-math.sqrt(0.5) * normal[..., dim:])
  return TransitionNoise(normal[..., :dim], uniform[..., 0], uniform[..., 1])


def leapfrog(
  path: AnnealingPath,
  state: State,
  momentum: tf.Tensor,
  beta: FloatLike,
  step_size: tf.Tensor,
  num_steps: int,
) -> tuple[State, tf.Tensor]:
  """Integrates the dynamics of H for `num_steps` steps.

  Args:
    path: The path.
    state: The state at the start.
    momentum: The momentum at the start, shaped as the position.
    beta: float32 scalar.
    step_size: float32, broadcasts against the momentum.
    num_steps: Leapfrog steps.

  Returns:
    The state and the momentum at the end.
  """

  def step(i, state, momentum):
    state = evaluate(path, state.position + step_size * momentum)
    # Two half steps of the momentum in one; the last one is half a step too long.
    return i + 1, state, momentum + step_size * state.gradient(beta)

  momentum = momentum + 0.5 * step_size * state.gradient(beta)
  _, state, momentum = tf.while_loop(
    lambda i, *_: i < num_steps, step, (0, state, momentum), parallel_iterations=1
  )
  return state, momentum - 0.5 * step_size * state.gradient(beta)


def transition(
  path: AnnealingPath,
  state: State,
  beta: FloatLike,
  step_size: tf.Tensor,
  noise: TransitionNoise,
  leapfrog_steps: int,
) -> tuple[State, tf.Tensor]:
  """The transition kernel: one step of the chains that leaves f_beta invariant.

  Args:
    path: The path.
    state: The current state.
    beta: float32 scalar.
    step_size: float32 `[batch]`, or a scalar.
    noise: The random numbers of this transition.
    leapfrog_steps: Leapfrog steps of the proposal.

  Returns:
    The new state, and the probability of acceptance `[batch]`, its mean over chains.
  """
  step_size = (step_size * (0.6 + 0.6 * noise.jitter))[..., tf.newaxis]
  proposal, momentum = leapfrog(
    path, state, noise.momentum, beta, step_size, leapfrog_steps
  )
  log_accept_ratio = proposal.log_density(beta) - state.log_density(beta)
  log_accept_ratio += 0.5 * tf.reduce_sum(noise.momentum**2 - momentum**2, axis=-1)
  # A trajectory that diverged to NaN is rejected.
  log_accept_ratio = tf.where(
    tf.math.is_nan(log_accept_ratio), float("-inf"), log_accept_ratio
  )
  is_accepted = noise.acceptance < tf.exp(log_accept_ratio)

  def select(proposed, current):
    of_value = is_accepted if proposed.shape.rank == 2 else is_accepted[..., tf.newaxis]
    return tf.where(of_value, proposed, current)

  new = State(*map(select, proposal, state))
  return new, tf.reduce_mean(tf.exp(tf.minimum(log_accept_ratio, 0.0)), axis=0)


def adapt_step_size(
  step_size: tf.Tensor, acceptance: tf.Tensor, target: float
) -> tf.Tensor:
  """A step size whose acceptance is nearer to `target`, shaped as it was."""
  return step_size * tf.exp(_ADAPTATION_RATE * (acceptance - target))
