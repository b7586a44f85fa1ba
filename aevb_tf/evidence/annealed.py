"""Annealed importance sampling with HMC transitions.

    z_0 ~ f_0,   z_t ~ T_t(z_t | z_{t-1}),   t = 1 ... T
    log w = sum_t (beta_t - beta_{t-1}) log ( f_1 / f_0 )(z_{t-1})

with f_beta as in `mcmc.annealing_path`, and T_t an HMC transition that leaves
f_{beta_t} invariant. E[w] = p(x), so the log of a mean of weights is below log p(x) in
expectation, and more temperatures bring it closer. The reverse chain starts at an exact
sample of the posterior. It has E[1/w] = 1/p(x), and bounds log p(x) from above.

The step size for each example and temperature is adapted in a pilot run, with separate
noise, and then fixed: given the pilot run, the weights are unbiased.

References:
  Neal. Annealed importance sampling. arXiv:physics/9803008.
  Wu, Burda, Salakhutdinov, Grosse. On the quantitative analysis of decoder-based
    generative models. arXiv:1611.04273.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from aevb_tf import checks, random
from aevb_tf.evidence import log_mean, pareto, starts
from aevb_tf.evidence.compiled import compiled
from aevb_tf.evidence.registered import register
from aevb_tf.evidence.results import PerExample
from aevb_tf.mcmc import hmc
from aevb_tf.mcmc.annealing_path import STARTS, AnnealingPath, Start
from aevb_tf.protocols import Model
from aevb_tf.random import Purpose

# Number of temperatures in one compiled call.
_SEGMENT = 50
_MOST_PILOT_CHAINS = 4


class _State(NamedTuple):
  """Chains between two transitions."""

  chains: hmc.State
  log_weights: tf.Tensor  # [chains, batch]
  step_size: tf.Tensor  # [batch], of the last transition
  step_sizes: tf.Tensor  # [T, batch]: row t - 1 is for temperature t
  acceptance: tf.Tensor  # [batch], summed over transitions


@register("annealed")
class Annealed:
  """AIS from p(z) or q(z|x) to the posterior.

  Args:
    num_samples: Independent chains per example.
    num_temperatures: T, the number of transitions.
    leapfrog_steps: Leapfrog steps per transition.
    start: `"prior"`, which does not use the encoder, or `"encoder"`, which needs far
      fewer temperatures if q(z|x) is good.
    target_acceptance: Acceptance probability to which the pilot run adapts step sizes.

  Raises:
    ValueError: An argument is out of range.
  """

  advice = "Use more temperatures, or start='encoder' if q(z|x) is good."

  def __init__(
    self,
    num_samples: int = 16,
    num_temperatures: int = 1000,
    leapfrog_steps: int = 4,
    start: Start = "prior",
    target_acceptance: float = 0.8,
  ):
    self.num_samples = checks.positive_int("num_samples", num_samples)
    self.num_temperatures = checks.positive_int("num_temperatures", num_temperatures)
    self.leapfrog_steps = checks.positive_int("leapfrog_steps", leapfrog_steps)
    self.start = checks.one_of("start", start, STARTS)
    self.target_acceptance = checks.fraction("target_acceptance", target_acceptance)

  def __call__(
    self,
    model: Model,
    x: tf.Tensor,
    seed: tf.Tensor,
    rows: tf.Tensor,
    advance: Callable[[float], None],
  ) -> PerExample:
    """Estimates log p(x) of a batch from below; arguments as for `Importance`."""
    seed = random.derive(seed, Purpose.FORWARD)
    step_sizes = self._pilot(model, x, seed, rows, advance)
    state = self._begin(model, x, seed, rows, self.num_samples, step_sizes)
    state = self._run(model, x, seed, rows, state, advance, "forward")
    return self._result(state, state.log_weights)

  def reverse(
    self,
    model: Model,
    x: tf.Tensor,
    z: tf.Tensor,
    seed: tf.Tensor,
    rows: tf.Tensor,
    advance: Callable[[float], None],
  ) -> PerExample:
    """Estimates log p(x) from above, for a batch of examples whose z is known.

    Args:
      model: The model.
      x: float32 `[batch, *event_shape]`.
      z: float32 `[batch, latent_dim]`, an exact draw from p(z|x).
      seed: int32 `[2]`.
      rows: int32 `[batch]`, as for `Importance`.
      advance: As for `Importance`.

    Returns:
      `PerExample`; its effective sample size, error and tail are those of the weights
      1/w. All chains of an example start at the same z, so `monte_carlo_error` leaves
      out the variance of z and is too small.
    """
    seed = random.derive(seed, Purpose.REVERSE)
    step_sizes = self._pilot(model, x, seed, rows, advance)
    state = compiled(
      model,
      _begin_at,
      start=starts.start_for(model, self.start),
      chains=self.num_samples,
    )(x, z, step_sizes)
    state = self._run(model, x, seed, rows, state, advance, "reverse")
    result = self._result(state, -state.log_weights)
    return result._replace(log_marginal=-result.log_marginal)

  def temperatures(self) -> np.ndarray:
    """beta_0 = 0, ..., beta_T = 1, spaced most closely at both ends."""
    t = np.linspace(-4.0, 4.0, self.num_temperatures + 1)
    beta = 1 / (1 + np.exp(-t))
    return ((beta - beta[0]) / (beta[-1] - beta[0])).astype(np.float32)

  def _result(self, state, log_weights):
    """The log of the mean weight, with diagnostics."""
    sums = log_mean.sums_of(log_weights)
    return PerExample(
      sums.log_mean(self.num_samples),
      sums.effective_sample_size(),
      state.acceptance / self.num_temperatures,
      sums.error(self.num_samples),
      pareto.k_hat(pareto.tail_of(log_weights)),
    )

  def _pilot(self, model, x, seed, rows, advance):
    """Step sizes `[T, batch]`, adapted to the target acceptance."""
    seed = random.derive(seed, Purpose.PILOT)
    unset = tf.zeros([self.num_temperatures, len(x)])
    chains = min(_MOST_PILOT_CHAINS, self.num_samples)
    state = self._begin(model, x, seed, rows, chains, unset)
    return self._run(model, x, seed, rows, state, advance, "pilot").step_sizes

  def _begin(self, model, x, seed, rows, chains, step_sizes):
    start = starts.start_for(model, self.start)
    seed = random.derive(seed, Purpose.START)
    return compiled(model, _begin, start=start, chains=chains)(
      x, seed, rows, step_sizes
    )

  def _run(self, model, x, seed, rows, state, advance, direction):
    anneal = compiled(
      model,
      _anneal,
      start=starts.start_for(model, self.start),
      direction=direction,
      leapfrog_steps=self.leapfrog_steps,
      target=self.target_acceptance,
    )
    seed = random.derive(seed, Purpose.WALK)
    chains = len(state.log_weights)
    all_chains = self.num_samples + min(_MOST_PILOT_CHAINS, self.num_samples)
    share = chains / all_chains / self.num_temperatures
    beta = tf.constant(self.temperatures())
    for first in range(0, self.num_temperatures, _SEGMENT):
      last = min(first + _SEGMENT, self.num_temperatures)
      state = anneal(state, x, seed, rows, beta, tf.constant([first, last]))
      advance(share * (last - first))
    return state


def _begin(model, x, seed, rows, step_sizes, start, chains):
  """Chains that start at draws from f_0."""
  path = AnnealingPath(model, x, start)
  return _state(path, path.draw(seed, rows, chains), step_sizes)


def _begin_at(model, x, z, step_sizes, start, chains):
  """Chains that all start at the z of their example."""
  path = AnnealingPath(model, x, start)
  u = tf.repeat(path.bijector.inverse(z)[tf.newaxis], chains, axis=0)
  return _state(path, u, step_sizes)


def _state(path, u, step_sizes):
  chains, batch, _ = u.shape
  return _State(
    hmc.evaluate(path, u),
    tf.zeros([chains, batch]),
    tf.fill([batch], hmc.INITIAL_STEP_SIZE),
    step_sizes,
    tf.zeros([batch]),
  )


def _anneal(
  model, state, x, seed, rows, beta, span, start, direction, leapfrog_steps, target
):
  """Runs transitions `span[0]`, ..., `span[1] - 1` of T."""
  path = AnnealingPath(model, x, start)
  num_chains, _, dim = state.chains.position.shape
  num_temperatures = beta.shape[0] - 1

  def step(i, state):
    t = num_temperatures - i if direction == "reverse" else i + 1
    is_pilot = direction == "pilot"
    step_size = state.step_size if is_pilot else state.step_sizes[t - 1]
    noise = hmc.draw_noise(seed, t, rows, num_chains, dim)
    chains, acceptance = hmc.transition(
      path, state.chains, beta[t], step_size, noise, leapfrog_steps
    )
    # The reverse run mirrors the forward run: its weight comes after the transition.
    weighted = chains if direction == "reverse" else state.chains
    log_weight = (beta[t] - beta[t - 1]) * weighted.log_ratio
    step_sizes = state.step_sizes
    if is_pilot:
      step_sizes = tf.tensor_scatter_nd_update(
        step_sizes, [[t - 1]], step_size[tf.newaxis]
      )
      step_size = hmc.adapt_step_size(step_size, acceptance, target)
    return i + 1, _State(
      chains,
      state.log_weights + log_weight,
      step_size,
      step_sizes,
      state.acceptance + acceptance,
    )

  _, state = tf.while_loop(
    lambda i, _: i < span[1], step, (span[0], state), parallel_iterations=1
  )
  return state
