"""Full variational Bayes (App. F): a posterior over the generative parameters as well.

    log p(X) >= E_q(theta)[ sum_i bound(theta, phi; x_i) ] - KL(q(theta) || p(theta))
             ~  (1/L) sum_l N/M sum_i bound(theta_l, phi; x_i) - KL(q(theta) || p(theta))

    theta_l = mu + sigma * zeta_l,   p(theta) = N(0, s^2 I)

Any bound on log p(x_i) given theta can be used in the sum; the paper uses SGVB-B. One
theta_l is used for a whole minibatch. `loss` is minus the estimate, nats for the data
set.
"""

from typing import Any, NamedTuple

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf import bounds, conditions, likelihoods, posteriors, priors, random
from aevb_tf.bounds import minibatch_bound
from aevb_tf.checks import positive_int
from aevb_tf.models import steps
from aevb_tf.models.autoencoder import Autoencoder, BoundParts
from aevb_tf.models.generative import GenerativeModel
from aevb_tf.models.missing import MissingLike
from aevb_tf.models.vae import VAE, as_vae
from aevb_tf.models.weight_posterior import WeightPosterior
from aevb_tf.random import Purpose
from aevb_tf.types import Seed

# Keys of a model's config that a `VAE` does not have.
_OPTIONS = ("weight_prior_stddev", "initial_weight_stddev", "num_weight_samples")


class FullVBParts(NamedTuple):
  """`BoundParts`, and the KL of the weights; nats, `[batch]`."""

  bound: tf.Tensor  # given theta, mean over the draws of theta
  elbo: tf.Tensor
  kl: tf.Tensor
  log_likelihood: tf.Tensor
  weight_kl: tf.Tensor  # the same number in every row
  full_bound: tf.Tensor  # bound - weight_kl / N


@keras.saving.register_keras_serializable(package="aevb_tf")
class FullVB(Autoencoder, GenerativeModel):
  """A variational auto-encoder with a Gaussian posterior over its generative weights.

  theta is every trainable number of the decoder, of its likelihood and of a learned
  prior. The variables of the decoder are the means of q(theta), so the methods of a
  `VAE` (`decode`, `sample`, `reconstruct`, `elbo`, `log_marginal`) use the mean
  weights. `to_vae(seed)` returns the same model with weights drawn from q(theta).

  Metrics: `elbo`, `kl` and `log_likelihood` as those of a `VAE`, nats per example, with
  drawn weights in training and with the mean weights in evaluation; `weight_kl`, nats
  for the data set; `full_bound`, the bound above over N, always with drawn weights.
  `loss` is -N times that.

  Args:
    encoder: As in `VAE`.
    decoder: As in `VAE`.
    prior: As in `VAE`.
    bound: Name, options or object of `aevb_tf.bounds`: the bound given theta.
    dataset_size: N. Required: the KL of the weights counts once for N examples.
    weight_prior_stddev: s, the standard deviation of p(theta), 1 in the paper.
    initial_weight_stddev: sigma at the start of training.
    num_weight_samples: L, draws of theta for each minibatch, each with its own z.
    seed: As in `VAE`; also for the noise of the weights.
    posterior: As in `VAE`.
    likelihood: As in `VAE`.
    missing: As in `VAE`.
    condition: As in `VAE`.

  Raises:
    ValueError: There is no `dataset_size`, or the parts do not fit together.
  """

  measures = (*Autoencoder.measures, "weight_kl", "full_bound")
  maximized = (*Autoencoder.maximized, "full_bound")
  watched = {**Autoencoder.watched, "weight_kl": "KL of the weights"}

  def __init__(
    self,
    encoder: keras.Model,
    decoder: keras.Model,
    prior: priors.PriorLike | None = None,
    bound: bounds.BoundLike | None = None,
    dataset_size: int | None = None,
    weight_prior_stddev: float = 1.0,
    initial_weight_stddev: float = 0.01,
    num_weight_samples: int = 1,
    seed: int | None = None,
    posterior: posteriors.PosteriorLike | None = None,
    likelihood: likelihoods.LikelihoodLike | None = None,
    missing: MissingLike = False,
    condition: conditions.ConditionLike | None = None,
    **kwargs: Any,
  ):
    if dataset_size is None:
      raise ValueError(
        "FullVB needs dataset_size: the KL of the weights counts once for the data set. "
        "Pass dataset_size=N, the number of training examples."
      )
    self.weight_family = WeightPosterior(weight_prior_stddev, initial_weight_stddev)
    self.num_weight_samples = positive_int("num_weight_samples", num_weight_samples)
    super().__init__(
      dataset_size, seed=seed, missing=missing, condition=condition, **kwargs
    )
    self.set_parts(encoder, decoder, prior, bound, posterior, likelihood)

  def build(self, input_shape):
    if self.built:
      return
    super().build(input_shape)
    self.weight_family.build([tuple(v.shape) for v in self.generative_variables])

  @property
  def generative_variables(self) -> list[keras.Variable]:
    """The means of q(theta): variables of decoder, likelihood and prior."""
    owners = (self.decoder, self.likelihood_family, self.prior)
    variables = [v for owner in owners for v in owner.trainable_variables]
    return list({id(v): v for v in variables}.values())  # a decoder's likelihood, once

  def weight_posterior(self) -> dict[str, tfd.Distribution]:
    """q(theta), for each variable: path -> a distribution over its values.

    Returns:
      Dict of distributions with batch shape `[]` and their variable's event shape.

    Raises:
      ValueError: The model does not know the shape of its data yet.
    """
    self.check_built("weight_posterior")
    variables = self.generative_variables
    return {
      v.path: tfd.Independent(q, reinterpreted_batch_ndims=len(v.shape))
      for v, q in zip(
        variables, self.weight_family.distributions(variables), strict=True
      )
    }

  def weight_kl(self) -> tf.Tensor:
    """KL(q(theta) || p(theta)), a scalar, nats."""
    return self.weight_family.kl(self.generative_variables)

  def to_vae(self, seed: Seed | None = None) -> VAE:
    """Returns an independent `VAE` with one theta.

    Args:
      seed: An int or a pair of int32: theta is drawn from q(theta), the same for the
        same seed. None takes the mean.

    Returns:
      A model that shares nothing with this one, and is not compiled.

    Raises:
      ValueError: The model does not know the shape of its data yet.
    """
    self.check_built("to_vae")
    theta = self.generative_variables
    values = theta
    if seed is not None:
      values = self._draw_weights(random.derive(seed, Purpose.TO_VAE))
    drawn = {id(v): value for v, value in zip(theta, values, strict=True)}
    return as_vae(self, _OPTIONS, drawn)

  # The bound.

  def bound_parts(
    self,
    x: tf.Tensor,
    seed: tf.Tensor,
    rows: tf.Tensor,
    training: bool,
    targets: tf.Tensor | None = None,
  ) -> FullVBParts:
    draws = []
    self._collected: list[tf.Tensor] = []
    given = (x, targets)
    for i in range(self.num_weight_samples):
      draw_seed = random.derive(seed, Purpose.WEIGHT_DRAW, i)
      theta = self._draw_weights(random.derive(draw_seed, Purpose.WEIGHTS))
      draws.append(self._parts_at(theta, given, draw_seed, rows, training))
    parts = BoundParts(*(tf.add_n(p) / len(draws) for p in zip(*draws, strict=True)))
    reported = parts if training else self._parts_at([], given, seed, rows, training)
    weight_kl = tf.fill(tf.shape(rows), self.weight_kl())
    return FullVBParts(
      parts.bound,
      reported.elbo,
      reported.kl,
      reported.log_likelihood,
      weight_kl,
      parts.bound - weight_kl / self.dataset_size,
    )

  def layer_losses(self) -> list[tf.Tensor]:
    """Mean loss of the passes with drawn weights, and regularizers of the means."""
    collected = [loss / self.num_weight_samples for loss in self._collected]
    return [*self.losses, *collected]

  def minibatch_loss(
    self,
    parts: steps.Parts,
    weights: tf.Tensor | None,
    batch_size: tf.Tensor | None = None,
  ) -> tf.Tensor:
    bound = minibatch_bound(parts.bound, self.dataset_size, weights, batch_size)
    return self.weight_kl() - bound

  def _draw_weights(self, seed):
    return self.weight_family.sample(self.generative_variables, seed)

  def _parts_at(self, theta, given, seed, rows, training):
    """`BoundParts` of the model with these weights; for None, with the means."""
    x, targets = given
    state = list(zip(self.generative_variables, theta, strict=True)) if theta else []
    with keras.StatelessScope(state, collect_losses=True) as scope:
      parts = super().bound_parts(x, seed, rows, training, targets)
    if theta:
      self._collected += scope.losses
    # Values that a network updates without a gradient, such as moving averages, are
    # kept in the scope until they are assigned to the variables.
    for variable in self.non_trainable_variables:
      value = scope.get_current_value(variable)
      if value is not None:
        variable.assign(value)
    return parts

  # Saving.

  def get_config(self):
    config = super().get_config()
    del config["parameter_prior_stddev"]  # theta has its prior, phi needs none
    return {
      **config,
      "bound": keras.saving.serialize_keras_object(self.bound),
      "weight_prior_stddev": self.weight_family.prior_stddev,
      "initial_weight_stddev": self.weight_family.initial_stddev,
      "num_weight_samples": self.num_weight_samples,
    }
