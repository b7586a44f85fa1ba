"""Monte Carlo EM: maximum likelihood without an encoder (App. E).

    E-step   z_l ~ p(z|x) for each example of the minibatch, by HMC on log p(x, z)
    M-step   a few updates of theta that raise (1/L) sum_l log p(x, z_l), with z_l fixed

The gradient of the M-step is that of log p(x) in expectation (Fisher's identity):

    E_{p(z|x)}[ grad log p(x, z) ] = grad log p(x)

so a maximum of log p(x) is a fixed point. Samples are better the longer the chains are.
The paper states 10 leapfrog steps, an acceptance of 90% and 5 updates, but not where
chains start. There are two options:

- at a draw from p(z), in each E-step (the default). Then chains must be long. On images
  of digits, with 3 latents, log p(x, z) after 1, 5, 10 and 20 transitions of 10
  leapfrog steps was 52, 8, 1 and 0 nats below that of chains four times as long as the
  last.
- at the end of the example's previous chain (`persistent_transitions`). Then one
  transition can be enough if theta changes little between two visits of an example. It
  is not an online algorithm: the model stores a z for each example, and with few visits
  the z are far from the posterior. This follows App. E literally.

With both, a chain may end in a mode of the posterior without mass. With `candidates` it
starts at one of many draws from p(z), chosen for the example, or can jump there from
its current state (`aevb_tf.mcmc.resampling`).

HMC is that of the evidence, `aevb_tf.mcmc.hmc`. Compared with `tfp.mcmc`: a transition
is one step of `HamiltonianMonteCarlo`, with a step size that varies at random between
transitions; acceptance is the mean of min(1, exp(log_accept_ratio)) over examples,
chains and transitions; and after each E-step the log of the step size changes by a
tenth of acceptance minus target, while `SimpleStepSizeAdaptation` changes it by a
constant. It is constant within an E-step.

References:
  Wei, Tanner. A Monte Carlo implementation of the EM algorithm. JASA 1990.
  Duane, Kennedy, Pendleton, Roweth. Hybrid Monte Carlo. Physics Letters B 1987.
"""

from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from aevb_tf import checks, likelihoods, priors, random
from aevb_tf.mcmc import convergence, hmc
from aevb_tf.mcmc.annealing_path import AnnealingPath, constraining_bijector
from aevb_tf.mcmc.resampling import resample
from aevb_tf.models import parts, steps
from aevb_tf.models.generative import GenerativeModel
from aevb_tf.models.missing import MissingLike
from aevb_tf.random import Purpose
from aevb_tf.types import NOT_BUILT, BatchShape, Seed, TensorLike


class JointParts(NamedTuple):
  """log p(x, z) at posterior samples and its parts, means over samples; `[batch]`."""

  log_joint: tf.Tensor  # nats
  log_likelihood: tf.Tensor  # log p(x|z), nats
  acceptance: tf.Tensor  # in [0, 1]

  @property
  def bound(self) -> tf.Tensor:
    """The objective of the M-step."""
    return self.log_joint


class Samples(NamedTuple):
  """The result of an E-step."""

  z: tf.Tensor  # [L, batch, latent_dim]
  acceptance: tf.Tensor  # [batch], mean over chains and transitions


@keras.saving.register_keras_serializable(package="aevb_tf")
class MonteCarloEM(GenerativeModel):
  """Decoder and prior, trained by EM with samples of the posterior.

  Metrics, in `fit` and `evaluate`: `log_joint` and `log_likelihood`, nats per example
  at the samples of z; `acceptance`; `loss`, which is minus log p(x, z), with the prior
  of the parameters if there is one. Those of `fit` are from before the M-step. log p(x,
  z) is not a bound on log p(x): compare models by `log_marginal`.

  A step of `fit` is one E-step and `num_updates` updates, each of which counts in
  `optimizer.iterations`.

  Args:
    decoder: z -> parameters of p(x|z): an `aevb_tf.networks.Decoder`, or any
      `keras.Model` together with `likelihood`.
    latent_dim: J, the number of latents.
    prior: Name, options or object of `aevb_tf.priors`; the standard normal by default.
    num_samples: L, chains for each example; the last state of each is a sample.
    num_transitions: HMC transitions of a chain that starts at a draw from p(z).
    leapfrog_steps: Leapfrog steps of a transition.
    target_acceptance: Acceptance to which the step size is adapted.
    num_updates: Updates of an M-step.
    step_size: Initial step size of HMC; it adapts in `fit`, and is saved with the
      model.
    persistent_transitions: If given, chains in `fit` start where the example's previous
      chain ended, and make this number of transitions; the first ones start at draws
      from p(z). Needs `dataset_size`, and the number of each example, 0 to N - 1, as
      its y: `fit(x, np.arange(len(x)))`. `chains`, float32 `[N, L, latent_dim]`, are
      saved with the model. Chains in `evaluate`, `infer` and `reconstruct` start at
      draws from p(z).
    candidates: Number of draws from p(z), the same for all examples of a batch, among
      which each chain chooses its start with probabilities given by p(x|z); a
      persistent chain may keep its state. Each is decoded once per batch. 1 starts
      chains at separate draws, and leaves persistent ones where they are.
    dataset_size: N, to scale the objective of a minibatch to the data set.
    parameter_prior_stddev: Standard deviation of a Gaussian prior on all parameters
      (MAP); needs `dataset_size`.
    seed: Seed of the noise in training and evaluation; None draws one.
    likelihood: For a decoder that does not name its own.
    missing: Whether examples may have missing values, NaN: log p(x, z) is then that of
      the observed values.

  Raises:
    ValueError: An argument is out of range, or the parts do not fit together.
  """

  measures = ("log_joint", "log_likelihood", "acceptance")
  maximized = ("log_joint", "log_likelihood")
  watched = {"log_likelihood": "log-likelihood", "log_joint": "log-joint density"}
  checked = (*GenerativeModel.checked, "numbers")

  def __init__(
    self,
    decoder: keras.Model,
    latent_dim: int,
    prior: priors.PriorLike | None = None,
    num_samples: int = 1,
    num_transitions: int = 10,
    leapfrog_steps: int = 10,
    target_acceptance: float = 0.9,
    num_updates: int = 5,
    step_size: float = hmc.INITIAL_STEP_SIZE,
    persistent_transitions: int | None = None,
    candidates: int = 1,
    dataset_size: int | None = None,
    parameter_prior_stddev: float | None = None,
    seed: int | None = None,
    likelihood: likelihoods.LikelihoodLike | None = None,
    missing: MissingLike = False,
    **kwargs: Any,
  ):
    if "condition" in kwargs:
      raise ValueError(
        "A MonteCarloEM takes no condition: use a VAE, a WakeSleep or a FullVB."
      )
    super().__init__(dataset_size, parameter_prior_stddev, seed, missing, **kwargs)
    self.latent_dim = checks.positive_int("latent_dim", latent_dim)
    self.num_samples = checks.positive_int("num_samples", num_samples)
    self.num_transitions = checks.positive_int("num_transitions", num_transitions)
    self.leapfrog_steps = checks.positive_int("leapfrog_steps", leapfrog_steps)
    self.target_acceptance = checks.fraction("target_acceptance", target_acceptance)
    self.num_updates = checks.positive_int("num_updates", num_updates)
    if not step_size > 0:
      raise ValueError(f"step_size={step_size!r} must be positive.")
    if persistent_transitions is not None:
      checks.positive_int("persistent_transitions", persistent_transitions)
      if dataset_size is None:
        raise ValueError(
          "persistent_transitions needs dataset_size: each example has its chains. Pass "
          "dataset_size=N, and the number of each example as y: fit(x, np.arange(N))."
        )
    self.candidates = checks.positive_int("candidates", candidates)
    self._first_step_size = float(step_size)
    self.persistent_transitions = persistent_transitions
    self.chains: keras.Variable = NOT_BUILT
    self.set_generator(decoder, prior, likelihood)
    parts.check_needs_no_encoder(self.prior, type(self).__name__)
    # Each replica adapts on its own data; the mean over replicas is used.
    self.step_size = self.add_weight(
      (),
      keras.initializers.Constant(self._first_step_size),
      dtype="float32",
      trainable=False,
      autocast=False,
      aggregation="mean",
      name="step_size",
    )

  def build(self, input_shape: BatchShape) -> None:
    """Creates all variables, for data of `input_shape` `(None, *event_shape)`."""
    if self.built:
      return
    self.build_generator(self.latent_dim, tuple(input_shape[1:]))
    if self.persistent_transitions:
      self.chains = self.add_weight(
        (self.dataset_size, self.num_samples, self.latent_dim),
        self._first_chains,
        dtype="float32",
        trainable=False,
        autocast=False,
        name="chains",
      )

  def _first_chains(self, shape, dtype):
    """A draw from p(z) for each chain of each example."""
    prior, seed = self.prior, random.derive(self.seed, Purpose.FIRST_CHAINS)
    z = random.per_sample(
      lambda one: prior.sample(one, tf.range(shape[0])), seed, 0, shape[1]
    )
    u = constraining_bijector(prior.distribution()).inverse(z)
    return tf.cast(tf.transpose(u, (1, 0, 2)), dtype)

  # The E-step and the M-step.

  def posterior_samples(
    self, x: tf.Tensor, seed: tf.Tensor, rows: tf.Tensor, num_samples: int | None = None
  ) -> Samples:
    """E-step: z_l ~ p(z|x), approximately, each at the end of a chain from p(z).

    Args:
      x: float32 `[batch, *event_shape]`.
      seed: int32 `[2]`.
      rows: int32 `[batch]`: the samples of example i depend on (seed, rows[i]) alone.
      num_samples: Chains for each example; None uses the model's own number.

    Returns:
      `Samples`.
    """
    path = AnnealingPath(self, x, start="prior")
    u = resample(
      path,
      random.derive(seed, Purpose.START),
      rows,
      num_samples or self.num_samples,
      self.candidates,
    )
    u, acceptance = self._walk(path, u, seed, rows, self.num_transitions)
    return Samples(path.bijector.forward(u), acceptance)

  def persistent_samples(
    self, x: tf.Tensor, numbers: tf.Tensor, seed: tf.Tensor
  ) -> Samples:
    """E-step whose chains start where those of the same examples ended, and are stored.

    Args:
      x: float32 `[batch, *event_shape]`.
      numbers: int32 `[batch]`, the number of each example, in 0, ..., N - 1.
      seed: int32 `[2]`.

    Returns:
      `Samples`.
    """
    chains = tf.convert_to_tensor(self.chains)
    numbers = tf.clip_by_value(numbers, 0, self.chains.shape[0] - 1)  # see `checks`
    u = tf.transpose(tf.gather(chains, numbers), (1, 0, 2))
    path = AnnealingPath(self, x, start="prior")
    rows = tf.range(tf.shape(x)[0])
    if self.candidates > 1:
      start = random.derive(seed, Purpose.START)
      u = resample(path, start, rows, self.num_samples, self.candidates, u)
    u, acceptance = self._walk(path, u, seed, rows, self.persistent_transitions)
    ends = tf.transpose(u, (1, 0, 2))
    self.chains.assign(
      tf.tensor_scatter_nd_update(chains, numbers[:, tf.newaxis], ends)
    )
    return Samples(path.bijector.forward(u), acceptance)

  def _walk(self, path, u, seed, rows, transitions):
    """Last states of chains from u, `[L, batch, latent_dim]`, and their acceptance."""
    seed = random.derive(seed, Purpose.WALK)
    step_size = tf.convert_to_tensor(self.step_size)
    start = hmc.evaluate(path, u)

    def step(i, state, total):
      noise = hmc.draw_noise(seed, i, rows, u.shape[0], self.latent_dim)
      state, acceptance = hmc.transition(
        path, state, 1.0, step_size, noise, self.leapfrog_steps
      )
      return i + 1, state, total + acceptance

    _, state, total = tf.while_loop(
      lambda i, *_: i < transitions,
      step,
      (0, start, tf.zeros_like(start.log_base[0])),
      parallel_iterations=1,
    )
    return tf.stop_gradient(state.position), total / transitions

  def joint_parts(
    self, x: tf.Tensor, samples: Samples, training: bool = False
  ) -> JointParts:
    """log p(x, z) at the samples of an E-step, with gradients through them stopped."""
    log_likelihood, log_prior = self.log_joint(x, samples.z, training)
    return JointParts(
      tf.reduce_mean(log_likelihood + log_prior, axis=0),
      tf.reduce_mean(log_likelihood, axis=0),
      samples.acceptance,
    )

  def targets(self, x: tf.Tensor, y: tf.Tensor | None) -> None:
    """Returns None, or raises an error: no encoder could see x while y is scored.

    A y of unknown rank is treated as labels, or as the numbers of the examples.
    """
    if y is not None and tf.is_tensor(y) and y.shape.rank is None:
      return
    if super().targets(x, y) is not None:
      raise ValueError(
        "y has the shape of x, but a MonteCarloEM has no encoder that could see x while y "
        "is scored: fit it to y alone, or use a VAE."
      )

  def bound_parts(
    self,
    x: tf.Tensor,
    seed: tf.Tensor,
    rows: tf.Tensor,
    training: bool,
    targets: tf.Tensor | None = None,
  ) -> JointParts:
    with keras.StatelessScope():  # leaves out losses that layers add along the chains
      samples = self.posterior_samples(x, seed, rows)
    return self.joint_parts(x, samples, training)

  def learn(
    self,
    x: tf.Tensor,
    y: tf.Tensor | None,
    weights: tf.Tensor | None,
    seed: tf.Tensor,
  ) -> steps.Step:
    """One E-step, and `num_updates` updates with its samples."""
    if self.persistent_transitions:
      samples = self.persistent_samples(x, self._numbers(y), seed)
    else:
      samples = self.posterior_samples(x, seed, tf.range(tf.shape(x)[0]))
    acceptance = tf.reduce_mean(samples.acceptance)
    self.step_size.assign(
      hmc.adapt_step_size(self.step_size, acceptance, self.target_acceptance)
    )
    updates = [
      steps.update(self, lambda: self.joint_parts(x, samples, training=True), weights)
      for _ in range(self.num_updates)
    ]
    gradients = [gradient for update in updates for gradient in update.gradients]
    return steps.Step(updates[0].parts, updates[0].loss, gradients)

  def _numbers(self, y):
    """y as the numbers of the examples."""
    if y is None or not y.dtype.is_integer or y.shape.rank not in (1, None):
      raise ValueError(self.batch_error("numbers"))
    if tf.distribute.get_strategy().num_replicas_in_sync > 1:
      raise ValueError(
        "Persistent chains are kept on one device: with several replicas, leave "
        "persistent_transitions out."
      )
    return tf.ensure_shape(tf.cast(y, tf.int32), [None])

  def checks(self, x: tf.Tensor, y: tf.Tensor | None) -> dict[str, tf.Tensor]:
    found = super().checks(x, y)
    if self.persistent_transitions:
      numbers = self._numbers(y)
      found["numbers"] = tf.reduce_all((numbers >= 0) & (numbers < self.dataset_size))
    return found

  def batch_error(self, what: str) -> str:
    if what != "numbers":
      return super().batch_error(what)
    return (
      "Persistent chains need the number of each example: pass these numbers as y, "
      f"an int in 0 to {self.chains.shape[0] - 1}, as in fit(x, np.arange(len(x)))."
    )

  # What a trained model answers.

  def call(self, x, training=False):
    """The reconstruction of `x`: the mean of p(x|z) at a sample of p(z|x).

    The noise of the sample is from the model's own seed.
    """
    x = self.as_data(x)
    seed = random.derive(self.seed, Purpose.RECONSTRUCT)
    z = self._inferred(x, seed, 1)[0]
    return self.point_estimate(self.decode(z, training))

  def infer(
    self, x: TensorLike, num_samples: int = 1, seed: Seed | None = None
  ) -> tf.Tensor:
    """Samples the posterior of each example, by the E-step's chains.

    Args:
      x: `[batch, *event_shape]`.
      num_samples: Number of samples, each from a separate chain.
      seed: An int or a pair of int32; None uses a random one.

    Returns:
      z, float32 `[num_samples, batch, latent_dim]`.

    Raises:
      ValueError: The model does not know the shape of its data yet, or `num_samples`
        is not positive.
    """
    self.check_built("infer")
    checks.positive_int("num_samples", num_samples)
    x = self.as_data(x)
    seed = random.derive(random.request_seed(seed), Purpose.INFER)
    return self._inferred(x, seed, num_samples)

  def r_hat(
    self, x: TensorLike, num_chains: int = 8, seed: Seed | None = None
  ) -> np.ndarray:
    """R-hat of the chains of an E-step; above about 1.05 they have not converged.

    The chains of `infer` make `num_transitions` more, whose states are compared: see
    `aevb_tf.mcmc.convergence`. If R-hat is large, use more transitions or `candidates`.

    Args:
      x: `[batch, *event_shape]`.
      num_chains: Number of chains for each example, at least 2.
      seed: An int or a pair of int32; None uses a random one.

    Returns:
      The largest R-hat of the latents, float32 `[batch]`; NaN for fewer than four
      transitions. `convergence.largest_r_hat(num_transitions, num_chains)` is what
      chains that have converged rarely exceed.

    Raises:
      ValueError: The model does not know the shape of its data yet, or there are fewer
        than two chains.
    """
    self.check_built("r_hat")
    if checks.positive_int("num_chains", num_chains) < 2:
      raise ValueError("num_chains=1: R-hat compares chains, so give at least 2.")
    x = self.as_data(x)
    seed = random.derive(random.request_seed(seed), Purpose.INFER)
    if self._answers.apply():
      samples = self._answers(self._states, x, seed, num_samples=int(num_chains))
    else:
      samples = self._states(x, seed, num_chains)
    return convergence.r_hat(np.asarray(samples)).max(axis=-1)

  def _inferred(self, x, seed, num_samples):
    if self._answers.apply():
      return self._answers(self._ends, x, seed, num_samples=int(num_samples))
    return self._ends(x, seed, num_samples)

  def _ends(self, x, seed, num_samples):
    return self.posterior_samples(x, seed, tf.range(tf.shape(x)[0]), num_samples).z

  def _states(self, x, seed, num_samples):
    """The states of the chains of `_ends` in as many transitions more.

    u, float32 `[num_transitions, num_samples, batch, latent_dim]`.
    """
    rows = tf.range(tf.shape(x)[0])
    z = self.posterior_samples(x, seed, rows, num_samples).z
    path = AnnealingPath(self, x, start="prior")
    walk, step_size = (
      random.derive(seed, Purpose.WALK),
      tf.convert_to_tensor(self.step_size),
    )

    def step(state, i):
      noise = hmc.draw_noise(walk, i, rows, num_samples, self.latent_dim)
      return hmc.transition(path, state, 1.0, step_size, noise, self.leapfrog_steps)[0]

    numbers = self.num_transitions + tf.range(self.num_transitions)
    start = hmc.evaluate(path, path.bijector.inverse(z))
    return tf.scan(step, numbers, start, parallel_iterations=1).position

  # Saving.

  def get_config(self):
    return {
      **super().get_config(),
      "latent_dim": self.latent_dim,
      "num_samples": self.num_samples,
      "num_transitions": self.num_transitions,
      "leapfrog_steps": self.leapfrog_steps,
      "target_acceptance": self.target_acceptance,
      "num_updates": self.num_updates,
      "step_size": self._first_step_size,
      "persistent_transitions": self.persistent_transitions,
      "candidates": self.candidates,
    }
