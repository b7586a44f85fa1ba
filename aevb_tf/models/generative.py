"""What a model has that generates data: z ~ p(z), x ~ p(x|z).

    p(x|z) = decoder,   p(z) = prior

All that needs no q(z|x) is here, for models with an encoder and without one: the two
distributions, samples, the evidence log p(x), and which data the model is of.
"""

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from aevb_tf import bounds, evidence, priors, random, shapes
from aevb_tf.loops import inputs
from aevb_tf.models import parts
from aevb_tf.models.answers import Answers
from aevb_tf.models.bound_model import BoundModel
from aevb_tf.random import Purpose

tfd = tfp.distributions


class _Complete(type(BoundModel)):
  """Builds a model when its constructor is through, where its decoder knows the shape.

  Not within the constructor: Keras lets nobody add layers to a model that is built, and
  a subclass adds its own behind `super().__init__(...)`.
  """

  def __call__(cls, *args, **kwargs):
    model = super().__call__(*args, **kwargs)
    if hasattr(model.decoder, "event_shape") and not model.built:
      model.build((None, *model.decoder.event_shape))
    return model


class GenerativeModel(BoundModel, metaclass=_Complete):
  """Base of the models with a decoder and a prior.

  A subclass calls `set_generator` in its `__init__`, and `build_generator` in `build`.
  Where the decoder knows the shape of the data, the model is built as soon as it is
  constructed; else by the first data that it sees.

  Attributes:
    networks: The constructor's arguments that are networks.
  """

  networks: tuple[str, ...] = ("decoder",)

  def set_generator(
    self, decoder: keras.Model, prior: Any = None, likelihood: Any = None
  ) -> None:
    """Takes the parts that generate data.

    Args:
      decoder: z -> parameters of p(x|z).
      prior: Name, options or object of `aevb_tf.priors`; None is the standard normal.
      likelihood: For a decoder that does not name its own.

    Raises:
      ValueError: Neither or both of decoder and likelihood say which likelihood it is.
    """
    self.decoder = decoder
    self.likelihood_family = parts.likelihood_of(decoder, likelihood)
    self.prior = priors.get("standard_normal" if prior is None else prior)
    self._own_likelihood = likelihood is None
    parts.check_last_activation(decoder, self.likelihood_family)
    self._answers = Answers(self)

  def build_generator(self, latent_dim: int, event_shape: tuple[int, ...]) -> None:
    """Creates the variables of prior, likelihood and decoder, in this order.

    A prior that needs an encoder has to be connected to it before.

    Args:
      latent_dim: Number of latents.
      event_shape: Shape of one datum.

    Raises:
      ValueError: The decoder does not give what its likelihood takes.
    """
    for family, shape in (
      (self.prior, (latent_dim,)),
      (self.likelihood_family, event_shape),
    ):
      if not family.built:
        family.build(shape)
    params = parts.output_shape(self.decoder, (latent_dim,))
    name = type(self.decoder).__name__
    parts.check_decoder_output(params, self.likelihood_family, event_shape, name)
    self.latent_dim, self.event_shape = latent_dim, event_shape
    self.built = True
    parts.freeze(self)

  # The distributions.

  def decode(self, z: Any, training: bool = False) -> tfd.Distribution:
    """p(x|z): batch shape `[batch]`, event shape `event_shape`.

    Args:
      z: `[batch, latent_dim]`.
      training: As in `call`.
    """
    self.check_built("decode")
    z = shapes.of_events(inputs.as_tensor(z, "z"), (self.latent_dim,), name="latents")
    if not training and self._answers.apply():
      params = self._answers(self._decoded, z)
    else:
      params = self._decoded(z, training)
    return self.likelihood_family.distribution(params)

  def _decoded(self, z, training=False):
    return self.decoder(z, training=training)

  def log_joint(
    self, x: tf.Tensor, z: tf.Tensor, training: bool = False
  ) -> tuple[tf.Tensor, tf.Tensor]:
    """log p(x|z_l) and log p(z_l), whose sum is log p(x, z_l).

    Args:
      x: float32 `[batch, *event_shape]`.
      z: float32 `[L, batch, latent_dim]`.
      training: As in `call`.

    Returns:
      Two of float32 `[L, batch]`, nats.
    """
    return bounds.log_joint(
      x, z, self.prior.distribution(), lambda flat_z: self.decode(flat_z, training)
    )

  # What a trained model answers.

  def sample(self, num: int, seed: Any = None, draw: bool = False) -> tf.Tensor:
    """Generates data: z ~ p(z), then the mean of p(x|z), or a draw from it.

    Args:
      num: How many.
      seed: An int or a pair of int32; equal seeds give equal z, and a longer request
        begins with the shorter one. None takes a fresh one.
      draw: Whether to draw x from p(x|z) in place of taking its mean.

    Returns:
      float32 `[n, *event_shape]`.

    Raises:
      ValueError: The model does not know the shape of its data yet, or `num` is negative.
      TypeError: `num` is not an integer.
    """
    self.check_built("sample")
    if not tf.is_tensor(num) or tf.executing_eagerly():
      num = tf.constant(inputs.as_count(num, "num", least=0), tf.int32)
    num, seed = tf.cast(num, tf.int32), random.request_seed(seed)
    sampled = self._sampled
    if self._answers.apply():
      return self._answers(sampled, num, seed, draw=bool(draw))
    return sampled(num, seed, bool(draw))

  def _sampled(self, num, seed, draw):
    rows = tf.range(num)
    if draw:
      return self.draw(seed, rows)[1]
    return self.decode(self.prior.sample(seed, rows)).mean()

  def draw(self, seed: Any, rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Draws z ~ p(z), then x ~ p(x|z).

    Args:
      seed: An int or a pair of int32.
      rows: int32 `[n]`: what row i is depends on (seed, rows[i]) alone.

    Returns:
      z, float32 `[n, latent_dim]`, and x, float32 `[n, *event_shape]`.
    """
    z = self.prior.sample(seed, rows)
    shape = self.event_shape
    noise = random.uniform(
      random.derive(seed, Purpose.X_GIVEN_Z), rows, math.prod(shape)
    )
    noise = tf.reshape(noise, (-1, *shape))
    return z, self.likelihood_family.quantile(self.decode(z), noise)

  def log_marginal(
    self,
    x: Any,
    method: Any = None,
    num_samples: int | None = None,
    seed: Any = None,
  ) -> tf.Tensor:
    """Estimates the evidence log p(x) of each datum.

    `aevb_tf.evidence.estimate` does so too, and says how far to trust it.

    Args:
      x: `[batch, *event_shape]`, of any length: memory does not grow with it.
      method: Name, options or object of `aevb_tf.evidence`; None takes `"importance"`,
        or `"annealed"` where there is no encoder to draw from.
      num_samples: Samples for each datum; None leaves the method's own number.
      seed: An int or a pair of int32; None takes a fresh one.

    Returns:
      float32 `[batch]`, nats.

    Raises:
      ValueError: An argument is impossible, the data do not fit the model, or the
        method needs an encoder and there is none.
    """
    if method is None:
      method = "importance" if hasattr(self, "encode") else "annealed"
    if tf.inside_function():
      raise ValueError(
        "log_marginal runs in many compiled calls, and cannot be part of a graph: call it "
        "eagerly, or export the model, whose log_marginal can."
      )
    seed = random.request_seed(seed)
    x = np.asarray(self.as_data(x))
    estimate = evidence.estimate(self, x, method, num_samples, seed)
    return tf.constant(estimate.log_marginal)

  # Which data the model is of.

  def as_data(self, x: Any) -> tf.Tensor:
    """`x` as the data of this model: the door of every path that takes data.

    Args:
      x: `[batch, *event_shape]`, numbers of any kind.

    Returns:
      float32 `[batch, *event_shape]`.

    Raises:
      ValueError: It has another shape; in a graph that does not know its shape, TensorFlow
        raises an `InvalidArgumentError` when the graph runs.
      TypeError: It is not an array of numbers.
    """
    x = inputs.as_tensor(x)
    if not self.built:
      if x.shape.rank is None or None in x.shape[1:]:
        raise ValueError(
          f"The model cannot be built for data of shape {x.shape}, which is not known: "
          "`build((None, *event_shape))` it first."
        )
      with tf.init_scope(), self._device_loop.lock:
        if not self.built:  # by another thread
          self.build((None, *x.shape[1:]))
    return shapes.of_events(x, self.event_shape)

  def check_data(self, x: np.ndarray) -> None:
    if self.built and tuple(x.shape[1:]) != tuple(self.event_shape):
      raise ValueError(shapes.message(x.shape[1:], self.event_shape))
    if x.dtype != np.uint8:  # these are scaled to [0, 1]: every likelihood takes them
      self.likelihood_family.check_targets(x)

  def in_support(self, x: tf.Tensor) -> tf.Tensor:
    return self.likelihood_family.in_support(x)

  def refusal(self, span: str) -> str:
    return self.likelihood_family.refusal(span)

  def check_built(self, what: str) -> None:
    """Raises a ValueError where the model does not know the shape of its data."""
    if not self.built:
      raise ValueError(
        f"`{what}` needs to know the shape of the data: call the model on data, `fit` "
        "it, or `build((None, *event_shape))` it first."
      )

  # Saving.

  def get_config(self):
    serialize = keras.saving.serialize_keras_object
    frozen = {name: parts.frozen_layers(getattr(self, name)) for name in self.networks}
    return {
      **super().get_config(),
      "decoder": serialize(self.decoder),
      "prior": serialize(self.prior),
      "likelihood": None if self._own_likelihood else serialize(self.likelihood_family),
      "dataset_size": self.dataset_size,
      "parameter_prior_stddev": self.parameter_prior_stddev,
      "seed": self.seed,
      **({"frozen": frozen} if any(frozen.values()) else {}),
    }

  @classmethod
  def from_config(cls, config, custom_objects=None):
    networks = {
      name: keras.saving.deserialize_keras_object(config[name], custom_objects)
      for name in cls.networks
    }
    config = {**config, **networks}
    # Keras keeps this of a network, but not of the layers within one of another class.
    for name, frozen in config.pop("frozen", {}).items():
      layers = parts.layers_of(networks[name])
      for i in frozen:
        layers[i].trainable = False
    return cls(**config)

  def get_build_config(self) -> dict[str, Any] | None:
    return {"input_shape": (None, *self.event_shape)} if self.built else None

  def export(self, filepath: Any, *args: Any, **kwargs: Any) -> None:
    """As `keras.Model.export`; the signature of the data is the model's own."""
    self.check_built("export")
    self(tf.zeros((1, *self.event_shape)))  # Keras exports what was called
    super().export(filepath, *args, **kwargs)
