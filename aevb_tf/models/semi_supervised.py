"""Semi-supervised learning: M2 of Kingma et al. (2014), with a label y of some examples.

    y ~ p(y),   z ~ p(z),   x ~ p(x|z, y) = decoder
    q(z|x, y) = encoder,   q(y|x) = classifier

With B(x, y) a bound on log p(x|y), any of `aevb_tf.bounds`, the bound of an example is

    labelled      L(x, y) = B(x, y) + log p(y)                      on log p(x, y)
    not labelled  U(x) = sum_y q(y|x) L(x, y) + H(q(y|x))           on log p(x)

The sum over y is exact: the batch is repeated C times, once for each class, with the
same noise of z, and all C * batch rows are decoded in one call. L(x, y) does not train
the classifier, so labelled examples also have the objective (eq. 9)

    alpha / f log q(y|x),   f = N_l / N the share of the examples that have a label.

The mean over all N examples is then that of the bounds, and alpha times the mean of
log q(y|x) over the N_l labelled examples. The alpha of the paper, which sums the bounds
of all examples, is N times this one: its 0.1 N is `alpha=0.1`. In fewer epochs than the
paper's thousands, the classifier learns too little from that; the default is larger.

References:
  Kingma, Rezende, Mohamed, Welling. Semi-supervised learning with deep generative
    models. NeurIPS 2014.
"""

import contextlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from aevb_tf import (
  bounds,
  conditions,
  evidence,
  likelihoods,
  posteriors,
  priors,
  random,
)
from aevb_tf.checks import is_number
from aevb_tf.data import checks
from aevb_tf.models import parts
from aevb_tf.models.autoencoder import Autoencoder, ElboParts
from aevb_tf.models.generative import GenerativeModel
from aevb_tf.models.missing import MissingLike
from aevb_tf.models.vae import VAE, as_vae
from aevb_tf.random import Purpose
from aevb_tf.tables import Schema
from aevb_tf.types import BatchShape, Seed, TensorLike

# Marks an example that has no label.
_NO_LABEL = -1
# Keys of the config that a `VAE` does not have.
_OPTIONS = ("classifier", "labelled_fraction", "alpha", "class_probs")


class SemiSupervisedParts(NamedTuple):
  """`BoundParts`, and how well the classifier fits; `[batch]`."""

  bound: tf.Tensor  # with the objective of the classifier, nats
  elbo: tf.Tensor  # L(x, y) or U(x), without it and without weights, nats
  kl: tf.Tensor  # log_likelihood - elbo: of z, and of y, nats
  log_likelihood: tf.Tensor  # nats
  class_log_prob: tf.Tensor  # log q(y|x), nats; NaN without a label
  accuracy: tf.Tensor  # 1 if y is the most probable class, else 0; NaN without a label


class _LabelledMean(keras.metrics.Mean):
  """The mean over the values that are not NaN; NaN if there are none."""

  def update_state(self, values, sample_weight=None):
    has_label = ~tf.math.is_nan(values)
    weights = tf.cast(has_label, tf.float32)
    if sample_weight is not None:
      weights *= tf.cast(sample_weight, tf.float32)
    return super().update_state(tf.where(has_label, values, 0.0), weights)

  def result(self):
    return keras.ops.divide(self.total, self.count)


@keras.saving.register_keras_serializable(package="aevb_tf")
class SemiSupervisedVAE(Autoencoder, GenerativeModel):
  """A conditional VAE whose condition is a class, known for some of the examples.

  `fit(x, y)` takes classes y, and -1 (or None, or NaN) for examples without one. So do
  data sets of `(x, y)`; `aevb_tf.data.SemiSupervisedDataset` has a fixed number of
  labelled examples in each batch, which trains better if labels are few.

  `classify(x)` returns q(y|x). The methods of a `VAE` take `condition=y`, and are then
  about p(x|y). Without it, `elbo(x)` and `log_marginal(x)` are about log p(x), and
  `reconstruct(x)` uses the most probable class.

  Metrics: `elbo`, `kl` and `log_likelihood`, nats per example, where those of labelled
  examples are about log p(x, y) and those of others about log p(x); and of labelled
  examples `class_log_prob`, the mean of log q(y|x), and `accuracy`.

  Args:
    encoder: (x, y) -> parameters of q(z|x, y); as in `VAE` with a condition.
    decoder: (z, y) -> parameters of p(x|z, y); as in `VAE` with a condition.
    classifier: x -> logits of q(y|x), `[batch, C]`: any `keras.Model`. Its last layer
      has no softmax.
    condition: The classes: their number, or their names.
    labelled_fraction: N_l / N, the share of the training examples that have a label: 1
      if all have. `SemiSupervisedDataset` has it as an attribute.
    alpha: Weight of the mean of log q(y|x) over the labelled examples, relative to the
      mean bound over all examples. The paper's 0.1 needs thousands of epochs.
    class_probs: p(y), `[C]`; None gives all classes the same probability.
    prior: As in `VAE`; `"conditional"` is p(z|y).
    bound: As in `VAE`: the bound on log p(x|y).
    dataset_size: As in `VAE`.
    parameter_prior_stddev: As in `VAE`; it also counts for the classifier.
    seed: As in `VAE`.
    posterior: As in `VAE`.
    likelihood: As in `VAE`.
    missing: As in `VAE`; the classifier then gets what the encoder gets.
    schema: As in `VAE`.

  Raises:
    ValueError: An argument is out of range, or the parts do not fit together; the
      message says which and why.
  """

  networks = (*Autoencoder.networks, "classifier")
  measures = (*Autoencoder.measures, "class_log_prob", "accuracy")
  maximized = (*Autoencoder.maximized, "class_log_prob", "accuracy")
  condition: conditions.Labels

  def __init__(
    self,
    encoder: keras.Model,
    decoder: keras.Model,
    classifier: keras.Model,
    condition: conditions.ConditionLike,
    labelled_fraction: float,
    alpha: float = 20.0,
    class_probs: TensorLike | None = None,
    prior: priors.PriorLike | None = None,
    bound: bounds.BoundLike | None = None,
    dataset_size: int | None = None,
    parameter_prior_stddev: float | None = None,
    seed: int | None = None,
    posterior: posteriors.PosteriorLike | None = None,
    likelihood: likelihoods.LikelihoodLike | None = None,
    missing: MissingLike = False,
    schema: Schema | Mapping[str, Any] | None = None,
    **kwargs: Any,
  ):
    super().__init__(
      dataset_size, parameter_prior_stddev, seed, missing, condition, schema, **kwargs
    )
    self.class_log_prob_tracker = _LabelledMean(name="class_log_prob")
    self.accuracy_tracker = _LabelledMean(name="accuracy")
    if not isinstance(self.condition, conditions.Labels):
      raise ValueError(
        f"condition={condition!r} must be the number of classes, or their names."
      )
    if not (is_number(labelled_fraction) and 0 < labelled_fraction <= 1):
      raise ValueError(
        f"labelled_fraction={labelled_fraction!r} must be the share of the training "
        "examples that have a label, above 0 and at most 1."
      )
    if not (is_number(alpha) and 0 <= alpha < np.inf):
      raise ValueError(f"alpha={alpha!r} must be a number, 0 or larger.")
    self.labelled_fraction, self.alpha = float(labelled_fraction), float(alpha)
    self.log_class_probs = self.condition.log_probs(class_probs)
    self.set_parts(encoder, decoder, prior, bound, posterior, likelihood)
    self.classifier = classifier
    parts.check_returns_logits(classifier, "classifier")

  def build(self, input_shape: BatchShape) -> None:
    if self.built:
      return
    seen = tuple(input_shape[1:])
    if self.missing:
      seen = self.missing.input_shape(seen)
    logits = parts.output_shape(self.classifier, keras.Input(seen))
    if logits != (self.condition.num_levels,):
      raise ValueError(
        f"The classifier {self.classifier.name} returns {logits} for one example: it "
        f"must return {self.condition.num_levels} logits, one for each class."
      )
    super().build(input_shape)

  # The condition.

  def given(
    self, condition: Any, num: int | tf.Tensor
  ) -> contextlib.AbstractContextManager[None]:
    """As in `VAE`, but the condition may be None: the error is where it is needed."""
    return (
      contextlib.nullcontext() if condition is None else super().given(condition, num)
    )

  def given_y(self, y: tf.Tensor | None) -> contextlib.AbstractContextManager[None]:
    # A label of -1 becomes a vector of zeros, see `_labels`.
    return contextlib.nullcontext() if y is None else super().given_y(y)

  def condition_or_error(self, y: Any) -> Any:
    """y, which may be None."""
    return y

  def as_y(self, y: Any) -> Any:
    """Codes of classes, int32 `[n]`, and -1 where there is no label; or None."""
    if y is None:
      return None
    y = checks.with_none(y)
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if y.ndim != 1:
      return self.condition.as_array(y)  # raises an error
    has_label = ~np.array([checks.is_unlabelled(value) for value in y.tolist()], bool)
    codes = np.full(len(y), _NO_LABEL, np.int32)
    if has_label.any():
      codes[has_label] = self.condition.as_array(y[has_label])
    return codes

  def _values_of_y(self, y):
    values = super()._values_of_y(y)
    if values.dtype.is_floating:
      values = tf.where(
        tf.math.is_nan(values), tf.cast(_NO_LABEL, values.dtype), values
      )
    return values

  def valid_conditions(self, values: tf.Tensor) -> tf.Tensor:
    return super().valid_conditions(values) | (
      values == tf.cast(_NO_LABEL, values.dtype)
    )

  def batch_error(self, what: str) -> str:
    error = super().batch_error(what)
    return (
      f"{error} Examples without a label have -1." if what == "condition" else error
    )

  def _labels(self, num: tf.Tensor) -> tf.Tensor:
    """One-hot labels of the batch, float32 `[num, C]`; zeros without a label."""
    labels = conditions.current(self)
    if labels is None:
      return tf.zeros([num, self.condition.num_levels])
    return labels

  # The classifier.

  def class_logits(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
    """Logits of q(y|x).

    Args:
      x: float32 `[batch, *event_shape]`.
      training: As in `call`.

    Returns:
      float32 `[batch, C]`.
    """
    if self.missing:
      x = self.missing.encoder_input(x)
    return tf.cast(self.classifier(x, training=training), tf.float32)

  def classify(
    self,
    x: TensorLike,
    class_probs: TensorLike | None = None,
    method: evidence.EstimatorLike | None = "classifier",
    num_samples: int | None = None,
    seed: Seed | None = None,
  ) -> tf.Tensor:
    """The probability of each class.

    Args:
      x: `[batch, *event_shape]`.
      class_probs: p(y) for Bayes' rule, `[C]`; None takes that of the model.
      method: "classifier" returns q(y|x). Others are those of `VAE.classify`, for Bayes'
        rule with the decoder: None uses the bound on log p(x|y), and a name, options or
        object of `aevb_tf.evidence` an estimate of it.
      num_samples: For Bayes' rule: samples for each example and class.
      seed: For Bayes' rule: an int or a pair of int32; None uses a random one.

    Returns:
      float32 `[batch, C]`; rows sum to 1.

    Raises:
      ValueError: `class_probs` is invalid, or given for the classifier.
    """
    if method != "classifier":
      if class_probs is None:
        class_probs = np.exp(self.log_class_probs)
      return super().classify(x, class_probs, method, num_samples, seed)
    if class_probs is not None:
      raise ValueError(
        "class_probs is for Bayes' rule: leave it out, or choose method=None, which uses "
        "the bound, or a method of aevb_tf.evidence."
      )
    x = self.as_data(x)
    if self._answers.apply():
      return self._answers(self._classified, x)
    return self._classified(x)

  def _classified(self, x):
    return tf.nn.softmax(self.class_logits(x))

  # Reconstructions and bounds.

  def _reconstructed(self, x, training=False):
    labels = self._labels(tf.shape(x)[0])
    best = tf.argmax(self.class_logits(x, training), axis=1)
    best = tf.one_hot(best, self.condition.num_levels)
    filled = tf.where(_has_label(labels)[:, tf.newaxis], labels, best)
    with conditions.given(self, filled):
      return super()._reconstructed(x, training)

  def elbo_parts(self, x: tf.Tensor, seed: tf.Tensor) -> ElboParts:
    seed = random.derive(seed, Purpose.ELBO)
    rows = tf.range(tf.shape(x)[0])
    if conditions.current(self) is None:
      return self.bound_parts(x, seed, rows, training=False)
    return super().bound_parts(x, seed, rows, training=False)

  def log_marginal(
    self,
    x: TensorLike,
    method: evidence.EstimatorLike | None = None,
    num_samples: int | None = None,
    seed: Seed | None = None,
    condition: Any = None,
  ) -> tf.Tensor:
    """Estimates log p(x|y), or log p(x) = log sum_y p(y) p(x|y).

    Args:
      x: `[batch, *event_shape]`, of any length.
      method: As in `VAE`.
      num_samples: Samples for each example, and for each class in the sum.
      seed: An int or a pair of int32; None uses a random one.
      condition: The class of each example, or one for all; None sums over the classes.

    Returns:
      float32 `[batch]`, nats.

    Raises:
      ValueError: As in `VAE`.
    """
    if condition is not None:
      return super().log_marginal(x, method, num_samples, seed, condition)
    seed = random.request_seed(seed)
    logs = [
      super(SemiSupervisedVAE, self).log_marginal(x, method, num_samples, seed, level)
      for level in self.condition.levels
    ]
    return tf.reduce_logsumexp(tf.stack(logs, axis=1) + self.log_class_probs, axis=1)

  def bound_parts(
    self,
    x: tf.Tensor,
    seed: tf.Tensor,
    rows: tf.Tensor,
    training: bool,
    targets: tf.Tensor | None = None,
  ) -> SemiSupervisedParts:
    num, count = tf.shape(x)[0], self.condition.num_levels
    labels = self._labels(num)
    has_label = _has_label(labels)
    log_q = tf.nn.log_softmax(self.class_logits(x, training))
    # Row y * batch + i of the repeated batch is example i in class y.
    with conditions.given(self, tf.repeat(tf.eye(count), num, axis=0)):
      repeated = tf.tile(x, [count, *[1] * (x.shape.rank - 1)])
      each = super().bound_parts(repeated, seed, tf.tile(rows, [count]), training)
    # A labelled example has all its weight on its class, and the entropy 0.
    weights = tf.where(has_label[:, tf.newaxis], labels, tf.exp(log_q))
    log_weights = tf.where(has_label[:, tf.newaxis], 0.0, log_q)
    class_kl = tf.reduce_sum(weights * (log_weights - self.log_class_probs), axis=1)

    def mean(values):
      values = tf.reshape(values, [count, num])
      return tf.reduce_sum(weights * tf.transpose(values), axis=1)

    class_log_prob = tf.reduce_sum(labels * log_q, axis=1)
    is_best = tf.argmax(labels, axis=1) == tf.argmax(log_q, axis=1)
    # `class_log_prob` is 0 without a label.
    objective = self.alpha / self.labelled_fraction * class_log_prob
    without = tf.fill([num], float("nan"))
    return SemiSupervisedParts(
      mean(each.bound) - class_kl + objective,
      mean(each.elbo) - class_kl,
      mean(each.kl) + class_kl,
      mean(each.log_likelihood),
      tf.where(has_label, class_log_prob, without),
      tf.where(has_label, tf.cast(is_best, tf.float32), without),
    )

  def network_rows(self) -> list[tuple[keras.Model, int]]:
    count = self.condition.num_levels
    parts = [(network, count * rows) for network, rows in super().network_rows()]
    return [*parts, (self.classifier, 1)]

  def to_vae(self) -> VAE:
    """Returns an independent `VAE` of p(x|y), with the condition y, which can be exported.

    Returns:
      A model that shares nothing with this one, and is not compiled. The classifier is
      a Keras model, which is exported by itself.

    Raises:
      ValueError: The model does not know the shape of its data yet.
    """
    self.check_built("to_vae")
    return as_vae(self, _OPTIONS)

  # Saving.

  def get_config(self):
    serialize = keras.saving.serialize_keras_object
    return {
      **super().get_config(),
      "classifier": serialize(self.classifier),
      "bound": serialize(self.bound),
      "labelled_fraction": self.labelled_fraction,
      "alpha": self.alpha,
      "class_probs": np.exp(np.float64(self.log_class_probs)).tolist(),
    }


def _has_label(labels):
  """Whether each row of one-hot labels has a one, boolean `[batch]`."""
  return tf.reduce_sum(labels, axis=1) > 0.0
