"""Annealed importance sampling with HMC transitions.

    z_0 ~ f_0,   z_t ~ T_t(z_t | z_{t-1}),   t = 1 ... T, T_t leaving f_{beta_t} as it is
    log w = sum_t (beta_t - beta_{t-1}) log ( f_1 / f_0 )(z_{t-1})

with f_beta as in `paths`. E[w] = p(x): the log of a mean of weights is below log p(x)
in expectation, by less the more temperatures there are. The reverse chain starts at an
exact sample of the posterior, has E[1/w] = 1/p(x), and bounds log p(x) from above.

Step sizes are set for each datum and temperature by a pilot run with its own noise, and
then held: given the pilot, the weights are unbiased.

References:
  Neal. Annealed importance sampling. arXiv:physics/9803008.
  Wu, Burda, Salakhutdinov, Grosse. On the quantitative analysis of decoder-based
    generative models. arXiv:1611.04273.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from aevb_tf import random
from aevb_tf.evidence import checks, hmc, log_mean, pareto, paths
from aevb_tf.evidence.compiled import compiled
from aevb_tf.evidence.registered import register
from aevb_tf.evidence.results import PerDatum
from aevb_tf.random import Purpose

# Temperatures in one compiled call.
_SEGMENT = 50
_MOST_PILOT_CHAINS = 4


class _State(NamedTuple):
  """Chains on their way."""

  point: hmc.Point
  log_weights: tf.Tensor  # [chains, batch]
  step_size: tf.Tensor  # [batch], of the last transition
  step_sizes: tf.Tensor  # [T, batch]: row t - 1 is for temperature t
  acceptance: tf.Tensor  # [batch], summed over transitions


@register("annealed")
class Annealed:
  """AIS from p(z) or q(z|x) to the posterior.

  Args:
    num_samples: Independent chains for each datum.
    num_temperatures: T, transitions of a chain.
    leapfrog_steps: Leapfrog steps of a transition.
    start: `"prior"`, which asks nothing of the encoder, or `"encoder"`, which needs far
      fewer temperatures where q(z|x) is good.
    target_acceptance: What the pilot run sets the step sizes for.

  Raises:
    ValueError: An argument is impossible.
  """

  advice = "Take more temperatures, or start='encoder' where q(z|x) is good."

  def __init__(
    self,
    num_samples: int = 16,
    num_temperatures: int = 1000,
    leapfrog_steps: int = 4,
    start: str = "prior",
    target_acceptance: float = 0.8,
  ):
    self.num_samples = checks.positive_int("num_samples", num_samples)
    self.num_temperatures = checks.positive_int("num_temperatures", num_temperatures)
    self.leapfrog_steps = checks.positive_int("leapfrog_steps", leapfrog_steps)
    self.start = checks.one_of("start", start, paths.STARTS)
    self.target_acceptance = checks.fraction("target_acceptance", target_acceptance)

  def __call__(
    self,
    model: Any,
    x: tf.Tensor,
    seed: tf.Tensor,
    rows: tf.Tensor,
    advance: Callable[[float], None],
  ) -> PerDatum:
    """Estimates log p(x) of a batch, from below; arguments as for `Importance`."""
    seed = random.derive(seed, Purpose.FORWARD)
    step_sizes = self._pilot(model, x, seed, rows, advance)
    state = self._begin(model, x, seed, rows, self.num_samples, step_sizes)
    state = self._run(model, x, seed, rows, state, advance, "forward")
    return self._result(state, state.log_weights)

  def reverse(
    self,
    model: Any,
    x: tf.Tensor,
    z: tf.Tensor,
    seed: tf.Tensor,
    rows: tf.Tensor,
    advance: Callable[[float], None],
  ) -> PerDatum:
    """Estimates log p(x) of a batch from above, of data whose z is known.

    Args:
      model: The model.
      x: float32 `[batch, *event_shape]`.
      z: float32 `[batch, latent_dim]`, an exact draw from p(z|x).
      seed: int32 `[2]`.
      rows: int32 `[batch]`, as for `Importance`.
      advance: As for `Importance`.

    Returns:
      `PerDatum`; the weights of its effective sample size, error and tail are 1/w. Its
      chains start at one z: what z adds to the error is not among the spread of their
      weights, so that `monte_carlo_error` is too small.
    """
    seed = random.derive(seed, Purpose.REVERSE)
    step_sizes = self._pilot(model, x, seed, rows, advance)
    state = compiled(
      model,
      _begin_at,
      start=paths.start_for(model, self.start),
      chains=self.num_samples,
    )(x, z, step_sizes)
    state = self._run(model, x, seed, rows, state, advance, "reverse")
    result = self._result(state, -state.log_weights)
    return result._replace(log_marginal=-result.log_marginal)

  def temperatures(self) -> np.ndarray:
    """beta_0 = 0, ..., beta_T = 1, close to each other near both ends."""
    t = np.linspace(-4.0, 4.0, self.num_temperatures + 1)
    beta = 1 / (1 + np.exp(-t))
    return ((beta - beta[0]) / (beta[-1] - beta[0])).astype(np.float32)

  def _result(self, state, log_weights):
    """The log of the mean of the weights, and how good it is."""
    sums = log_mean.of(log_weights)
    return PerDatum(
      sums.log_mean(self.num_samples),
      sums.effective_sample_size(),
      state.acceptance / self.num_temperatures,
      sums.error(self.num_samples),
      pareto.k_hat(pareto.of(log_weights)),
    )

  def _pilot(self, model, x, seed, rows, advance):
    """Step sizes `[T, batch]` with about the wanted acceptance."""
    seed = random.derive(seed, Purpose.PILOT)
    unset = tf.zeros([self.num_temperatures, len(x)])
    chains = min(_MOST_PILOT_CHAINS, self.num_samples)
    state = self._begin(model, x, seed, rows, chains, unset)
    return self._run(model, x, seed, rows, state, advance, "pilot").step_sizes

  def _begin(self, model, x, seed, rows, chains, step_sizes):
    start = paths.start_for(model, self.start)
    seed = random.derive(seed, Purpose.START)
    return compiled(model, _begin, start=start, chains=chains)(
      x, seed, rows, step_sizes
    )

  def _run(self, model, x, seed, rows, state, advance, direction):
    anneal = compiled(
      model,
      _anneal,
      start=paths.start_for(model, self.start),
      direction=direction,
      leapfrog_steps=self.leapfrog_steps,
      target=self.target_acceptance,
    )
    seed = random.derive(seed, Purpose.WALK)
    chains = len(state.log_weights)
    everything = self.num_samples + min(_MOST_PILOT_CHAINS, self.num_samples)
    share = chains / everything / self.num_temperatures
    beta = tf.constant(self.temperatures())
    for first in range(0, self.num_temperatures, _SEGMENT):
      last = min(first + _SEGMENT, self.num_temperatures)
      state = anneal(state, x, seed, rows, beta, tf.constant([first, last]))
      advance(share * (last - first))
    return state


def _begin(model, x, seed, rows, step_sizes, start, chains):
  """Chains at draws from f_0."""
  path = paths.Path(model, x, start)
  return _state(path, path.draw(seed, rows, chains), step_sizes)


def _begin_at(model, x, z, step_sizes, start, chains):
  """All chains of a datum at one z."""
  path = paths.Path(model, x, start)
  u = tf.repeat(path.coordinates.inverse(z)[tf.newaxis], chains, axis=0)
  return _state(path, u, step_sizes)


def _state(path, u, step_sizes):
  chains, batch, _ = u.shape
  return _State(
    hmc.at(path, u),
    tf.zeros([chains, batch]),
    hmc.first_step_size(batch),
    step_sizes,
    tf.zeros([batch]),
  )


def _anneal(
  model, state, x, seed, rows, beta, span, start, direction, leapfrog_steps, target
):
  """Takes the chains through transitions `span[0]`, ..., `span[1] - 1` of T."""
  path = paths.Path(model, x, start)
  chains, _, dim = state.point.u.shape
  num_temperatures = beta.shape[0] - 1

  def step(i, state):
    t = num_temperatures - i if direction == "reverse" else i + 1
    weighed = (beta[t] - beta[t - 1]) * state.point.log_ratio
    piloting = direction == "pilot"
    step_size = state.step_size if piloting else state.step_sizes[t - 1]
    kick = hmc.kicks(seed, t, rows, chains, dim)
    point, acceptance = hmc.transition(
      path, state.point, beta[t], step_size, kick, leapfrog_steps
    )
    if (
      direction == "reverse"
    ):  # weighed behind the transition: the forward run mirrored
      weighed = (beta[t] - beta[t - 1]) * point.log_ratio
    step_sizes = state.step_sizes
    if piloting:
      step_sizes = tf.tensor_scatter_nd_update(
        step_sizes, [[t - 1]], step_size[tf.newaxis]
      )
      step_size = hmc.adapted(step_size, acceptance, target)
    return i + 1, _State(
      point,
      state.log_weights + weighed,
      step_size,
      step_sizes,
      state.acceptance + acceptance,
    )

  _, state = tf.while_loop(
    lambda i, _: i < span[1], step, (span[0], state), parallel_iterations=1
  )
  return state
