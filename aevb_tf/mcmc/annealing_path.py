"""A path of densities from one that can be drawn from to the posterior.

    f_beta(z) = p_0(z) ( p(x, z) / p_0(z) )^beta,   beta from 0 to 1

p_0 is p(z) or q(z|x). f_0 is normalized, and f_1 is p(x, z), whose integral is p(x).
Chains move in unconstrained coordinates u, where z = b(u) and b maps the reals to the
support of p(z): f_beta is then the density of u, which changes no integral.
"""

from typing import Literal, TypeAlias, cast, get_args

import tensorflow as tf
from tensorflow_probability import bijectors as tfb
from tensorflow_probability import distributions as tfd

from aevb_tf import bounds, random
from aevb_tf.protocols import Model, ModelWithEncoder
from aevb_tf.random import Purpose
from aevb_tf.types import IntLike, Seed

Start: TypeAlias = Literal["prior", "encoder"]
STARTS = get_args(Start)


class AnnealingPath:
  """f_beta for a batch of examples, as a function of u.

  Args:
    model: The model.
    x: float32 `[batch, *event_shape]`.
    start: Which density p_0 is, `"prior"` or `"encoder"`.
  """

  def __init__(self, model: Model, x: tf.Tensor, start: Start):
    self.model, self.x = model, x
    self.prior = model.prior.distribution()
    self.base = self.prior
    if start == "encoder":  # then the model has one
      self.base = cast(ModelWithEncoder, model).encode(x)
    self.start = start
    self.bijector = constraining_bijector(self.prior)

  def draw(
    self,
    seed: Seed,
    rows: tf.Tensor,
    count: int,
    first: IntLike = 0,
    purpose: Purpose = Purpose.SAMPLE,
  ) -> tf.Tensor:
    """Draws z = b(u) ~ p_0 for each example.

    Args:
      seed: An int or a pair of int32.
      rows: int32 `[batch]`: draws of example i depend on (seed, rows[i]) alone.
      count: Draws per example.
      first: Number of the first draw.
      purpose: What the seeds of draws are derived for, counted.

    Returns:
      u, float32 `[count, batch, latent_dim]`.
    """
    if self.start == "encoder":
      family = cast(ModelWithEncoder, self.model).posterior_family
      z = family.numbered_samples(self.base, seed, rows, first, count, purpose)
    else:
      prior = self.model.prior
      z = random.per_sample(
        lambda sample: prior.sample(sample, rows), seed, first, count, purpose
      )
    return self.bijector.inverse(z)

  def draw_shared(
    self, seed: Seed, first: IntLike, count: int
  ) -> tuple[tf.Tensor, tf.Tensor]:
    """Draws from the prior, the same for all examples, with each example's likelihood.

    Args:
      seed: An int or a pair of int32.
      first: Number of the first draw.
      count: Number of draws.

    Returns:
      u with b(u) = z ~ p(z), float32 `[count, latent_dim]`; log p(x|z), nats,
      `[count, batch]`.
    """
    z = self.model.prior.sample(seed, first + tf.range(count))
    likelihood = self.model.likelihood_family
    log_likelihood = likelihood.log_prob_of_pairs(self.model.decode(z), self.x)
    return self.bijector.inverse(z), tf.transpose(log_likelihood)

  def log_densities(self, u: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """log f_0 and log (f_1 / f_0), nats, `[count, batch]`.

    Args:
      u: float32 `[count, batch, latent_dim]`.
    """
    z = self.bijector.forward(u)
    terms = bounds.evaluate_terms(
      self.x, z, self.base, self.prior, self.model.decode, analytic_kl=False
    )
    volume = self.bijector.forward_log_det_jacobian(u, event_ndims=1)
    log_ratio = terms.log_likelihood + (terms.log_prior - terms.log_q)
    return terms.log_q + volume, log_ratio


def constraining_bijector(
  prior: tfd.Distribution,
) -> tfb.Bijector:
  """b, from the reals to the support of p(z)."""
  bijector = prior.experimental_default_event_space_bijector()
  return tfb.Identity() if bijector is None else bijector
