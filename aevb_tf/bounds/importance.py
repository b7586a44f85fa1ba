"""Importance-weighted bounds, with K samples of z in one logarithm.

    log w_k = log p(x, z_k) - log q(z_k|x),   z_k ~ q(z|x)
    IWAE    E[ log (1/K) sum_k w_k ], which rises with K to log p(x)
    MIWAE   the mean of L such estimates of K samples each
    CIWAE   beta * ELBO + (1 - beta) * IWAE, on the same K samples
    PIWAE   the decoder's gradient from all L K samples in one IWAE bound, the
            encoder's from MIWAE

The KL is always sampled: with a closed-form KL the average would not be a bound.

The standard gradient of the encoder has a signal-to-noise ratio that falls with K. The
doubly reparameterized gradient (DReG) has the same mean, and its signal-to-noise ratio
does not fall. With w~_k = w_k / sum_j w_j it is

    sum_k w~_k^2  d log w_k / d z_k  d z_k / d phi.

References:
  Burda, Grosse, Salakhutdinov. Importance weighted autoencoders. arXiv:1509.00519.
  Rainforth et al. Tighter variational bounds are not necessarily better. ICML 2018.
  Tucker et al. Doubly reparameterized gradient estimators for Monte Carlo objectives.
  ICLR 2019.
"""

import math
from typing import Literal, TypeAlias, get_args

import tensorflow as tf

from aevb_tf.bounds.base import Bound, registry, with_gradient_of
from aevb_tf.bounds.sgvb import sgvb_a
from aevb_tf.bounds.terms import Terms
from aevb_tf.checks import positive_int
from aevb_tf.types import IntLike

Gradient: TypeAlias = Literal["standard", "doubly_reparameterized"]
_GRADIENTS = get_args(Gradient)


def importance_weighted(
  log_weight: tf.Tensor, num_importance_samples: int
) -> tf.Tensor:
  """`mean_l log (1/K) sum_k w_lk`.

  Args:
    log_weight: `[L * K, batch]`, nats; each group of K successive rows is one estimate.
    num_importance_samples: K.

  Returns:
    The bound, nats per example, `[batch]`.
  """
  k = num_importance_samples
  grouped = _grouped(log_weight, k)
  return tf.reduce_mean(tf.reduce_logsumexp(grouped, axis=1) - math.log(k), axis=0)


def normalized_weights(log_weight: tf.Tensor, num_importance_samples: int) -> tf.Tensor:
  """w~ = w_lk / sum_j w_lj, gradients stopped, `[L * K, batch]` as `log_weight`."""
  weights = tf.nn.softmax(_grouped(log_weight, num_importance_samples), axis=1)
  return tf.stop_gradient(tf.reshape(weights, tf.shape(log_weight)))


def _path(terms: Terms) -> tf.Tensor:
  """Returns `sum_j slope_j z_j`, `[L * K, batch]`, in which only z has a gradient.

  Raises:
    ValueError: The terms have no slope.
  """
  if terms.slope is None or terms.z is None:
    raise ValueError(
      "This gradient needs terms with a slope: "
      "`evaluate_terms(..., detached=True, slope=True)`."
    )
  return tf.reduce_sum(terms.slope * terms.z, axis=-1)


def _grouped(per_sample, k):
  shape = tf.concat([[-1, k], tf.shape(per_sample)[1:]], axis=0)
  return tf.reshape(per_sample, shape)


class _Estimates(Bound):
  """Base of the bounds with L estimates of K samples each; see the subclasses."""

  def __init__(self, num_importance_samples: int, num_samples: int):
    self.num_importance_samples = positive_int(
      "num_importance_samples", num_importance_samples
    )
    self.num_samples = positive_int("num_samples", num_samples)

  @property
  def num_draws(self) -> int:
    return self.num_samples * self.num_importance_samples

  def get_config(self):
    return {
      "num_importance_samples": self.num_importance_samples,
      **super().get_config(),
    }


@registry.register("importance_weighted", package="aevb_tf.bounds")
class ImportanceWeighted(_Estimates):
  """IWAE, or MIWAE if `num_samples` > 1.

  Args:
    num_importance_samples: K, samples within the logarithm.
    num_samples: L, estimates of K samples each for each example.
    gradient: Estimator of the encoder's gradient, `"standard"` or
      `"doubly_reparameterized"`.

  Raises:
    ValueError: K or L is not positive, or `gradient` is unknown.
  """

  def __init__(
    self,
    num_importance_samples: int = 5,
    num_samples: int = 1,
    gradient: Gradient = "standard",
  ):
    if gradient not in _GRADIENTS:
      raise ValueError(f"gradient={gradient!r}: use one of {', '.join(_GRADIENTS)}.")
    super().__init__(num_importance_samples, num_samples)
    self.gradient = gradient

  @property
  def detached(self) -> bool:  # type: ignore[override]
    return self.gradient == "doubly_reparameterized"

  @property
  def needs_slope(self) -> bool:  # type: ignore[override]
    return self.detached

  def __call__(
    self, terms: Terms, step: IntLike = 0, training: bool = False
  ) -> tf.Tensor:
    k = self.num_importance_samples
    bound = importance_weighted(terms.log_weight, k)
    if not self.detached:
      return bound
    weights = normalized_weights(terms.log_weight, k)
    log_joint = terms.log_likelihood + terms.log_prior
    along_path = weights**2 * _path(terms)
    surrogate = tf.reduce_sum(weights * log_joint + along_path, axis=0)
    return with_gradient_of(surrogate / self.num_samples, bound)

  def get_config(self):
    return {**super().get_config(), "gradient": self.gradient}


@registry.register("ciwae", package="aevb_tf.bounds")
class CIWAE(Bound):
  """The combination `beta * ELBO + (1 - beta) * IWAE` on the same K samples.

  Args:
    num_importance_samples: K.
    beta: Weight of the ELBO in [0, 1]: 0 gives IWAE, 1 the ELBO. The paper uses 0.05
      and 0.5.

  Raises:
    ValueError: K is not positive, or `beta` is outside [0, 1].
  """

  def __init__(self, num_importance_samples: int = 5, beta: float = 0.5):
    if not 0 <= beta <= 1:
      raise ValueError(f"beta={beta!r} must be in [0, 1].")
    self.num_samples = positive_int("num_importance_samples", num_importance_samples)
    self.beta = float(beta)

  def __call__(
    self, terms: Terms, step: IntLike = 0, training: bool = False
  ) -> tf.Tensor:
    tight = importance_weighted(terms.log_weight, self.num_samples)
    return self.beta * sgvb_a(terms) + (1.0 - self.beta) * tight

  def get_config(self):
    return {"num_importance_samples": self.num_samples, "beta": self.beta}


@registry.register("piwae", package="aevb_tf.bounds")
class PIWAE(_Estimates):
  """The decoder's gradient from IWAE with L K samples, the encoder's from MIWAE.

  The value is the IWAE bound, the tighter of the two. The gradient of the prior's
  weights is computed like the decoder's.

  Args:
    num_importance_samples: K.
    num_samples: L.

  Raises:
    ValueError: K or L is not positive.
  """

  detached, needs_slope = True, True

  def __init__(self, num_importance_samples: int = 5, num_samples: int = 5):
    super().__init__(num_importance_samples, num_samples)

  def __call__(
    self, terms: Terms, step: IntLike = 0, training: bool = False
  ) -> tf.Tensor:
    log_joint = terms.log_likelihood + terms.log_prior
    all_weights = normalized_weights(terms.log_weight, self.num_draws)
    weights = normalized_weights(terms.log_weight, self.num_importance_samples)
    # d log w_k / d phi: along the path of z_k, and of log q at stop_gradient(z_k).
    along_path = _path(terms) - terms.log_q
    decoder = tf.reduce_sum(all_weights * log_joint, axis=0)
    encoder = tf.reduce_sum(weights * along_path, axis=0) / self.num_samples
    bound = importance_weighted(terms.log_weight, self.num_draws)
    return with_gradient_of(decoder + encoder, bound)
