"""Stochastic gradient variational Bayes (section 2.3).

    A (eq. 6):  (1/L) sum_l [ log p(x|z_l) + log p(z_l) - log q(z_l|x) ]
    B (eq. 7):  -KL(q(z|x) || p(z)) + (1/L) sum_l log p(x|z_l)

with z_l = g(eps_l, x). Both have the evidence lower bound as their mean; B has usually
less variance, since the KL is integrated and not sampled.

References:
  Kingma, Welling. Auto-encoding variational Bayes. arXiv:1312.6114.
"""

import keras
import tensorflow as tf

from aevb_tf.bounds.registered import register
from aevb_tf.bounds.terms import Terms


def sgvb_a(terms: Terms) -> tf.Tensor:
  """SGVB estimator A, eq. 6: `mean_l [log p(x, z_l) - log q(z_l|x)]`.

  Args:
    terms: `Terms` with log-densities `[L, batch]`, nats.

  Returns:
    The bound, nats per datum, `[batch]`.
  """
  log_weight = terms.log_likelihood + terms.log_prior - terms.log_q
  return tf.reduce_mean(log_weight, axis=0)


def sgvb_b(terms: Terms) -> tf.Tensor:
  """SGVB estimator B, eq. 7: `-KL(q(z|x) || p(z)) + mean_l log p(x|z_l)`.

  Lower variance than `sgvb_a`, since the KL is integrated, not sampled.

  Args:
    terms: `Terms` with `log_likelihood` `[L, batch]` and `kl` `[batch]`, nats.

  Returns:
    The bound, nats per datum, `[batch]`.

  Raises:
    ValueError: `terms.kl` is None: this posterior and prior have no analytic KL.
  """
  if terms.kl is None:
    raise ValueError(
      "SGVB-B needs an analytic KL; this posterior/prior pair has none. Use SGVB-A."
    )
  return tf.reduce_mean(terms.log_likelihood, axis=0) - terms.kl


_ESTIMATORS = {"A": sgvb_a, "B": sgvb_b}


@register("sgvb")
@keras.saving.register_keras_serializable(package="aevb_tf.bounds")
class SGVB:
  """The evidence lower bound by estimator A or B, with L samples of z.

  Args:
    estimator: `"A"` (eq. 6) or `"B"` (eq. 7).
    num_samples: L, samples of z for each datum. 1 is enough for minibatches of 100.

  Raises:
    ValueError: The estimator is unknown, or `num_samples` is not positive.
  """

  def __init__(self, estimator: str = "B", num_samples: int = 1):
    if estimator not in _ESTIMATORS:
      raise ValueError(f"estimator={estimator!r}: SGVB has the estimators 'A' and 'B'.")
    if (
      isinstance(num_samples, bool)
      or num_samples != int(num_samples)
      or num_samples < 1
    ):
      raise ValueError(f"num_samples={num_samples!r} has to be a positive integer.")
    self.estimator = estimator
    self.num_samples = int(num_samples)

  @property
  def needs_analytic_kl(self) -> bool:
    """Whether a posterior and prior without a closed-form KL are refused."""
    return self.estimator == "B"

  def __call__(self, terms: Terms) -> tf.Tensor:
    """The bound, nats per datum, `[batch]`."""
    return _ESTIMATORS[self.estimator](terms)

  def get_config(self):
    return {"estimator": self.estimator, "num_samples": self.num_samples}

  @classmethod
  def from_config(cls, config):
    return cls(**config)
