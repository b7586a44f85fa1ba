"""Scores by the density of an example, which fail where simple examples are likely.

A density is not a measure of how normal an example is: an image with few strokes, or
with little contrast, has a higher density than most training images, although none of
them looks like it (Nalisnick et al. 2019). `typicality` and `likelihood_ratio` address
this; scores of latents do not suffer from it.

References:
  Nalisnick, Matsukawa, Teh, Gorur, Lakshminarayanan. Do deep generative models know what
    they don't know? ICLR 2019.
  Nalisnick, Matsukawa, Teh, Lakshminarayanan. Detecting out-of-distribution inputs to
    deep generative models using typicality. arXiv:1906.02994.
  Ren et al. Likelihood ratios for out-of-distribution detection. NeurIPS 2019.
  Xiao, Yan, Amit. Likelihood regret: an out-of-distribution detection score for
    variational auto-encoder. NeurIPS 2020.
"""

from typing import Any

import keras
import tensorflow as tf

from aevb_tf import random
from aevb_tf.checks import positive_int
from aevb_tf.evidence import log_mean
from aevb_tf.evidence.importance import add_samples
from aevb_tf.protocols import ModelOfExamples
from aevb_tf.random import Purpose
from aevb_tf.tasks import refinement
from aevb_tf.tasks.scores.base import Run, Score, register

_CHUNK_SIZE = 10


def _elbo(model, x, seed, rows):
  seed = random.derive(seed, Purpose.ELBO)
  return model.bound_parts(x, seed, rows, training=False).elbo


@register("elbo")
class Elbo(Score):
  """Minus the evidence lower bound, nats.

  It fails for examples that are simpler than the normal ones: with digit 1 held out of
  MNIST, ones have a higher bound than the digits of training.
  """

  def scores(
    self, model: ModelOfExamples, x: tf.Tensor, seed: tf.Tensor, rows: tf.Tensor
  ) -> tf.Tensor:
    return -_elbo(model, x, seed, rows)

  def of_features(
    self, model: ModelOfExamples, x: tf.Tensor, seed: tf.Tensor, rows: tf.Tensor
  ) -> tf.Tensor:
    """Minus log p(x_d|z) at the point estimate of z, without the KL."""
    z = model.posterior_family.point_estimate(model.encode(x))
    family = model.likelihood_family
    return -family.log_prob_of_each(model.decode(z), x)


@register("log_marginal")
class LogMarginal(Score):
  """Minus log p(x) by importance sampling, nats; it fails where `elbo` does.

  Args:
    num_samples: Samples of z for each example.
  """

  def __init__(self, num_samples: int = 100, **kwargs: Any):
    super().__init__(**kwargs)
    self.num_samples = positive_int("num_samples", num_samples)

  def scores(
    self, model: ModelOfExamples, x: tf.Tensor, seed: tf.Tensor, rows: tf.Tensor
  ) -> tf.Tensor:
    sums = add_samples(
      model,
      log_mean.empty(tf.shape(x)[0]),
      x,
      random.derive(seed, Purpose.EVIDENCE),
      rows,
      tf.constant([0, self.num_samples]),
      min(self.num_samples, _CHUNK_SIZE),
    )
    return -sums.log_mean(self.num_samples)

  def get_config(self):
    return {**super().get_config(), "num_samples": self.num_samples}


@register("typicality")
class Typicality(Score):
  """|elbo(x) - the mean over normal examples|, nats.

  Examples that are too simple are strange, too. It fails for examples whose bound is
  close to the mean by accident, and needs normal examples, in `fit`.
  """

  needs_fit = True

  def __init__(self, **kwargs: Any):
    super().__init__(**kwargs)
    self.mean_elbo = self.add_weight(
      shape=(), initializer="zeros", trainable=False, name="mean_elbo"
    )

  def fit(self, model: ModelOfExamples, run: Run, seed: int) -> None:
    self.mean_elbo.assign(run(_elbo).mean())

  def scores(
    self, model: ModelOfExamples, x: tf.Tensor, seed: tf.Tensor, rows: tf.Tensor
  ) -> tf.Tensor:
    return tf.abs(_elbo(model, x, seed, rows) - self.mean_elbo)


@register("likelihood_regret")
class LikelihoodRegret(Score):
  """By how much the bound rises if q(z|x) is optimized for the example, nats.

  The encoder is right for what it was trained on, so the rise is large for others. It
  costs `num_steps` passes through the decoder for each example. It fails if the encoder
  is far from optimal for normal examples.

  Args:
    num_steps: Steps of Adam on the parameters of q.
    learning_rate: Of Adam.
  """

  def __init__(self, num_steps: int = 50, learning_rate: float = 0.03, **kwargs: Any):
    super().__init__(**kwargs)
    self.num_steps = positive_int("num_steps", num_steps)
    if not learning_rate > 0:
      raise ValueError(f"learning_rate={learning_rate!r} must be positive.")
    self.learning_rate = float(learning_rate)

  def check(self, model: ModelOfExamples) -> None:
    refinement.check(model)

  def scores(
    self, model: ModelOfExamples, x: tf.Tensor, seed: tf.Tensor, rows: tf.Tensor
  ) -> tf.Tensor:
    before, after = refinement.refined_elbo(
      model, x, seed, rows, self.num_steps, self.learning_rate
    )
    return after - before

  def get_config(self):
    own = {"num_steps": self.num_steps, "learning_rate": self.learning_rate}
    return {**super().get_config(), **own}


@register("likelihood_ratio")
class LikelihoodRatio(Score):
  """elbo(x) of a background model minus elbo(x) of the model, nats.

  The background model is trained on perturbed examples, or on data of all kinds. What
  both find likely, such as an even background, cancels. It fails if the background model
  resembles the model too much, or too little.

  Args:
    background: A built model of the same kind of examples.
  """

  def __init__(self, background: keras.Model, **kwargs: Any):
    super().__init__(**kwargs)
    if not hasattr(background, "bound_parts"):
      raise ValueError(
        f"background={background!r} must be a model such as a VAE, trained on background "
        "data."
      )
    self.background = background

  def check(self, model: ModelOfExamples) -> None:
    shape = getattr(self.background, "event_shape", None)
    if shape != model.event_shape:
      raise ValueError(
        f"The background model is of examples of shape {shape}, and the model of "
        f"{model.event_shape}: they must be equal."
      )

  def scores(
    self, model: ModelOfExamples, x: tf.Tensor, seed: tf.Tensor, rows: tf.Tensor
  ) -> tf.Tensor:
    return _elbo(self.background, x, seed, rows) - _elbo(model, x, seed, rows)

  def get_config(self):
    background = keras.saving.serialize_keras_object(self.background)
    return {**super().get_config(), "background": background}

  @classmethod
  def from_config(cls, config):
    background = keras.saving.deserialize_keras_object(config["background"])
    return cls(**{**config, "background": background})
