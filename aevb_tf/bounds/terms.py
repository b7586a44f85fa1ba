"""The log-densities that every bound is made of, evaluated in one place.

For z_l ~ q(z|x), l = 1 ... L:

    log_likelihood  log p(x|z_l)        [L, batch]
    log_prior       log p(z_l)          [L, batch]
    log_q           log q(z_l|x)        [L, batch]
    kl              KL(q(z|x) || p(z))  [batch], or None where there is no closed form

all in nats, float32, summed over pixels and latents.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf
import tensorflow_probability as tfp

from aevb_tf import posteriors, priors

tfd = tfp.distributions

# Pairs of classes for which TFP integrates KL(q || p).
_ANALYTIC_KL = ((posteriors.Gaussian, priors.StandardNormal),)


class Terms(NamedTuple):
  """Log-densities in nats; see the module's docstring for shapes."""

  log_likelihood: tf.Tensor
  log_prior: tf.Tensor
  log_q: tf.Tensor
  kl: tf.Tensor | None


def has_analytic_kl(posterior: posteriors.Posterior, prior: priors.Prior) -> bool:
  """Whether KL(q(z|x) || p(z)) has a closed form for these two."""
  return any(isinstance(posterior, q) and isinstance(prior, p) for q, p in _ANALYTIC_KL)


def evaluate_terms(
  x: tf.Tensor,
  z: tf.Tensor,
  q: tfd.Distribution,
  p: tfd.Distribution,
  likelihood: Callable[[tf.Tensor], tfd.Distribution],
  analytic_kl: bool,
) -> Terms:
  """Evaluates the terms of the bound at samples of z.

  Args:
    x: float32 `[batch, *event_shape]`.
    z: float32 `[L, batch, latent_dim]`, samples of `q`.
    q: q(z|x), batch shape `[batch]`.
    p: p(z), batch shape `[]`.
    likelihood: z `[L * batch, latent_dim]` -> p(x|z), a distribution over x.
    analytic_kl: Whether q and p have a closed-form KL.

  Returns:
    `Terms`.
  """
  num_samples, latent_dim = z.shape[0], z.shape[-1]
  flat_z = tf.reshape(z, [-1, latent_dim])
  repeated_x = tf.repeat(x[tf.newaxis], num_samples, axis=0) if num_samples > 1 else x
  flat_x = tf.reshape(repeated_x, tf.concat([[-1], tf.shape(x)[1:]], axis=0))
  log_likelihood = likelihood(flat_z).log_prob(flat_x)
  return Terms(
    log_likelihood=tf.reshape(log_likelihood, [num_samples, -1]),
    log_prior=p.log_prob(z),
    log_q=q.log_prob(z),
    kl=tfd.kl_divergence(q, p) if analytic_kl else None,
  )
