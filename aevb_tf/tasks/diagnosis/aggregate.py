"""Bounds on I(x; z), and on the KL of the aggregate posterior to the prior.

With q(z) = E_x q(z|x), the aggregate posterior,

    E_x KL(q(z|x) || p(z))  =  I(x; z)  +  KL(q(z) || p(z))

A sample x_1, ..., x_N has (1/N) sum_i q(z|x_i) instead of q(z). For z ~ q(z|x_n), and
with or without the term of x_n itself,

    E log q(z|x_n) / (1/N sum_i q(z|x_i))              <=  I(x; z)
    E log q(z|x_n) / (1/(N-1) sum_{i != n} q(z|x_i))   >=  I(x; z)

The first is at most log N. Together with the mean KL they bound KL(q(z) || p(z)) from the
other side. For a standard normal prior there is a second lower bound on it, since no
density with the mean m and the covariance S has a larger entropy than the Gaussian:

    KL(N(m, S) || N(0, I))  <=  KL(q(z) || N(0, I))

References:
  Hoffman, Johnson. ELBO surgery: yet another way to carve up the variational evidence
    lower bound. NIPS workshop, 2016.
  Poole, Ozair, van den Oord, Alemi, Tucker. On variational bounds of mutual information.
    ICML 2019.
"""

import numpy as np
import tensorflow as tf

from aevb_tf.evidence.compiled import compiled
from aevb_tf.tasks.diagnosis.context import Context, Refused, mean, standard_error
from aevb_tf.tasks.diagnosis.report import Finding

# Examples whose pairs are compared: their number grows with the square.
_MOST = 1000
_BLOCKS = 20
# Nats: below the first, x and z are nearly independent; above the second, a part of the
# prior has hardly any q(z|x).
_LEAST_INFORMATION = 0.1
_LARGEST_KL = 0.5

_OF_COLLAPSE = "Warm up the KL (kl_weight), or use free bits: see 'collapse'."
_OF_HOLES = (
  "Samples start at z that the decoder has not seen: fit a prior to the latents with "
  "vae.fit_prior(x_train), or train with the prior 'vamp' or 'maf'."
)


def aggregate(context: Context) -> list[Finding]:
  """I(x; z), and KL(q(z) || p(z)) of the aggregate posterior, for training examples.

  Raises:
    Refused: The model has a condition.
  """
  vae = context.vae
  if vae.condition is not None:
    raise Refused(
      "the aggregate posterior of a model with a condition is a different one for each "
      "condition, so that it has few examples."
    )
  split = context.train.first(_MOST)
  parameters = tf.constant(context.over(split, lambda x, rows: vae.posterior_params(x)))
  family = vae.posterior_family
  q, rows = family.distribution(parameters), tf.range(len(split))
  z = family.sample(q, family.noise(context.draw(0), rows, 1))[0]
  of_pairs = compiled(vae, _log_prob_of_pairs, jit=False)(parameters, z)
  lower, upper = information(np.asarray(of_pairs, np.float64))
  log_prior = vae.prior.distribution().log_prob(z)
  own = np.diag(of_pairs)
  kl = own.astype(np.float64) - np.asarray(log_prior, np.float64)
  return [_information(lower, upper), _kl(vae, np.asarray(z), kl, lower, upper)]


def _information(lower, upper):
  at_most = mean(upper) + 3 * standard_error(upper)
  warns = at_most < _LEAST_INFORMATION
  return Finding(
    "aggregate",
    "I(x; z), at least",
    mean(lower),
    "nats",
    standard_error(lower),
    "warn" if warns else "ok",
    f"It is at most {mean(upper):.2f}; this lower bound is at most "
    f"log {len(lower)} = {np.log(len(lower)):.2f}.",
    _OF_COLLAPSE if warns else "",
  )


def _kl(vae, z, kl, lower, upper):
  parts = kl - upper
  found = mean(parts), standard_error(parts)
  if vae.prior.family_name == "standard_normal" and len(z) > 2 * z.shape[1]:
    found = max(found, moments(z))
  value, error = found
  warns = value - 3 * error > _LARGEST_KL
  return Finding(
    "aggregate",
    "KL of aggregate posterior to prior, at least",
    max(value, 0.0),
    "nats",
    error,
    "warn" if warns else "ok",
    f"It is at most {mean(kl - lower):.2f}.",
    _OF_HOLES if warns else "",
  )


def information(of_pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """The two bounds on I(x; z), in parts whose means they are.

  Args:
    of_pairs: log q(z_n|x_i), `[n, i]`, with z_n ~ q(z|x_n).

  Returns:
    The parts of the lower and of the upper bound, `[n]`, nats.
  """
  n, own = len(of_pairs), np.diag(of_pairs)
  lower = own - np.logaddexp.reduce(of_pairs, axis=1) + np.log(n)
  others = np.where(np.eye(n, dtype=bool), -np.inf, of_pairs)
  upper = own - np.logaddexp.reduce(others, axis=1) + np.log(n - 1)
  return lower, upper


def _log_prob_of_pairs(vae, parameters, z):
  """log q(z_n|x_i), `[n, i]`."""
  q = vae.posterior_family.distribution(parameters)

  def of_one(z):
    # As many copies of z as q has examples: not all distributions broadcast.
    return q.log_prob(tf.repeat(z[tf.newaxis], tf.shape(parameters)[0], axis=0))

  return tf.map_fn(of_one, z)


def moments(z: np.ndarray) -> tuple[float, float]:
  """KL(N(m, S) || N(0, I)) with the mean and the covariance of draws of z.

  A jackknife over blocks of examples removes the bias of order 1/n.

  Args:
    z: Draws from the aggregate posterior, `[n, latent_dim]`.

  Returns:
    The estimate and its standard error, nats.
  """
  blocks = min(_BLOCKS, len(z))
  left = np.array(
    [
      _gaussian_kl(np.delete(z, block, axis=0))
      for block in np.array_split(np.arange(len(z)), blocks)
    ]
  )
  value = blocks * _gaussian_kl(z) - (blocks - 1) * left.mean()
  error = np.sqrt((blocks - 1) / blocks * np.sum((left - left.mean()) ** 2))
  return float(value), float(error)


def _gaussian_kl(z):
  z = z.astype(np.float64)
  covariance = np.cov(z, rowvar=False, bias=True).reshape(z.shape[1], z.shape[1])
  log_det = np.linalg.slogdet(covariance)[1]
  square = np.sum(z.mean(axis=0) ** 2)
  return 0.5 * (np.trace(covariance) + square - z.shape[1] - log_det)
