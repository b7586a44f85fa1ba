"""Samples of p(z|y), the latents of a corrupted example.

    p(z|y)  is proportional to  p(y|z) p(z)

1. The encoder gives a first z: the mean of q(z|y), then of q(z|x) for the x that this z
   restores, and so on. The encoder was trained on clean examples, and these are cleaner.
2. A Gaussian q(w) = N(mu, diag(sigma^2)) is optimized for each example, to maximize
   E_q[log p(y, w)] + H[q], where z = b(w) and b maps the reals to the support of p(z).
3. Chains of Hamiltonian Monte Carlo start at draws from q, and move in coordinates
   (w - mu) / sigma, in which q is a standard normal. They leave p(z|y) invariant.

So neither the encoder nor q biases the result; both only help to find the posterior. Chains
that start from one Gaussian can miss another mode, which no diagnostic shows.

The effective sample size is that of the restored values. With C chains of L samples and
x_c the mean over chain c,

    ESS = sum_d Var[x_d]  /  sum_d Var_c[x_cd] / C

at most C L: how many independent samples have a mean with the same error. It is C L if all
values are known, so that there is no error.
"""

from typing import NamedTuple

import tensorflow as tf

from aevb_tf import random
from aevb_tf.imputation.base import encode
from aevb_tf.likelihoods.observed import complete_of
from aevb_tf.mcmc import hmc
from aevb_tf.mcmc.annealing_path import constraining_bijector
from aevb_tf.protocols import ModelOfExamples
from aevb_tf.random import Purpose
from aevb_tf.tasks.refinement import ascend
from aevb_tf.tasks.restoration.noise import Clean, Noise

_PASSES = 3
_FIRST_SCALE, _LEARNING_RATE, _DRAWS = 0.3, 0.05, 2
_LEAPFROG_STEPS, _TARGET = 5, 0.8


class Moments(NamedTuple):
  """What is known of x after sampling; the fields of `Restored`, as tensors."""

  mean: tf.Tensor  # [batch, *event_shape]
  stddev: tf.Tensor  # [batch, *event_shape]
  effective_sample_size: tf.Tensor  # [batch]
  acceptance: tf.Tensor  # [batch]


class _Path:
  """log p(y, z) of whitened coordinates, as `hmc` takes a density."""

  def __init__(self, model, y, noise):
    self.model, self.y, self.noise = model, y, noise
    self.prior = model.prior.distribution()
    self.bijector = constraining_bijector(self.prior)
    self.likelihood = complete_of(model.likelihood_family)
    self.location, self.scale = 0.0, 1.0

  def clean(self, w):
    """p(x|z) and y of the rows of w `[count, batch, latent_dim]`."""
    z = tf.reshape(self.bijector.forward(w), [-1, w.shape[-1]])
    p = self.model.decode(z)
    p = getattr(p, "complete", p)
    y = tf.repeat(self.y[tf.newaxis], w.shape[0], axis=0)
    return Clean(self.likelihood, p), tf.reshape(y, [-1, *self.y.shape[1:]])

  def log_joint(self, w):
    """log p(y|z) and log p(z) + log |dz/dw|, nats, `[count, batch]`."""
    clean, y = self.clean(w)
    log_prob = tf.reshape(self.noise.log_prob(y, clean), w.shape[:2])
    volume = self.bijector.forward_log_det_jacobian(w, event_ndims=1)
    return log_prob, self.prior.log_prob(self.bijector.forward(w)) + volume

  def restore(self, w):
    """E[x|y, z] and Var[x|y, z], `[count, batch, *event_shape]`."""
    clean, y = self.clean(w)
    shape = [*w.shape[:2], *self.model.event_shape]
    return tuple(tf.reshape(v, shape) for v in self.noise.restore(y, clean))

  def positions(self, u):
    return self.location + self.scale * u

  def log_densities(self, u):
    log_likelihood, log_prior = self.log_joint(self.positions(u))
    return log_prior, log_likelihood


def sample(
  model: ModelOfExamples,
  y: tf.Tensor,
  seed: tf.Tensor,
  rows: tf.Tensor,
  lengths: tf.Tensor,
  noise: Noise,
  num_chains: int,
) -> Moments:
  """The mean and the standard deviation of x given y.

  Args:
    model: A model with an encoder.
    y: float32 `[batch, *event_shape]`, NaN where a value was not observed.
    seed: int32 `[2]`.
    rows: int32 `[batch]`: the noise of example i depends on (seed, rows[i]) alone.
    lengths: int32 `[3]`: steps of the optimization, transitions of the burn-in, and
      transitions in all.
    noise: The noise model.
    num_chains: Chains for each example, at least two.
  """
  path = _Path(model, y, noise)
  path.location, path.scale = _refine(path, _start(path), seed, rows, lengths[0])
  return _run(path, seed, rows, lengths, num_chains)


def _start(path):
  """The first w, `[batch, latent_dim]`, by passes through encoder and decoder."""
  model, x = path.model, path.y
  for _ in range(_PASSES):
    z = model.posterior_family.point_estimate(encode(model, x))
    w = path.bijector.inverse(z)
    x = path.restore(w[tf.newaxis])[0][0]
  return w


def _refine(path, start, seed, rows, num_steps):
  """mu and sigma of q(w), `[batch, latent_dim]`."""
  dim = start.shape[-1]

  def bound(params, i):
    mean, log_scale = tf.split(params, 2, axis=-1)
    eps = random.normal(random.derive(seed, Purpose.REFINE_STEP, i), rows, _DRAWS * dim)
    eps = tf.transpose(tf.reshape(eps, [-1, _DRAWS, dim]), [1, 0, 2])
    log_joint = tf.add_n(path.log_joint(mean + tf.exp(log_scale) * eps))
    return tf.reduce_mean(log_joint, axis=0) + tf.reduce_sum(log_scale, axis=-1)

  first = tf.fill(tf.shape(start), tf.math.log(_FIRST_SCALE))
  params = ascend(bound, tf.concat([start, first], -1), num_steps, _LEARNING_RATE)
  mean, log_scale = tf.split(params, 2, axis=-1)
  return mean, tf.exp(log_scale)


def _run(path, seed, rows, lengths, num_chains):
  """Runs the chains; the moments of each are those of its samples after the burn-in."""
  batch, dim = path.location.shape
  shape = [num_chains, batch, dim]
  u = random.normal(random.derive(seed, Purpose.START), rows, num_chains * dim)
  u = tf.transpose(tf.reshape(u, [batch, num_chains, dim]), [1, 0, 2])
  walk = random.derive(seed, Purpose.WALK)

  def step(i, state, step_size, accepted, mean, squares, variance):
    noise = hmc.draw_noise(walk, i, rows, num_chains, dim)
    state, acceptance = hmc.transition(
      path, state, 1.0, step_size, noise, _LEAPFROG_STEPS
    )
    counts = tf.cast(i >= lengths[1], tf.float32)
    adapted = hmc.adapt_step_size(step_size, acceptance, _TARGET)
    step_size = tf.where(counts > 0, step_size, adapted)
    x, given_z = path.restore(path.positions(tf.ensure_shape(state.position, shape)))
    # Running means and sums of squares (Welford), which do not cancel.
    weight = counts / tf.cast(tf.maximum(i - lengths[1] + 1, 1), tf.float32)
    change = x - mean
    mean += weight * change
    squares += counts * change * (x - mean)
    variance += weight * (tf.reduce_mean(given_z, axis=0) - variance)
    accepted += weight * (acceptance - accepted)
    return i + 1, state, step_size, accepted, mean, squares, variance

  zeros = tf.zeros([num_chains, batch, *path.model.event_shape])
  start = hmc.evaluate(path, u), tf.fill([batch], hmc.INITIAL_STEP_SIZE)
  _, _, _, accepted, of_chains, squares, variance = tf.while_loop(
    lambda i, *_: i < lengths[2],
    step,
    (tf.constant(0), *start, tf.zeros([batch]), zeros, zeros, zeros[0]),
    parallel_iterations=1,
  )
  count = tf.cast(lengths[2] - lengths[1], tf.float32)
  # Differences from one chain are exactly 0 for known values; others would be rounded.
  differences = of_chains - of_chains[:1]
  between = tf.math.reduce_variance(differences, axis=0)
  # The squared error of the mean, by which the variance about it is too small.
  error = between / (num_chains - 1.0)
  spread = tf.reduce_mean(squares, axis=0) / count + between + error
  axes = range(1, between.shape.rank)
  errors = tf.reduce_sum(error, axis=axes)
  effective = tf.reduce_sum(spread, axis=axes) / errors
  total = num_chains * count
  return Moments(
    of_chains[0] + tf.reduce_mean(differences, axis=0),
    tf.sqrt(spread + variance),
    tf.where(errors > 0.0, tf.minimum(effective, total), total),
    accepted,
  )
