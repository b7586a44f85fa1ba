"""From a density that can be drawn from to the posterior, for HMC to walk along.

    f_beta(z) = p_0(z) ( p(x, z) / p_0(z) )^beta,   beta from 0 to 1

p_0 is p(z) or q(z|x). f_0 is normalised, and f_1 is p(x, z), whose integral is p(x).
Latents with a support other than all reals are walked in coordinates u, z = b(u), with
the density of u in place of that of z; that changes no integral.
"""

from typing import Any

import tensorflow as tf
import tensorflow_probability as tfp

from aevb_tf import bounds
from aevb_tf.evidence import checks, noise
from aevb_tf.random import Purpose

STARTS = ("prior", "encoder")


class Path:
  """f_beta for a batch of data, as a function of u.

  Args:
    model: The model.
    x: float32 `[batch, *event_shape]`.
    start: What p_0 is, `"prior"` or `"encoder"`.
  """

  def __init__(self, model: Any, x: tf.Tensor, start: str):
    self.model, self.x = model, x
    self.prior = model.prior.distribution()
    self.base = model.encode(x) if start == "encoder" else self.prior
    self.start = start
    self.coordinates = coordinates_of(self.prior)

  def draw(
    self,
    seed: Any,
    rows: tf.Tensor,
    count: int,
    first: Any = 0,
    purpose: Purpose = Purpose.SAMPLE,
  ) -> tf.Tensor:
    """u with z = b(u) ~ p_0, float32 `[count, batch, latent_dim]`.

    Args:
      seed: An int or a pair of int32.
      rows: int32 `[batch]`: draws of datum i depend on (seed, rows[i]) alone.
      count: Draws for each datum.
      first: Number of the first draw.
      purpose: What the seeds of draws are derived for, counted.
    """
    if self.start == "encoder":
      z = noise.posterior_samples(
        self.model, self.base, seed, rows, first, count, purpose
      )
    else:
      prior = self.model.prior
      z = noise.per_sample(
        lambda one: prior.sample(one, rows), seed, first, count, purpose
      )
    return self.coordinates.inverse(z)

  def shared_draws(
    self, seed: Any, first: Any, count: int
  ) -> tuple[tf.Tensor, tf.Tensor]:
    """Draws from the prior for all data together, and what each datum says of them.

    Args:
      seed: An int or a pair of int32.
      first: Number of the first draw.
      count: How many.

    Returns:
      u with b(u) = z ~ p(z), float32 `[count, latent_dim]`; log p(x|z), nats,
      `[count, batch]`.
    """
    z = self.model.prior.sample(seed, first + tf.range(count))
    likelihood = self.model.likelihood_family
    log_likelihood = likelihood.log_prob_of_pairs(self.model.decode(z), self.x)
    return self.coordinates.inverse(z), tf.transpose(log_likelihood)

  def log_densities(self, u: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """log f_0 and log (f_1 / f_0), nats, `[count, batch]`.

    Args:
      u: float32 `[count, batch, latent_dim]`.
    """
    z = self.coordinates.forward(u)
    terms = bounds.evaluate_terms(
      self.x, z, self.base, self.prior, self.model.decode, analytic_kl=False
    )
    volume = self.coordinates.forward_log_det_jacobian(u, event_ndims=1)
    log_ratio = terms.log_likelihood + (terms.log_prior - terms.log_q)
    return terms.log_q + volume, log_ratio


def coordinates_of(prior: tfp.distributions.Distribution) -> tfp.bijectors.Bijector:
  """From all reals to the support of p(z)."""
  bijector = prior.experimental_default_event_space_bijector()
  return tfp.bijectors.Identity() if bijector is None else bijector


def start_for(model: Any, start: str | None) -> str:
  """`start`, or where it is None the encoder, if the model has one.

  Raises:
    ValueError: The encoder is asked for, and there is none.
  """
  encoder = checks.has_encoder(model)
  if start is None:
    return "encoder" if encoder else "prior"
  if start == "encoder" and not encoder:
    raise ValueError(
      f"start='encoder': {type(model).__name__} has no encoder; use start='prior'."
    )
  return start
