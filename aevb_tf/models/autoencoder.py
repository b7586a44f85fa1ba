"""The methods of models with an encoder: q(z|x), reconstructions, terms of the bound.

q(z|x) = encoder,   z = g(eps, x)
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf import (
  bounds,
  conditions,
  evidence,
  imputation,
  likelihoods,
  posteriors,
  priors,
  random,
)
from aevb_tf.likelihoods.observed import observed_of
from aevb_tf.loops import conversion, xla
from aevb_tf.models import parts, steps
from aevb_tf.random import Purpose
from aevb_tf.tasks import diagnosis
from aevb_tf.types import BatchShape, Examples, Seed, TensorLike


class ElboParts(steps.Parts, Protocol):
  """What an `Autoencoder` reports: fields of `BoundParts`, and more."""

  @property
  def elbo(self) -> tf.Tensor: ...

  @property
  def kl(self) -> tf.Tensor: ...


class BoundParts(NamedTuple):
  """A bound, and the other reported values; nats per example, `[batch]`."""

  bound: tf.Tensor
  elbo: tf.Tensor
  kl: tf.Tensor
  log_likelihood: tf.Tensor


if TYPE_CHECKING:  # what an `Autoencoder` is mixed into
  from aevb_tf.models.generative import GenerativeModel as _Model
else:
  _Model = object


class Autoencoder(_Model):
  """The methods of a `GenerativeModel` that has an encoder and a bound.

  The model calls `set_parts` in its `__init__`.
  """

  networks: tuple[str, ...] = ("encoder", "decoder")
  measures: tuple[str, ...] = ("elbo", "kl", "log_likelihood")
  maximized: tuple[str, ...] = ("elbo", "log_likelihood")
  watched = {"log_likelihood": "log-likelihood", "kl": "KL", "bound": "bound"}

  def set_parts(
    self,
    encoder: keras.Model,
    decoder: keras.Model,
    prior: priors.PriorLike | None,
    bound: bounds.BoundLike | None,
    posterior: posteriors.PosteriorLike | None,
    likelihood: likelihoods.LikelihoodLike | None,
  ) -> None:
    """Sets the networks and families, and checks that they fit together.

    Args:
      encoder: x -> parameters of q(z|x).
      decoder: z -> parameters of p(x|z).
      prior: As in `VAE`.
      bound: As in `VAE`.
      posterior: For an encoder that does not name its own.
      likelihood: For a decoder that does not name its own.

    Raises:
      ValueError: They do not fit together; the message says which and why.
    """
    # The order of the variables: the encoder's, the decoder's, then the families'.
    self.encoder, self.decoder = encoder, decoder
    self.posterior_family = parts.posterior_of(encoder, posterior)
    self._own_posterior = posterior is None
    self.set_generator(decoder, prior, likelihood)
    self.bound = bounds.get("sgvb" if bound is None else bound)
    self._analytic_kl = bounds.has_analytic_kl(self.posterior_family, self.prior)
    parts.check_support(self.posterior_family, self.prior)
    self.bound.check(self.posterior_family, self.prior)

  def build(self, input_shape: BatchShape) -> None:
    """Creates all variables, for data of `input_shape` `(None, *event_shape)`."""
    if self.built:
      return
    event_shape = tuple(input_shape[1:])
    seen = event_shape
    if self.missing:
      self.missing.check(event_shape)
      seen = self.missing.input_shape(event_shape)
    params = parts.output_shape(self.encoder, self.network_input(seen))
    name = type(self.encoder).__name__
    latent_dim = parts.latent_dim_of(params, self.posterior_family, name)
    self.prior.connect(self.encode, self.posterior_family, event_shape)
    if not self.posterior_family.built:
      self.posterior_family.build((latent_dim,))
    self.build_generator(latent_dim, event_shape)

  # The distributions.

  def encode(
    self, x: TensorLike, training: bool = False, condition: Any = None
  ) -> tfd.Distribution:
    """q(z|x), or q(z|x, c): batch shape `[batch]`, event shape `[latent_dim]`.

    Args:
      x: `[batch, *event_shape]`.
      training: As in `call`.
      condition: c of each example, or one for all, if the model has a condition.
    """
    x = self.as_data(x)
    with self.given(condition, self.num_of(x)):
      if not training and self._answers.apply():
        params = self._answers(self._encoded, x)
      else:
        params = self._encoded(x, training)
    family = self.posterior_family
    make = family.from_parameters if _in_steps(family) else family.distribution
    return make(*params)

  def posterior_params(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
    """The parameters of q(z|x), as the posterior takes them, float32 `[batch, P]`.

    Args:
      x: float32 `[batch, *event_shape]`.
      training: As in `call`.
    """
    output = self.encoder(self._encoder_input(x), training=training)
    return parts.parameters(output, self.posterior_family)

  def hidden_features(self, x: tf.Tensor) -> tf.Tensor:
    """What the last layer of the encoder gets, float32 `[batch, n]`.

    Args:
      x: float32 `[batch, *event_shape]`.

    Raises:
      ValueError: The encoder has no method `hidden_features`.
    """
    if not hasattr(self.encoder, "hidden_features"):
      raise ValueError(
        f"The encoder, a {type(self.encoder).__name__}, has no `hidden_features(x)`: "
        "define this method, which returns what its last layer gets, [batch, n]."
      )
    features = self.encoder.hidden_features(self._encoder_input(x))
    return tf.cast(features, tf.float32)

  def _encoder_input(self, x):
    if self.missing:
      x = self.missing.encoder_input(x)
    return self.with_condition(x)

  def _encoded(self, x, training=False):
    output = self.posterior_params(x, training)
    family = self.posterior_family
    return family.parameters(output) if _in_steps(family) else (output,)

  # Reconstructions and bounds.

  def call(self, x, training=False):
    """The reconstruction of `x`: the mean of p(x|z) at the mean of q(z|x).

    Args:
      x: `[batch, *event_shape]`; a model with a condition takes `(x, c)`.
      training: Whether layers such as dropout are in training mode.
    """
    x, condition = self.split_inputs(x)
    x = self.as_data(x)
    with self.given(condition, self.num_of(x)):
      if not training and self._answers.apply():
        return self._answers(self._reconstructed, x)
      return self._reconstructed(x, training)

  def _reconstructed(self, x, training=False):
    z = self.posterior_family.point_estimate(self.encode(x, training))
    return self.point_estimate(self.decode(z, training))

  def elbo(
    self, x: TensorLike, seed: Seed | None = None, condition: Any = None
  ) -> tf.Tensor:
    """The evidence lower bound of each example, with the model's L samples of z.

    Args:
      x: `[batch, *event_shape]`.
      seed: An int or a pair of int32; None uses a random one.
      condition: c of each example, or one for all, if the model has a condition.

    Returns:
      float32 `[batch]`, nats.

    Raises:
      ValueError: A target is outside the likelihood's support; in a graph TensorFlow
        raises an `InvalidArgumentError` when the graph runs.
    """
    x, seed = self.as_data(x), random.request_seed(seed)
    with self.given(condition, self.num_of(x)):
      if not tf.executing_eagerly():
        in_support = tf.debugging.Assert(self.in_support(x), [self.refusal_of_batch()])
        with tf.control_dependencies([in_support]):
          return self.elbo_parts(x, seed).elbo
      parts_and_support = self._elbo_and_support
      if self._answers.apply():
        elbo, in_support = self._answers(parts_and_support, x, seed)
      else:
        elbo, in_support = parts_and_support(x, seed)
    if not in_support:
      self.likelihood_family.check_targets(x)  # raises an error with the reason
    return elbo

  def _elbo_and_support(self, x, seed):
    return self.elbo_parts(x, seed).elbo, self.in_support(x)

  def elbo_parts(self, x: tf.Tensor, seed: tf.Tensor) -> ElboParts:
    """The parts of `elbo`, without a check of the data's support.

    Args:
      x: float32 `[batch, *event_shape]`.
      seed: int32 `[2]`, as for `elbo`.

    Returns:
      `BoundParts`, nats, `[batch]`.
    """
    seed = random.derive(seed, Purpose.ELBO)
    return self.bound_parts(x, seed, tf.range(tf.shape(x)[0]), training=False)

  def kl_per_dimension(self, x: TensorLike, condition: Any = None) -> tf.Tensor:
    """KL(q(z_j|x) || p(z_j)) of each latent, if both are products over latents.

    Args:
      x: `[batch, *event_shape]`.
      condition: c of each example, or one for all, if the model has a condition.

    Returns:
      float32 `[batch, latent_dim]`, nats.

    Raises:
      ValueError: The posterior or the prior is not a product of independent latents.
    """
    if not self.has_kl_per_dimension:
      raise ValueError(
        f"The KL of a {type(self.posterior_family).__name__} posterior and a "
        f"{type(self.prior).__name__} prior is not a sum over latents."
      )
    x = self.as_data(x)
    with self.given(condition, self.num_of(x)):
      q, p = self.encode(x), self.prior.distribution()
      return tfd.kl_divergence(q.distribution, p.distribution)

  @property
  def has_kl_per_dimension(self) -> bool:
    """Whether the KL has a closed form that is a sum over latents."""
    factorized = self.posterior_family.factorized and self.prior.factorized
    return self._analytic_kl and factorized

  def impute(
    self,
    x: TensorLike,
    num_imputations: int = 1,
    method: imputation.ImputerLike = "importance",
    num_samples: int | None = None,
    seed: Seed | None = None,
    condition: Any = None,
  ) -> np.ndarray:
    """Fills in missing values, by what the model knows of p(x_mis|x_obs).

    Conditional samples of any values given any others are the same call: leave out
    those that are to be drawn.

    Args:
      x: `[n, *event_shape]`, NaN or a mask of `np.ma` where a value is missing. The model
        need not have been trained on incomplete examples.
      num_imputations: 1 fills in the estimate of E[x_mis|x_obs], or the most probable
        level of codes; m > 1 gives m draws from p(x_mis|x_obs).
      method: `"importance"`, `"gibbs"`, `"metropolis_within_gibbs"`, their options, or an
        object of `aevb_tf.imputation`.
      num_samples: Samples or steps for each example; None for the method's own number.
      seed: An int or a pair of int32; None uses a random one.
      condition: c of each example, or one for all, if the model has a condition.

    Returns:
      float32 `[n, *event_shape]`, or `[m, n, *event_shape]`; observed values are kept.

    Raises:
      ValueError: An argument is out of range, an observed value is outside the
        likelihood's support, or values that the likelihood scores together are partly
        missing, such as counts of a total; or it was called within a `tf.function`.

    Warns:
      ImputationWarning: The samples are too few, or the proposals are rejected.
    """
    if tf.inside_function():
      raise ValueError(
        "impute runs in many compiled calls, and cannot be part of a graph: call it "
        "eagerly."
      )
    self.check_encoded(x)
    x = conversion.numeric(x)
    if x.dtype == np.uint8:
      self.check_array(x)
    data = self.as_data(tf.cast(x, tf.float32))
    x = np.asarray(data)
    likelihood = observed_of(self.likelihood_family)
    likelihood.check_support(x)
    likelihood.check_whole(data)
    seed = random.request_seed(seed)
    return imputation.impute(
      self, x, num_imputations, method, num_samples, seed, condition
    )

  def classify(
    self,
    x: TensorLike,
    class_probs: TensorLike | None = None,
    method: evidence.EstimatorLike | None = None,
    num_samples: int | None = None,
    seed: Seed | None = None,
  ) -> tf.Tensor:
    """p(c|x) of each class, by Bayes' rule: p(x|c) p(c) / sum_c' p(x|c') p(c').

    log p(x|c) is estimated by the bound, or by a method of `aevb_tf.evidence`, with the
    same noise for all classes.

    Args:
      x: `[batch, *event_shape]`.
      class_probs: p(c), `[C]`, positive; None gives all classes the same probability.
      method: Name, options or object of `aevb_tf.evidence`; None uses the bound.
      num_samples: Samples for each example and class, of a method by name; None uses the
        method's own number.
      seed: An int or a pair of int32; None uses a random one.

    Returns:
      float32 `[batch, C]`; rows sum to 1.

    Raises:
      ValueError: The condition of the model is not a label, or `class_probs` is invalid.
    """
    labels = self.condition
    if not isinstance(labels, conditions.Labels):
      raise ValueError(
        "`classify` needs a model whose condition is a class, such as condition=10. To "
        "predict a column of a table, model it, and call `impute`."
      )
    log_probs = labels.log_probs(class_probs)
    if method is None and num_samples is not None:
      raise ValueError(
        f"num_samples={num_samples!r} is for a method: pass method='importance', too."
      )
    seed = random.request_seed(seed)

    def log_likelihood(level):
      if method is None:
        return self.elbo(x, seed, condition=level)
      return self.log_marginal(x, method, num_samples, seed, condition=level)

    logs = tf.stack([log_likelihood(level) for level in labels.levels], axis=1)
    return tf.nn.softmax(logs + log_probs)

  def diagnose(
    self,
    x_train: Examples,
    x_test: Examples,
    num_examples: int = 1000,
    num_refined: int = 32,
    checks: Sequence[str] = diagnosis.CHECKS,
    seed: Seed | None = None,
    condition_train: Any = None,
    condition_test: Any = None,
    batch_size: int | None = None,
  ) -> diagnosis.Diagnosis:
    """Looks for what is wrong with the trained model: `aevb_tf.tasks.diagnose`.

    Overfitting, collapse, holes in the aggregate posterior, calibration of p(x|z), noise
    of the gradient, gaps of the bound. Each finding says what to try.

    Args:
      x_train: Examples of training, `[n, *event_shape]`; or batches `x` or `(x, y)`, such
        as the result of `aevb_tf.data.load`.
      x_test: Examples that were not trained on, in the same form.
      num_examples: Largest number of examples of each.
      num_refined: Number of test examples for the check `gaps`, which takes longest.
      checks: Names of the checks to run; by default all.
      seed: An int or a pair of int32; None uses a random one.
      condition_train: c of the training examples, if the model has a condition; None takes
        the y of the batches.
      condition_test: c of the test examples.
      batch_size: Examples at once; None chooses one that fits into memory.

    Returns:
      A `Diagnosis`: `print` it, or `save` it.

    Raises:
      ValueError: An argument is out of range, or the examples do not fit the model.
    """
    return diagnosis.diagnose(
      self,
      x_train,
      x_test,
      num_examples,
      num_refined,
      checks,
      seed,
      condition_train,
      condition_test,
      batch_size,
    )

  # The bound.

  def terms(
    self,
    x: tf.Tensor,
    seed: tf.Tensor,
    rows: tf.Tensor,
    training: bool = False,
    targets: tf.Tensor | None = None,
  ) -> bounds.Terms:
    """The log-densities of the bound, at its samples of z; see `bounds.Terms`.

    Args:
      x: float32 `[batch, *event_shape]`.
      seed: int32 `[2]`.
      rows: int32 `[batch]`: the noise of example i depends on (seed, rows[i]) alone.
      training: As in `call`.
      targets: float32 `[batch, *event_shape]`, scored by the likelihood instead of x.
    """
    q = self.encode(x, training)
    noise = self.posterior_family.noise(seed, rows, self.bound.num_draws)
    z = self.posterior_family.sample(q, noise)
    return bounds.evaluate_terms(
      x if targets is None else targets,
      z,
      q,
      self.prior.distribution(),
      lambda flat_z: self.decode(flat_z, training),
      self._analytic_kl,
      detached=self.bound.detached,
      slope=self.bound.needs_slope,
    )

  def bound_parts(
    self,
    x: tf.Tensor,
    seed: tf.Tensor,
    rows: tf.Tensor,
    training: bool,
    targets: tf.Tensor | None = None,
  ) -> ElboParts:
    terms = self.terms(x, seed, rows, training, targets)
    log_likelihood = tf.reduce_mean(terms.log_likelihood, axis=0)
    kl = terms.kl
    if kl is None:
      kl = tf.reduce_mean(terms.log_q - terms.log_prior, axis=0)
    # The bound may weight its terms; `elbo` is reported without weights.
    optimizer = getattr(self, "optimizer", None)
    step = 0 if optimizer is None else optimizer.iterations
    bound = self.bound(terms, step, training)
    return BoundParts(bound, log_likelihood - kl, kl, log_likelihood)

  def xla_pays(self, num_examples: int) -> bool:
    if not self.built:
      return False
    # A likelihood's own weights, such as the dispersions of counts, change nothing.
    own = {id(w) for w in self.likelihood_family.trainable_weights}
    others = (w for w in self.trainable_weights if id(w) not in own)
    num_weights = sum(math.prod(w.shape) for w in others)
    return xla.pays(self.network_rows(), num_weights, num_examples)

  def network_rows(self) -> list[tuple[keras.Model, int]]:
    """The networks, and the rows that each computes for one example in training."""
    return [(self.encoder, 1), (self.decoder, self.bound.num_draws)]

  # Saving.

  def get_config(self):
    serialize = keras.saving.serialize_keras_object
    return {
      **super().get_config(),
      "encoder": serialize(self.encoder),
      "posterior": None if self._own_posterior else serialize(self.posterior_family),
    }


def _in_steps(family):
  """Whether a posterior uses the two-step `distribution` of the base class."""
  return type(family).distribution is posteriors.Posterior.distribution
