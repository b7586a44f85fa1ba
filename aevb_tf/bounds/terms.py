"""The log-densities that every bound is computed from, evaluated in one place.

For z_l ~ q(z|x), l = 1 ... L:

    log_likelihood  log p(x|z_l)        [L, batch]
    log_prior       log p(z_l)          [L, batch]
    log_q           log q(z_l|x)        [L, batch]
    kl              KL(q(z|x) || p(z))  [batch], or None without a closed form
    kl_per_latent   KL of each latent   [batch, J], or None if kl is not their sum

all in nats, float32, summed over pixels and latents. Gradients flow through z_l =
g(eps_l, x), unless the terms are detached. Then the densities are evaluated at
stop_gradient(z_l), and two more terms let a bound weight the path itself:

    z               z_l, with its path                             [L, batch, J]
    slope           d/dz_l [ log p(x, z_l) - log q(z_l|x) ]        [L, batch, J]
"""

import itertools
from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf import posteriors, priors, shapes

# Pairs of families for which KL(q || p) has a closed form.
_ANALYTIC_KL = {
  ("gaussian", "standard_normal"),
  ("gaussian", "conditional_gaussian"),
  ("full_gaussian", "standard_normal"),
  *itertools.product(
    ("gamma", "exponential", "chi2", "weibull"), ("gamma", "exponential")
  ),
}


class Terms(NamedTuple):
  """Log-densities in nats; see the module's docstring for shapes."""

  log_likelihood: tf.Tensor
  log_prior: tf.Tensor
  log_q: tf.Tensor
  kl: tf.Tensor | None
  kl_per_latent: tf.Tensor | None = None
  z: tf.Tensor | None = None
  slope: tf.Tensor | None = None

  @property
  def log_weight(self) -> tf.Tensor:
    """log w_l = log p(x, z_l) - log q(z_l|x), `[L, batch]`."""
    return self.log_likelihood + self.log_prior - self.log_q


def has_analytic_kl(posterior: posteriors.Posterior, prior: priors.Prior) -> bool:
  """Whether KL(q(z|x) || p(z)) has a closed form for this pair."""
  return (posterior.family_name, prior.family_name) in _ANALYTIC_KL


def evaluate_terms(
  x: tf.Tensor,
  z: tf.Tensor,
  q: tfd.Distribution,
  p: tfd.Distribution,
  likelihood: Callable[[tf.Tensor], tfd.Distribution],
  analytic_kl: bool,
  detached: bool = False,
  slope: bool = False,
) -> Terms:
  """Evaluates the terms of the bound at samples of z.

  Args:
    x: float32 `[batch, *event_shape]`.
    z: float32 `[L, batch, latent_dim]`, samples of `q`.
    q: q(z|x), batch shape `[batch]`.
    p: p(z), batch shape `[]`.
    likelihood: z `[L * batch, latent_dim]` -> p(x|z), a distribution over x.
    analytic_kl: Whether q and p have a closed-form KL.
    detached: Whether the densities are evaluated at stop_gradient(z).
    slope: Whether to evaluate the slope at the samples; only with `detached`.

  Returns:
    `Terms`.
  """
  kl, kl_per_latent = _analytic_kl(q, p) if analytic_kl else (None, None)
  if not detached:
    return Terms(*_densities(x, z, q, p, likelihood), kl, kl_per_latent)
  point = tf.stop_gradient(z)
  if not slope:
    return Terms(*_densities(x, point, q, p, likelihood), kl, kl_per_latent, z)
  with tf.GradientTape() as tape:
    tape.watch(point)
    terms = Terms(*_densities(x, point, q, p, likelihood), kl, kl_per_latent, z)
    log_weight = terms.log_weight
  return terms._replace(slope=tf.stop_gradient(tape.gradient(log_weight, point)))


def log_joint(
  x: tf.Tensor,
  z: tf.Tensor,
  p: tfd.Distribution,
  likelihood: Callable[[tf.Tensor], tfd.Distribution],
) -> tuple[tf.Tensor, tf.Tensor]:
  """log p(x|z_l) and log p(z_l), nats, `[L, batch]`; arguments as `evaluate_terms`."""
  num_samples, latent_dim = z.shape[0], z.shape[-1]
  flat_z = tf.reshape(z, [-1, latent_dim])
  repeated_x = tf.repeat(x[tf.newaxis], num_samples, axis=0) if num_samples > 1 else x
  flat_x = tf.reshape(repeated_x, tf.concat([[-1], tf.shape(x)[1:]], axis=0))
  distribution = likelihood(flat_z)
  flat_x = shapes.of_events(flat_x, distribution.event_shape)
  log_likelihood = distribution.log_prob(flat_x)
  return tf.reshape(log_likelihood, [num_samples, -1]), p.log_prob(z)


def _densities(x, z, q, p, likelihood) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
  return *log_joint(x, z, p, likelihood), q.log_prob(z)


def _analytic_kl(q, p):
  """KL(q || p) `[batch]`, and that of each latent `[batch, J]` if they are independent.

  For two Gaussians (App. B) it is -1/2 sum_j (1 + log sigma_j^2 - mu_j^2 - sigma_j^2).
  """
  if not all(isinstance(d, tfd.Independent) for d in (q, p)):
    return tfd.kl_divergence(q, p), None
  parts = tfd.kl_divergence(q.distribution, p.distribution)
  return tf.reduce_sum(parts, axis=-1), parts
