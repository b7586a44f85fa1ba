"""Monte Carlo EM: maximum likelihood without an encoder (App. E).

    E-step   z_l ~ p(z|x) for each example of the minibatch, by HMC on log p(x, z)
    M-step   a few updates of theta that raise (1/L) sum_l log p(x, z_l), z_l held

The gradient of the M-step is that of log p(x) in expectation (Fisher's identity):

    E_{p(z|x)}[ grad log p(x, z) ] = grad log p(x)

and so theta stays where log p(x) is at its maximum. Samples are as good as their chains
are long, and the paper states 10 leapfrog steps, an acceptance of 90% and 5 updates, but
not where chains begin. Two answers:

- at a draw from p(z), whenever an example comes up (the default). Then a chain must be
  long, and each visit pays for all of it: on images of digits, with 3 latents,
  log p(x, z) after 1, 5, 10 and 20 transitions of 10 leapfrog steps was 52, 8, 1 and 0
  nats below that of chains four times as long as the last.
- where the example's last chain ended (`persistent_transitions`). Then one transition may
  do, if data come up often: theta moves little from one visit to the next. It is no
  online algorithm: the model keeps a z for each example, and the fewer visits each gets,
  the farther its z are from the posterior. This reads App. E to the letter.

In both, a chain may end in a mode of the posterior without mass. With `candidates` it
begins at one of many draws from p(z) that the example has chosen among, or jumps there
from where it was (`aevb_tf.mcmc.resampling`).

HMC is that of the evidence, `aevb_tf.mcmc.hmc`. Beside `tfp.mcmc`'s: a transition is
one step of `HamiltonianMonteCarlo`, with the step size varied at random from transition
to transition; acceptance is the mean of min(1, exp(log_accept_ratio)) over data, chains
and transitions; and the log of the step size moves by a tenth of acceptance minus
target after each E-step, where `SimpleStepSizeAdaptation` moves it by a constant one
way or the other. Within an E-step it is held.

References:
  Wei, Tanner. A Monte Carlo implementation of the EM algorithm. JASA 1990.
  Duane, Kennedy, Pendleton, Roweth. Hybrid Monte Carlo. Physics Letters B 1987.
"""

from typing import Any, NamedTuple

import keras
import tensorflow as tf

from aevb_tf import checks, likelihoods, priors, random
from aevb_tf.mcmc import hmc
from aevb_tf.mcmc.annealing_path import AnnealingPath, constraining_bijector
from aevb_tf.mcmc.resampling import resample
from aevb_tf.models import parts, steps
from aevb_tf.models.generative import GenerativeModel
from aevb_tf.random import Purpose
from aevb_tf.types import NOT_BUILT, BatchShape, Seed, TensorLike


class JointParts(NamedTuple):
  """log p(x, z) at posterior samples and its parts, means over samples; `[batch]`."""

  log_joint: tf.Tensor  # nats
  log_likelihood: tf.Tensor  # log p(x|z), nats
  acceptance: tf.Tensor  # in [0, 1]

  @property
  def bound(self) -> tf.Tensor:
    """What the M-step maximises."""
    return self.log_joint


class Samples(NamedTuple):
  """What an E-step gives."""

  z: tf.Tensor  # [L, batch, latent_dim]
  acceptance: tf.Tensor  # [batch], mean over chains and transitions


@keras.saving.register_keras_serializable(package="aevb_tf")
class MonteCarloEM(GenerativeModel):
  """Decoder and prior, trained by EM with samples of the posterior.

  Metrics, in `fit` and `evaluate`: `log_joint` and `log_likelihood`, nats per example at
  the samples of z; `acceptance`; `loss`, which is minus log p(x, z), with the prior of
  the parameters if there is one. Those of `fit` are from before the M-step. log p(x, z)
  is no bound on log p(x): compare models by `log_marginal`.

  A step of `fit` is one E-step and `num_updates` updates, each of which counts in
  `optimizer.iterations`.

  Args:
    decoder: z -> parameters of p(x|z): an `aevb_tf.networks.Decoder`, or any
      `keras.Model` together with `likelihood`.
    latent_dim: J, the number of latents.
    prior: Name, options or object of `aevb_tf.priors`; the standard normal by default.
    num_samples: L, chains for each example, of which each gives its last point.
    num_transitions: HMC transitions of a chain that begins at a draw from p(z).
    leapfrog_steps: Leapfrog steps of a transition.
    target_acceptance: What the step size is set for.
    num_updates: Updates of an M-step.
    step_size: First step size of HMC; it adapts in `fit`, and is saved with the model.
    persistent_transitions: If given, chains in `fit` begin where the example's last chain
      ended, and take so many transitions; the first ones begin at draws from p(z). Needs
      `dataset_size`, and the number of each example, 0 to N - 1, as its y:
      `fit(x, np.arange(len(x)))`. `chains`, float32 `[N, L, latent_dim]`, are saved with
      the model. `evaluate`, `infer` and `reconstruct` begin anew as always.
    candidates: Draws from p(z), the same for all data of a batch, among which each chain
      takes its start, the likelier the better it explains the example; a persistent one
      may stay where it is. Each is decoded once a batch. 1 starts chains at a draw of
      their own, and leaves persistent ones where they are.
    dataset_size: N, to scale the objective of a minibatch to the data set.
    parameter_prior_stddev: Standard deviation of a Gaussian prior on all parameters
      (MAP); needs `dataset_size`.
    seed: Seed of the noise in training and evaluation; None draws one.
    likelihood: For a decoder that does not name its own.

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
    **kwargs: Any,
  ):
    super().__init__(dataset_size, parameter_prior_stddev, seed, **kwargs)
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
          "persistent_transitions needs dataset_size: each example keeps its chains. Pass "
          "dataset_size=N, and the number of each example as y: fit(x, np.arange(N))."
        )
    self.candidates = checks.positive_int("candidates", candidates)
    self._first_step_size = float(step_size)
    self.persistent_transitions = persistent_transitions
    self.chains: keras.Variable = NOT_BUILT
    self.set_generator(decoder, prior, likelihood)
    parts.check_needs_no_encoder(self.prior, type(self).__name__)
    # Replicas adapt on data of their own, and agree on the mean.
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
      num_samples: Chains for each example; None takes the model's own number.

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
    """E-step whose chains begin where those of the same data ended, and are kept.

    Args:
      x: float32 `[batch, *event_shape]`.
      numbers: int32 `[batch]`, which data they are, in 0, ..., N - 1.
      seed: int32 `[2]`.

    Returns:
      `Samples`.
    """
    chains = tf.convert_to_tensor(self.chains)
    numbers = tf.clip_by_value(numbers, 0, self.chains.shape[0] - 1)  # `checks` tells
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
    """Where chains from u end, `[L, batch, latent_dim]`, and their acceptance."""
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
    """log p(x, z) at the samples of an E-step, which no gradient goes through."""
    log_likelihood, log_prior = self.log_joint(x, samples.z, training)
    return JointParts(
      tf.reduce_mean(log_likelihood + log_prior, axis=0),
      tf.reduce_mean(log_likelihood, axis=0),
      samples.acceptance,
    )

  def targets(self, x: tf.Tensor, y: tf.Tensor | None) -> None:
    """None, or an error: there is no encoder that could see x while y is scored.

    A y of unknown rank is taken for labels, or for the numbers of the data.
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
    with keras.StatelessScope():  # keeps the losses of layers along the chains out
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
    """y as the numbers of the data."""
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
      "Persistent chains must know which data these are: pass the number of each as y, "
      f"an int in 0 to {self.chains.shape[0] - 1}, as in fit(x, np.arange(len(x)))."
    )

  # What a trained model answers.

  def call(self, x, training=False):
    """The reconstruction of `x`: the mean of p(x|z) at a sample of p(z|x).

    The sample's noise is from the model's own seed.
    """
    x = self.as_data(x)
    seed = random.derive(self.seed, Purpose.RECONSTRUCT)
    return self.decode(self._inferred(x, seed, 1)[0], training).mean()

  def infer(
    self, x: TensorLike, num_samples: int = 1, seed: Seed | None = None
  ) -> tf.Tensor:
    """Samples the posterior of each example, by the E-step's chains.

    Args:
      x: `[batch, *event_shape]`.
      num_samples: Samples, each from a chain of its own.
      seed: An int or a pair of int32; None takes a fresh one.

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

  def _inferred(self, x, seed, num_samples):
    if self._answers.apply():
      return self._answers(self._ends, x, seed, num_samples=int(num_samples))
    return self._ends(x, seed, num_samples)

  def _ends(self, x, seed, num_samples):
    return self.posterior_samples(x, seed, tf.range(tf.shape(x)[0]), num_samples).z

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
