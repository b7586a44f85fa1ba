"""Hamiltonian Monte Carlo along a `Path`, for many chains of many data at once.

A transition gives u a random momentum, follows the dynamics of -log f_beta for some
leapfrog steps, and accepts the end with probability min(1, exp(-change in energy)): it
leaves f_beta as it is, and is reversible. The step size of each transition is varied at
random, by a factor in (0.6, 1.2), since a fixed one can go in circles.

References:
  Neal. MCMC using Hamiltonian dynamics. arXiv:1206.1901.
"""

import math
from typing import Any, NamedTuple

import tensorflow as tf

from aevb_tf import random
from aevb_tf.evidence import noise
from aevb_tf.evidence.paths import Path
from aevb_tf.random import Purpose

FIRST_STEP_SIZE = 0.5
# How fast the log of the step size follows the acceptance.
_ADAPTATION = 0.1


class Point(NamedTuple):
  """Where chains are: u `[chains, batch, latent_dim]`, log-densities, gradients in u."""

  u: tf.Tensor
  log_base: tf.Tensor
  log_ratio: tf.Tensor
  base_gradient: tf.Tensor
  ratio_gradient: tf.Tensor

  def log_density(self, beta: Any) -> tf.Tensor:
    """log f_beta(u), nats, `[chains, batch]`."""
    return self.log_base + beta * self.log_ratio

  def gradient(self, beta: Any) -> tf.Tensor:
    """The gradient of `log_density`, shaped as `u`."""
    return self.base_gradient + beta * self.ratio_gradient


class Kicks(NamedTuple):
  """The noise of one transition."""

  momentum: tf.Tensor  # standard normal, shaped as u
  chance: tf.Tensor  # uniform [chains, batch], for acceptance
  jitter: tf.Tensor  # uniform [chains, batch], for the step size


def at(path: Path, u: tf.Tensor) -> Point:
  """The point `u` of a path."""
  with tf.GradientTape(persistent=True) as tape:
    tape.watch(u)
    log_base, log_ratio = path.log_densities(u)
  zero = tf.UnconnectedGradients.ZERO
  gradients = [
    tape.gradient(f, u, unconnected_gradients=zero) for f in (log_base, log_ratio)
  ]
  return Point(u, log_base, log_ratio, *gradients)


def kicks(
  seed: tf.Tensor, step: tf.Tensor, rows: tf.Tensor, chains: int, dim: int
) -> Kicks:
  """The noise of transition `step`; that of datum i depends on (seed, step, rows[i]).

  Args:
    seed: int32 `[2]`.
    step: int32 scalar.
    rows: int32 `[batch]`.
    chains: Chains for each datum.
    dim: Number of latents.
  """
  normal = noise.per_sample(
    lambda chain: random.normal(chain, rows, dim + 2),
    random.derive(seed, Purpose.TRANSITION, step),
    0,
    chains,
    Purpose.CHAIN,
  )
  # Uniform through the normal's CDF: one generator compiles in half the time of two.
  uniform = 0.5 * tf.math.erfc(-math.sqrt(0.5) * normal[..., dim:])
  return Kicks(normal[..., :dim], uniform[..., 0], uniform[..., 1])


def transition(
  path: Path,
  point: Point,
  beta: Any,
  step_size: tf.Tensor,
  kick: Kicks,
  leapfrog_steps: int,
) -> tuple[Point, tf.Tensor]:
  """One transition that leaves f_beta as it is.

  Args:
    path: The path.
    point: Where the chains are.
    beta: float32 scalar.
    step_size: float32 `[batch]`, or one for all.
    kick: The transition's noise.
    leapfrog_steps: Leapfrog steps.

  Returns:
    Where the chains are then, and the probability of acceptance `[batch]`, the mean
    over chains.
  """
  step_size = (step_size * (0.6 + 0.6 * kick.jitter))[..., tf.newaxis]

  def leap(i, end, momentum):
    end = at(path, end.u + step_size * momentum)
    # Two half kicks in one; the last is a half too much.
    return i + 1, end, momentum + step_size * end.gradient(beta)

  momentum = kick.momentum + 0.5 * step_size * point.gradient(beta)
  _, end, momentum = tf.while_loop(
    lambda i, *_: i < leapfrog_steps, leap, (0, point, momentum), parallel_iterations=1
  )
  momentum -= 0.5 * step_size * end.gradient(beta)

  change = end.log_density(beta) - point.log_density(beta)
  change += 0.5 * tf.reduce_sum(kick.momentum**2 - momentum**2, axis=-1)
  # A trajectory that left the numbers is refused.
  change = tf.where(tf.math.is_nan(change), float("-inf"), change)
  accepted = kick.chance < tf.exp(change)

  def choose(new, old):
    chosen = accepted if new.shape.rank == 2 else accepted[..., tf.newaxis]
    return tf.where(chosen, new, old)

  moved = Point(*map(choose, end, point))
  return moved, tf.reduce_mean(tf.exp(tf.minimum(change, 0.0)), axis=0)


def first_step_size(batch: int) -> tf.Tensor:
  """The step size that adaptation starts from, `[batch]`."""
  return tf.fill([batch], FIRST_STEP_SIZE)


def adapted(step_size: tf.Tensor, acceptance: tf.Tensor, target: float) -> tf.Tensor:
  """A step size nearer to the one with the acceptance `target`, shaped as it was."""
  return step_size * tf.exp(_ADAPTATION * (acceptance - target))
