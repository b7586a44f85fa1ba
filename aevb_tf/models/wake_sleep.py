"""Wake-sleep: the paper's comparator (section 5), two objectives that are not a bound.

    wake    z ~ q(z|x) of an example:          theta ascends  log p(x, z)
    sleep   (z, x) ~ p(z) p(x|z), a dream:     phi ascends    log q(z|x)

Gradients through the draws are stopped, so that z may be of any kind. The wake phase
ascends the evidence lower bound in theta. The sleep phase descends the reverse
divergence, KL(p(z|x) || q(z|x)), over dreamt x instead of the data.

theta and phi share no variables, so that one update of the sum of both objectives is
one update of each:  loss = -(N/M) sum_i [ log p(x_i, z_i) + log q(z'_i|x'_i) ], nats.

References:
  Hinton, Dayan, Frey, Neal. The wake-sleep algorithm for unsupervised neural networks.
  Science 268, 1995.
"""

from typing import Any, NamedTuple

import keras
import tensorflow as tf

from aevb_tf import bounds, conditions, likelihoods, posteriors, priors, random
from aevb_tf.checks import positive_int
from aevb_tf.models.autoencoder import Autoencoder
from aevb_tf.models.generative import GenerativeModel
from aevb_tf.models.missing import MissingLike
from aevb_tf.random import Purpose
from aevb_tf.types import Seed


class WakeSleepParts(NamedTuple):
  """`BoundParts`, and the sleep phase's objective; nats per example, `[batch]`."""

  bound: tf.Tensor  # the sum of the two objectives, which is not a bound
  elbo: tf.Tensor
  kl: tf.Tensor
  log_likelihood: tf.Tensor
  sleep_log_q: tf.Tensor  # log q(z|x) of a dream


class _Wake(bounds.Bound):
  """The wake objective, `mean_l log p(x, z_l)`, with gradients through z stopped."""

  detached = True

  def __init__(self, num_samples: int):
    self.num_samples = positive_int("num_samples", num_samples)

  def __call__(self, terms, step=0, training=False):
    return tf.reduce_mean(terms.log_likelihood + terms.log_prior, axis=0)


@keras.saving.register_keras_serializable(package="aevb_tf")
class WakeSleep(Autoencoder, GenerativeModel):
  """Encoder, decoder and prior, trained by the wake-sleep algorithm.

  Takes the parts of a `VAE` and has its methods. Metrics: `elbo`, `kl` and
  `log_likelihood` as those of a `VAE`, for the same data and the same bound;
  `sleep_log_q`, nats for a dream.

  A dream is a draw from p(x|z), not its mean: with a Bernoulli likelihood it is binary
  even if the data are grey. The encoder is then trained on other images than those on
  which it is used, so binarized data suit this algorithm better.

  Args:
    encoder: As in `VAE`.
    decoder: As in `VAE`.
    prior: As in `VAE`; not one that uses the encoder.
    num_samples: L, draws of z for each example in the wake phase. There is one dream
      for each example.
    dataset_size: N, to scale both objectives to the data set.
    parameter_prior_stddev: Standard deviation of a Gaussian prior on all parameters
      (MAP); needs `dataset_size`.
    seed: As in `VAE`; also for the dreams.
    posterior: As in `VAE`.
    likelihood: As in `VAE`.
    missing: As in `VAE`.
    condition: As in `VAE`.

  Raises:
    ValueError: The parts do not fit together; the message says which and why.
  """

  measures = (*Autoencoder.measures, "sleep_log_q")
  maximized = (*Autoencoder.maximized, "sleep_log_q")
  watched = {**Autoencoder.watched, "sleep_log_q": "log q of the dreams"}

  def __init__(
    self,
    encoder: keras.Model,
    decoder: keras.Model,
    prior: priors.PriorLike | None = None,
    num_samples: int = 1,
    dataset_size: int | None = None,
    parameter_prior_stddev: float | None = None,
    seed: int | None = None,
    posterior: posteriors.PosteriorLike | None = None,
    likelihood: likelihoods.LikelihoodLike | None = None,
    missing: MissingLike = False,
    condition: conditions.ConditionLike | None = None,
    **kwargs: Any,
  ):
    super().__init__(
      dataset_size, parameter_prior_stddev, seed, missing, condition, **kwargs
    )
    wake = _Wake(num_samples)
    self.set_parts(encoder, decoder, prior, wake, posterior, likelihood)
    if self.prior.needs_encoder:
      raise ValueError(
        f"A {type(self.prior).__name__} uses the encoder, but wake-sleep alternates "
        "between two models that share no weights. Use prior='standard_normal' or "
        "'mixture'."
      )

  def dream(self, seed: Seed, rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """z ~ p(z) and x ~ p(x|z), with gradients through both stopped.

    Args:
      seed: An int or a pair of int32.
      rows: int32 `[n]`: dream i depends on (seed, rows[i]) alone.

    Returns:
      z, float32 `[n, latent_dim]`, and x, float32 `[n, *event_shape]`.
    """
    z, x = self.draw(seed, rows)
    return tf.stop_gradient(z), tf.stop_gradient(x)

  def bound_parts(
    self,
    x: tf.Tensor,
    seed: tf.Tensor,
    rows: tf.Tensor,
    training: bool,
    targets: tf.Tensor | None = None,
  ) -> WakeSleepParts:
    given = (x, seed, rows, training, targets)
    wake = super().bound_parts(*given)
    z, dreamt = self.dream(random.derive(seed, Purpose.DREAM), rows)
    sleep = self.encode(dreamt, training).log_prob(z)
    return WakeSleepParts(
      wake.bound + sleep, wake.elbo, wake.kl, wake.log_likelihood, sleep
    )

  # Saving.

  def get_config(self):
    return {**super().get_config(), "num_samples": self.bound.num_samples}
