"""The paper's estimator of log p(x), for few latents (App. D).

1. Draw L posterior samples by HMC, with the gradient of log p(z) + log p(x|z).
2. Fit a density q(z) to them.
3. Draw L new posterior samples, from other chains, and

    p(x) ~ ( (1/L) sum_l q(z_l) / (p(z_l) p(x|z_l)) )^-1

Given q and exact posterior samples, the mean of the ratio is 1/p(x). The estimate is
then above log p(x) in expectation, to first order by half the relative variance of the
ratio over L. In no other case is the sign of the bias known. Two more things bias it:

* The samples, if chains have not converged to the posterior (R-hat). The estimate is mostly too
  low: chains that reach only a fraction a of the mass give log p(x) + log a, and if
  both sets of samples follow q instead of the posterior, the limit is below log p(x) by
  log(1 + chi^2(q || p(z|x))). It is too high if q is fitted to wider samples than those
  that are averaged over. More samples do not help, and no diagnostic shows it if all
  chains miss the same mode.
* The fit, if q is far above the posterior somewhere. The ratio then has a heavy tail
  that L samples seldom reach. The estimate is too high, and the Pareto k is above 0.7
  (reported for L >= 96).

So q must be close to the posterior, which limits the method to fewer than about 5
latents.

Here q is a Gaussian with full covariance, or a mixture of 1, 2, ... of them. The number
of components is chosen for each example, to maximize the density of held-out samples.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias, get_args

import numpy as np
import tensorflow as tf

from aevb_tf import checks, random
from aevb_tf.evidence import densities, log_mean, pareto, starts
from aevb_tf.evidence.compiled import compiled
from aevb_tf.evidence.registered import register
from aevb_tf.evidence.results import PerExample
from aevb_tf.mcmc import convergence, hmc
from aevb_tf.mcmc.annealing_path import STARTS, AnnealingPath, Start
from aevb_tf.mcmc.resampling import resample
from aevb_tf.protocols import Model
from aevb_tf.random import Purpose

Density: TypeAlias = Literal["gaussian", "mixture"]
DENSITIES = get_args(Density)
_CANDIDATES = {"prior": 10_000, "encoder": 1}
_SEGMENT = 50
# Every so many samples, one is held out to choose the number of components.
_HELD_OUT = 4


class _State(NamedTuple):
  """State of the chains between two transitions, and the samples so far."""

  chains: hmc.State
  step_size: tf.Tensor  # [batch]
  acceptance: tf.Tensor  # [batch], summed over the transitions after burn-in
  samples: tf.Tensor  # [draws, chains, batch, latent_dim]
  log_joint: tf.Tensor  # [draws, chains, batch]


@register("posterior_density")
class PosteriorDensity:
  """App. D's estimator.

  Args:
    num_samples: L, the number of samples to fit the density to, and of new samples to
      average over.
    density: `"gaussian"` or `"mixture"`.
    max_components: Largest number of components of a mixture.
    leapfrog_steps: Leapfrog steps per transition; 4 in the paper.
    num_chains: Chains per example, for each of steps 1 and 3.
    burn_in: First transitions of a chain, during which its step size adapts.
    thinning: Transitions between two samples of a chain.
    start: Where chains start: draws from the `"encoder"` or the `"prior"`; None uses
      the encoder if the model has one.
    candidates: Number of draws from `start` among which each chain chooses its initial
      position by importance weight (`mcmc.resampling`). Draws from the prior are shared
      by all examples, unless these have conditions. 1 starts each chain at a separate
      draw. None uses 10,000 from the prior, or 1 from the encoder.
    target_acceptance: Acceptance probability to which step sizes are adapted.

  Raises:
    ValueError: An argument is out of range.
  """

  advice = (
    "Use longer chains (burn_in, thinning), density='mixture', more samples, or the "
    "method 'annealed'."
  )

  def __init__(
    self,
    num_samples: int = 50,
    density: Density = "gaussian",
    max_components: int = 3,
    leapfrog_steps: int = 4,
    num_chains: int = 10,
    burn_in: int = 100,
    thinning: int = 10,
    start: Start | None = None,
    candidates: int | None = None,
    target_acceptance: float = 0.9,
  ):
    self.num_samples = checks.positive_int("num_samples", num_samples)
    self.density = checks.one_of("density", density, DENSITIES)
    self.max_components = checks.positive_int("max_components", max_components)
    self.leapfrog_steps = checks.positive_int("leapfrog_steps", leapfrog_steps)
    self.num_chains = checks.positive_int("num_chains", num_chains)
    self.burn_in = checks.positive_int("burn_in", burn_in)
    self.thinning = checks.positive_int("thinning", thinning)
    self.start = checks.one_of("start", start, (None, *STARTS))
    if candidates is not None:
      candidates = checks.positive_int("candidates", candidates)
    self.candidates = candidates
    self.target_acceptance = checks.fraction("target_acceptance", target_acceptance)

  def __call__(
    self,
    model: Model,
    x: tf.Tensor,
    seed: tf.Tensor,
    rows: tf.Tensor,
    advance: Callable[[float], None],
  ) -> PerExample:
    """Estimates log p(x) of a batch; arguments as for `Importance`.

    Raises:
      ValueError: There are too few samples to fit a covariance.
    """
    components = 1 if self.density == "gaussian" else self.max_components
    least = (model.latent_dim + 2) * (1 if components == 1 else 2)
    if self.num_samples < least:
      raise ValueError(
        f"num_samples={self.num_samples}: to fit a {self.density} of "
        f"{model.latent_dim} latents, use at least {least} samples."
      )
    seed = random.derive(seed, Purpose.POSTERIOR_DENSITY)
    state = self._sample(model, x, seed, rows, advance)
    fit = compiled(
      model, _estimate, num_samples=self.num_samples, components=components
    )
    log_marginal, ess, error, log_ratio = fit(state.samples, state.log_joint)
    transitions = state.log_joint.shape[0] * self.thinning
    acceptance = state.acceptance / transitions
    k_hat = pareto.k_hat(pareto.tail_of(log_ratio))
    of_chains = convergence.r_hat(
      np.concatenate([state.samples, state.log_joint[..., tf.newaxis]], axis=-1)
    )
    return PerExample(
      log_marginal, ess, acceptance, error, k_hat, of_chains.max(axis=-1)
    )

  @property
  def largest_r_hat(self) -> float:
    """The R-hat above which its chains have not converged."""
    chains = min(self.num_chains, self.num_samples)
    return convergence.largest_r_hat(-(-self.num_samples // chains), 2 * chains)

  def _sample(self, model, x, seed, rows, advance):
    """Runs the chains of step 1 and of step 3."""
    start = starts.start_for(model, self.start)
    candidates = self.candidates or _CANDIDATES[start]
    chains = min(self.num_chains, self.num_samples)
    draws = -(-self.num_samples // chains)
    begin = compiled(
      model,
      _begin,
      start=start,
      candidates=candidates,
      chains=2 * chains,
      draws=draws,
    )
    state = begin(x, random.derive(seed, Purpose.START), rows)
    run = compiled(
      model,
      _run_chains,
      start=start,
      leapfrog_steps=self.leapfrog_steps,
      burn_in=self.burn_in,
      thinning=self.thinning,
      target=self.target_acceptance,
    )
    seed = random.derive(seed, Purpose.WALK)
    transitions = self.burn_in + draws * self.thinning
    for first in range(0, transitions, _SEGMENT):
      last = min(first + _SEGMENT, transitions)
      state = run(state, x, seed, rows, tf.constant([first, last]))
      advance((last - first) / transitions)
    return state


def _begin(model, x, seed, rows, start, candidates, chains, draws):
  path = AnnealingPath(model, x, start)
  u = resample(path, seed, rows, chains, candidates)
  batch = x.shape[0]
  return _State(
    hmc.evaluate(path, u),
    tf.fill([batch], hmc.INITIAL_STEP_SIZE),
    tf.zeros([batch]),
    tf.zeros([draws, *u.shape]),
    tf.zeros([draws, chains, batch]),
  )


def _run_chains(
  model, state, x, seed, rows, span, start, leapfrog_steps, burn_in, thinning, target
):
  """Runs transitions `span[0]`, ..., `span[1] - 1` of all chains."""
  path = AnnealingPath(model, x, start)
  num_chains, _, dim = state.chains.position.shape

  def step(i, state):
    noise = hmc.draw_noise(seed, i, rows, num_chains, dim)
    chains, acceptance = hmc.transition(
      path, state.chains, 1.0, state.step_size, noise, leapfrog_steps
    )
    is_burn_in = i < burn_in
    step_size = hmc.adapt_step_size(state.step_size, acceptance, target)
    # Every transition writes to its slot, so the last one of each slot is the sample.
    slot = [[tf.maximum(i - burn_in, 0) // thinning]]
    return i + 1, _State(
      chains,
      tf.where(is_burn_in, step_size, state.step_size),
      state.acceptance + tf.where(is_burn_in, 0.0, acceptance),
      tf.tensor_scatter_nd_update(state.samples, slot, chains.position[tf.newaxis]),
      tf.tensor_scatter_nd_update(
        state.log_joint, slot, chains.log_density(1.0)[tf.newaxis]
      ),
    )

  _, state = tf.while_loop(
    lambda i, _: i < span[1], step, (span[0], state), parallel_iterations=1
  )
  return state


def _estimate(model, samples, log_joint, num_samples, components):
  """Fits q to the first half of the chains, and averages over the second half."""
  chains = samples.shape[1] // 2

  def flat(values, which):
    half = values[:, which * chains : (which + 1) * chains]
    return tf.reshape(half, [-1, *half.shape[2:]])[:num_samples]

  old, new = (tf.cast(flat(samples, which), tf.float64) for which in (0, 1))
  log_q = chosen_log_prob(old, new, components)
  log_ratio = tf.cast(log_q, tf.float32) - flat(log_joint, 1)
  sums = log_mean.sums_of(log_ratio)
  error = log_mean.error_over_chains(log_ratio, chains)
  return -sums.log_mean(num_samples), sums.effective_sample_size(), error, log_ratio


def chosen_log_prob(old: tf.Tensor, new: tf.Tensor, components: int) -> tf.Tensor:
  """log q(new), `[L, batch]`, of the best density fitted to the samples `old`."""
  if components == 1:
    return densities.fit_gaussian(old).log_prob(new)
  held_out = old[::_HELD_OUT]
  kept = tf.gather(old, [i for i in range(old.shape[0]) if i % _HELD_OUT])
  scores, log_probs = [], []
  for number in range(1, components + 1):
    trial = densities.fit_mixture(kept, number)
    scores.append(tf.reduce_sum(trial.log_prob(held_out), axis=0))
    log_probs.append(densities.fit_mixture(old, number).log_prob(new))
  best = tf.argmax(tf.stack(scores), axis=0)
  chosen = tf.one_hot(
    best, components, axis=0, dtype=tf.bool, on_value=True, off_value=False
  )
  picked = tf.where(chosen[:, tf.newaxis], tf.stack(log_probs), 0.0)
  return tf.reduce_sum(picked, axis=0)
