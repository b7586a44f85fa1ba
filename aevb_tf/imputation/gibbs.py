"""Imputation by a Markov chain over the missing values and z.

    z'     ~ q(z|x),  x = (x_obs, x_mis)
    z      = z' with probability min(1, w(z') / w(z)),  w(z) = p(x, z) / q(z|x)
    x_mis  ~ p(x_mis|z)

With the second line the chain leaves p(z, x_mis|x_obs) invariant (Metropolis within
Gibbs). Without it (pseudo-Gibbs) it does so only if q(z|x) is the posterior, but it
always moves.

References:
  Rezende, Mohamed, Wierstra. Stochastic backpropagation and approximate inference in deep
    generative models. ICML 2014.
  Mattei, Frellsen. Leveraging the exact likelihood of deep latent variable models.
    NeurIPS 2018.
"""

import math

import tensorflow as tf

from aevb_tf import checks, random
from aevb_tf.evidence.compiled import compiled
from aevb_tf.imputation.base import Imputed, decode, draw, encode, register
from aevb_tf.likelihoods.observed import complete_of, is_observed
from aevb_tf.protocols import ModelWithEncoder
from aevb_tf.random import Purpose


@register("gibbs")
class Gibbs:
  """Imputation by pseudo-Gibbs sampling: each z is accepted.

  One imputation is the mean of E[x|z] over the steps that count; several are the last
  states of as many chains.

  Args:
    num_samples: Steps of a chain that count.
    burn_in: Steps before them; None for a fifth of `num_samples`.

  Raises:
    ValueError: An argument is out of range.
  """

  advice = "Use the method 'metropolis_within_gibbs'."
  is_metropolis = False

  def __init__(self, num_samples: int = 500, burn_in: int | None = None):
    self.num_samples = checks.positive_int("num_samples", num_samples)
    if burn_in is None:
      burn_in = self.num_samples // 5
    if isinstance(burn_in, bool) or not isinstance(burn_in, int) or burn_in < 0:
      raise ValueError(f"burn_in={burn_in!r} must be a number of steps, at least 0.")
    self.burn_in = burn_in

  def __call__(
    self,
    model: ModelWithEncoder,
    x: tf.Tensor,
    seed: tf.Tensor,
    rows: tf.Tensor,
    num_imputations: int,
  ) -> Imputed:
    """Imputes a batch; see `Imputer`."""
    run = compiled(
      model, _run, chains=num_imputations, is_metropolis=self.is_metropolis
    )
    lengths = tf.constant([self.burn_in, self.burn_in + self.num_samples])
    mean, last, acceptance = run(x, seed, rows, lengths)
    values = mean if num_imputations == 1 else last
    return Imputed(values, acceptance=acceptance if self.is_metropolis else None)


@register("metropolis_within_gibbs")
class MetropolisWithinGibbs(Gibbs):
  """Imputation by Metropolis within Gibbs: each z is accepted or rejected.

  Args:
    num_samples: As in `Gibbs`.
    burn_in: As in `Gibbs`.

  Raises:
    ValueError: An argument is out of range.
  """

  advice = "Use more steps (`num_samples`), or train the encoder for longer."
  is_metropolis = True


def _run(model, x, seed, rows, lengths, chains, is_metropolis):
  """Runs chains for every example.

  Args:
    model: A `VAE`.
    x: float32 `[batch, *event_shape]`, NaN where a value is missing.
    seed: int32 `[2]`.
    rows: int32 `[batch]`.
    lengths: int32 `[2]`: steps of the burn-in, and steps in all.
    chains: Chains for each example.
    is_metropolis: Whether z is accepted or rejected.

  Returns:
    The mean of E[x|z] over the steps that count and over the chains, float32 `[batch,
    *event_shape]`; the last x of the chains, `[chains, batch, *event_shape]`; and the
    share of accepted proposals, `[batch]`.
  """
  batch, size = x.shape[0], math.prod(model.event_shape)
  posterior, prior = model.posterior_family, model.prior.distribution()
  likelihood = complete_of(model.likelihood_family)
  given = tf.repeat(x[tf.newaxis], chains, axis=0)
  given = tf.reshape(given, (-1, *x.shape[1:]))  # [chains * batch, ...]
  observed = is_observed(given)

  def noise_of(seed):
    eps = posterior.noise(random.derive(seed, Purpose.PROPOSAL), rows, chains)
    eps = tf.reshape(eps, (1, -1, *eps.shape[2:]))
    uniform = random.uniform(seed, rows, chains * size)
    uniform = tf.reshape(uniform, (batch, chains, size))
    return eps, tf.reshape(tf.transpose(uniform, (1, 0, 2)), (-1, size))

  def log_prior(z):
    """log p(z), `[chains * batch]`; p(z|c) has a batch shape `[batch]`."""
    each = prior.log_prob(tf.reshape(z, (chains, batch, -1)))
    return tf.reshape(each, [-1])

  def complete(z, uniform):
    """p(x|z), x with its missing values drawn from it, and log p(x, z)."""
    p = decode(model, z)
    x = tf.where(observed, given, draw(model, p, uniform))
    # Pseudo-Gibbs compares nothing.
    joint = (
      p.log_prob(x) + log_prior(z) if is_metropolis else tf.zeros([chains * batch])
    )
    return p, x, joint

  def step(number, x, z, joint, total, accepted):
    step_seed = random.derive(seed, Purpose.IMPUTATION_STEP, number)
    eps, uniform = noise_of(step_seed)
    q = encode(model, x)
    proposal = posterior.sample(q, eps)[0]
    if is_metropolis:
      proposed = decode(model, proposal).log_prob(x) + log_prior(proposal)
      log_ratio = (proposed - q.log_prob(proposal)) - (joint - q.log_prob(z))
      threshold = random.derive(step_seed, Purpose.ACCEPTANCE)
      threshold = tf.transpose(random.uniform(threshold, rows, chains))
      is_accepted = tf.math.log(tf.reshape(threshold, [-1])) < log_ratio
      z = tf.where(is_accepted[:, tf.newaxis], proposal, z)
    else:
      is_accepted = tf.ones([chains * batch], tf.bool)
      z = proposal
    p, x, joint = complete(z, uniform)
    counts = tf.cast(number >= lengths[0], tf.float32)
    total += counts * likelihood.expectations(p.complete)
    return number + 1, x, z, joint, total, accepted + tf.cast(is_accepted, tf.float32)

  eps, uniform = noise_of(random.derive(seed, Purpose.IMPUTATION_STEP, -1))
  z = posterior.sample(encode(model, given), eps)[0]
  _, start, joint = complete(z, uniform)
  total = tf.zeros((chains * batch, *likelihood.expectations_shape()))
  accepted = tf.zeros([chains * batch])
  _, last, _, _, total, accepted = tf.while_loop(
    lambda number, *_: number < lengths[1],
    step,
    (tf.constant(0), start, z, joint, total, accepted),
    parallel_iterations=1,
  )

  def over_chains(values):
    values = tf.reshape(values, (chains, batch, *values.shape[1:]))
    return tf.reduce_mean(values, axis=0)

  mean = over_chains(total) / tf.cast(lengths[1] - lengths[0], tf.float32)
  return (
    likelihood.point_estimate(mean),
    tf.reshape(last, (chains, *x.shape)),
    over_chains(accepted) / tf.cast(lengths[1], tf.float32),
  )
