"""Stochastic gradient variational Bayes (section 2.3).

    A (eq. 6):  (1/L) sum_l [ log p(x|z_l) + log p(z_l) - log q(z_l|x) ]
    B (eq. 7):  -KL(q(z|x) || p(z)) + (1/L) sum_l log p(x|z_l)

with z_l = g(eps_l, x). The mean of both is the evidence lower bound. B usually has less
variance, since the KL is integrated, not sampled. With `kl_weight` or `free_bits` the
KL counts more or less than in the bound: see `kl_weight.py`.

References:
  Kingma, Welling. Auto-encoding variational Bayes. arXiv:1312.6114.
"""

from typing import Literal, TypeAlias

import tensorflow as tf

from aevb_tf.bounds import kl_weight as kl_weights
from aevb_tf.bounds.base import Bound, describe, registry
from aevb_tf.bounds.terms import Terms
from aevb_tf.checks import positive_int
from aevb_tf.posteriors import Posterior
from aevb_tf.priors import Prior
from aevb_tf.types import IntLike


def sgvb_a(terms: Terms) -> tf.Tensor:
  """SGVB estimator A, eq. 6: `mean_l [log p(x, z_l) - log q(z_l|x)]`.

  Args:
    terms: `Terms` with log-densities `[L, batch]`, nats.

  Returns:
    The bound, nats per example, `[batch]`.
  """
  return tf.reduce_mean(terms.log_weight, axis=0)


def sgvb_b(terms: Terms) -> tf.Tensor:
  """SGVB estimator B, eq. 7: `-KL(q(z|x) || p(z)) + mean_l log p(x|z_l)`.

  The variance is usually lower than that of `sgvb_a`, since the KL is integrated, not
  sampled.

  Args:
    terms: `Terms` with `log_likelihood` `[L, batch]` and `kl` `[batch]`, nats.

  Returns:
    The bound, nats per example, `[batch]`.

  Raises:
    ValueError: `terms.kl` is None: this posterior and prior have no analytic KL.
  """
  if terms.kl is None:
    raise ValueError(
      "SGVB-B needs an analytic KL; this posterior/prior pair has none. Use SGVB-A."
    )
  return tf.reduce_mean(terms.log_likelihood, axis=0) - terms.kl


Estimator: TypeAlias = Literal["A", "B"]
_ESTIMATORS = {"A": sgvb_a, "B": sgvb_b}


@registry.register("sgvb", package="aevb_tf.bounds")
class SGVB(Bound):
  """The evidence lower bound by estimator A or B, with L samples of z.

  Args:
    estimator: `"A"` (eq. 6) or `"B"` (eq. 7).
    num_samples: L, samples of z for each example. 1 is enough for minibatches of 100.
    kl_weight: Factor of the KL: a number, or a schedule over the updates.
    free_bits: Nats of KL that are not penalized, for each latent of each example. Needs
      estimator B and a KL that is a sum over latents.

  Raises:
    ValueError: The estimator is unknown, `num_samples` is not positive, a weight is
      negative, or `free_bits` is used with estimator A.
  """

  def __init__(
    self,
    estimator: Estimator = "B",
    num_samples: int = 1,
    kl_weight: kl_weights.KLWeight = 1.0,
    free_bits: float = 0.0,
  ):
    if estimator not in _ESTIMATORS:
      raise ValueError(f"estimator={estimator!r}: use 'A' or 'B'.")
    if not free_bits >= 0 or (free_bits and estimator == "A"):
      raise ValueError(
        f"free_bits={free_bits!r} with estimator={estimator!r}: use nats >= 0, and "
        "estimator 'B', which has the KL of each latent."
      )
    self.estimator = estimator
    self.num_samples = positive_int("num_samples", num_samples)
    self.kl_weight = kl_weights.get(kl_weight)
    self.free_bits = float(free_bits)

  @property
  def needs_analytic_kl(self) -> bool:  # type: ignore[override]
    return self.estimator == "B"

  def check(self, posterior: Posterior, prior: Prior) -> None:
    super().check(posterior, prior)
    if self.free_bits and not (posterior.factorized and prior.factorized):
      raise ValueError(
        f"free_bits needs a KL that is a sum over latents; the KL of the posterior "
        f"{describe(posterior)} to the prior {describe(prior)} is not. Leave out "
        "free_bits, or use a kl_weight."
      )

  def __call__(
    self, terms: Terms, step: IntLike = 0, training: bool = False
  ) -> tf.Tensor:
    """The bound, nats per example, `[batch]`."""
    bound = _ESTIMATORS[self.estimator](terms)
    if self.kl_weight == 1.0 and not self.free_bits:
      return bound
    weight = kl_weights.weight_at(self.kl_weight, step)
    return tf.reduce_mean(terms.log_likelihood, axis=0) - weight * self._kl(terms)

  def _kl(self, terms):
    if self.estimator == "A":
      return tf.reduce_mean(terms.log_q - terms.log_prior, axis=0)
    if self.free_bits:
      return tf.reduce_sum(tf.maximum(terms.kl_per_latent, self.free_bits), axis=-1)
    return terms.kl

  def __str__(self):
    return f"SGVB-{self.estimator}"

  def get_config(self):
    return {
      "estimator": self.estimator,
      **super().get_config(),
      "kl_weight": kl_weights.serialize(self.kl_weight),
      "free_bits": self.free_bits,
    }
