"""The base of all models: z ~ p(z), x ~ p(x|z), trained by maximising a bound.

    p(x|z) = decoder,   p(z) = prior

It has everything that does not need q(z|x): the two distributions, samples, the
evidence log p(x), and the checks of data. `TrainedByBound` has the training. A subclass
defines `bound_parts`, the bound that is maximised.
"""

import inspect
import math
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf import bounds, conditions, evidence, likelihoods, priors, random, shapes
from aevb_tf.likelihoods.base import MISSING_ADVICE, not_finite
from aevb_tf.likelihoods.observed import Observed, complete_of
from aevb_tf.loops import conversion, inputs
from aevb_tf.models import missing as missing_values
from aevb_tf.models import parts, steps
from aevb_tf.models.answers import Answers
from aevb_tf.models.conditioned import Conditioned
from aevb_tf.models.trained_by_bound import TrainedByBound, warn_of_former_name
from aevb_tf.random import Purpose
from aevb_tf.representation import Represented
from aevb_tf.tables import Schema
from aevb_tf.types import Seed, TensorLike

_KerasMeta: Any = type(keras.Model)

# Levels of uint8 that a graph finds; elsewhere the error has the smallest and largest.
_BEYOND = "hold values out of range"


class _Complete(_KerasMeta):
  """Builds a model after its constructor, if its decoder knows the shape of the data.

  It is not built within the constructor, since Keras does not allow new layers in a
  built model, and a subclass adds its layers after `super().__init__(...)`.
  """

  @property
  def __signature__(cls) -> inspect.Signature:
    """What `help` shows: the arguments of the constructor."""
    signature = inspect.signature(cls.__init__)  # type: ignore[misc]
    arguments = list(signature.parameters.values())[1:]
    return signature.replace(parameters=arguments)

  def __call__(cls, *args, **kwargs):
    model = super().__call__(*args, **kwargs)
    if hasattr(model.decoder, "event_shape") and not model.built:
      model.build((None, *model.decoder.event_shape))
    return model


class GenerativeModel(
  Represented, Conditioned, TrainedByBound, keras.Model, metaclass=_Complete
):
  """Base of the models, which have a decoder and a prior.

  A subclass calls `set_generator` in its `__init__`, and `build_generator` in `build`.
  If the decoder knows the shape of the data, the model is built when it is constructed,
  otherwise on the first data.

  Attributes:
    networks: The constructor's arguments that are networks.

  Args:
    dataset_size: As in `TrainedByBound`.
    parameter_prior_stddev: As in `TrainedByBound`.
    seed: As in `TrainedByBound`.
    missing: Whether examples may have missing values, NaN; see `models.missing`.
    condition: What else is known of an example; see `aevb_tf.conditions`.
    schema: What the columns of x are, if examples are rows of a table, or its dict.
  """

  networks: tuple[str, ...] = ("decoder",)
  checked: tuple[str, ...] = ("targets",)

  def __init__(
    self,
    dataset_size: int | None = None,
    parameter_prior_stddev: float | None = None,
    seed: int | None = None,
    missing: missing_values.MissingLike = False,
    condition: conditions.ConditionLike | None = None,
    schema: Schema | Mapping[str, Any] | None = None,
    **kwargs: Any,
  ):
    self.condition = conditions.get(condition)
    if self.condition is not None:
      self.checked = (*self.checked, "condition")
    super().__init__(dataset_size, parameter_prior_stddev, seed, **kwargs)
    self.schema = Schema.from_dict(schema) if isinstance(schema, Mapping) else schema
    self.missing = missing_values.get(missing)
    if self.missing is not None:
      self.observed_tracker = keras.metrics.Mean(name="observed")

  def set_generator(
    self,
    decoder: keras.Model,
    prior: priors.PriorLike | None = None,
    likelihood: likelihoods.LikelihoodLike | None = None,
  ) -> None:
    """Sets the parts that generate data.

    Args:
      decoder: z -> parameters of p(x|z).
      prior: Name, options or object of `aevb_tf.priors`; None is the standard normal.
      likelihood: For a decoder that does not name its own.

    Raises:
      ValueError: Neither or both of `decoder` and `likelihood` define the likelihood.
    """
    self.decoder = decoder
    family = parts.likelihood_of(decoder, likelihood)
    parts.check_last_activation(decoder, family)
    self.likelihood_family = family if self.missing is None else Observed(family)
    self.prior = priors.get("standard_normal" if prior is None else prior)
    self._own_likelihood = likelihood is None
    self._answers = Answers(self)

  def build_generator(self, latent_dim: int, event_shape: tuple[int, ...]) -> None:
    """Creates the variables of prior, likelihood and decoder, in this order.

    A prior that needs an encoder must be connected to it before.

    Args:
      latent_dim: Number of latents.
      event_shape: Shape of one example.

    Raises:
      ValueError: The output of the decoder does not fit the likelihood.
    """
    self._connect_condition()
    if not self.prior.built:
      self.prior.build((latent_dim,))
    if not self.likelihood_family.built:
      self.likelihood_family.build(event_shape)
    params = parts.output_shape(self.decoder, self.network_input((latent_dim,)))
    name = type(self.decoder).__name__
    parts.check_decoder_output(params, self.likelihood_family, event_shape, name)
    self.latent_dim, self.event_shape = latent_dim, event_shape
    self.built = True
    parts.freeze(self)

  # The distributions.

  def decode(
    self, z: TensorLike, training: bool = False, condition: Any = None
  ) -> tfd.Distribution:
    """p(x|z), or p(x|z, c): batch shape `[batch]`, event shape `event_shape`.

    Args:
      z: `[batch, latent_dim]`.
      training: As in `call`.
      condition: c of each example, or one for all, if the model has a condition.
    """
    self.check_built("decode")
    z = shapes.of_events(
      conversion.as_tensor(z, "z"), (self.latent_dim,), name="latents"
    )
    with self.given(condition, self.num_of(z)):
      if not training and self._answers.apply():
        params = self._answers(self._decoded, z)
      else:
        params = self._decoded(z, training)
    return self.likelihood_family.distribution(params)

  def _decoded(self, z, training=False):
    return self.decoder(self.with_condition(z), training=training)

  def log_joint(
    self, x: tf.Tensor, z: tf.Tensor, training: bool = False
  ) -> tuple[tf.Tensor, tf.Tensor]:
    """log p(x|z_l) and log p(z_l), whose sum is log p(x, z_l).

    Args:
      x: float32 `[batch, *event_shape]`.
      z: float32 `[L, batch, latent_dim]`.
      training: As in `call`.

    Returns:
      Two float32 tensors `[L, batch]`, nats.
    """
    return bounds.log_joint(
      x, z, self.prior.distribution(), lambda flat_z: self.decode(flat_z, training)
    )

  def point_estimate(self, distribution: tfd.Distribution) -> tf.Tensor:
    """The value that stands for p(x|z): its mean, or a level for codes of levels.

    Args:
      distribution: A result of `decode`, batch shape `[batch]`.

    Returns:
      float32 `[batch, *event_shape]`: the mean, except that a category becomes the most
      probable one, and an ordered level the median.
    """
    family = self.likelihood_family
    return family.point_estimate(family.expectations(distribution))

  # Samples and the evidence.

  def sample(
    self, num: int, seed: Seed | None = None, draw: bool = False, condition: Any = None
  ) -> tf.Tensor:
    """Generates data: z ~ p(z), then `point_estimate` of p(x|z), or a draw from it.

    Args:
      num: Number of examples.
      seed: An int or a pair of int32. The same seed gives the same z, and the first z
        do not depend on `num`. None uses a random one.
      draw: Whether to draw x from p(x|z) instead of returning its mean, or its level for
        codes.
      condition: c of each example, or one for all, if the model has a condition.

    Returns:
      float32 `[n, *event_shape]`.

    Raises:
      ValueError: The model is not built yet, or `num` is negative.
      TypeError: `num` is not an integer.
    """
    self.check_built("sample")
    if not tf.is_tensor(num) or tf.executing_eagerly():
      num = tf.constant(inputs.as_count(num, "num", least=0), tf.int32)
    static = tf.get_static_value(num)
    num, seed = tf.cast(num, tf.int32), random.request_seed(seed)
    sampled = self._sampled
    with self.given(condition, num if static is None else int(static)):
      if self._answers.apply():
        return self._answers(sampled, num, seed, draw=bool(draw))
      return sampled(num, seed, bool(draw))

  def _sampled(self, num, seed, draw):
    rows = tf.range(num)
    if draw:
      return self.draw(seed, rows)[1]
    return self.point_estimate(self.decode(self.prior.sample(seed, rows)))

  def draw(self, seed: Seed, rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Draws z ~ p(z), then x ~ p(x|z).

    Args:
      seed: An int or a pair of int32.
      rows: int32 `[n]`: row i depends on (seed, rows[i]) alone.

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

  def reconstruct(self, x: TensorLike, condition: Any = None) -> tf.Tensor:
    """Decodes one z for each example, like a call of the model.

    If the model has an encoder, z is the point estimate of q(z|x), its mean; otherwise
    a sample of p(z|x).

    Args:
      x: `[batch, *event_shape]`.
      condition: c of each example, or one for all, if the model has a condition.

    Returns:
      Mean of p(x|z), float32 `[batch, *event_shape]`.
    """
    x = self.as_data(x)
    with self.given(condition, self.num_of(x)):
      return self(x)

  def log_marginal(
    self,
    x: TensorLike,
    method: evidence.EstimatorLike | None = None,
    num_samples: int | None = None,
    seed: Seed | None = None,
    condition: Any = None,
  ) -> tf.Tensor:
    """Estimates the evidence log p(x), or log p(x|c), of each example.

    `aevb_tf.evidence.estimate` also returns diagnostics.

    Args:
      x: `[batch, *event_shape]`, of any length: memory does not grow with it.
      method: Name, options or object of `aevb_tf.evidence`; None uses `"importance"`,
        or `"annealed"` if the model has no encoder.
      num_samples: Samples for each example; None uses the method's own number.
      seed: An int or a pair of int32; None uses a random one.
      condition: c of each example, or one for all, if the model has a condition.

    Returns:
      float32 `[batch]`, nats.

    Raises:
      ValueError: An argument is out of range, the data do not fit the model, or the
        method needs an encoder and the model has none.
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
    estimate = evidence.estimate(
      self, x, method, num_samples, seed, condition=condition
    )
    return tf.constant(estimate.log_marginal)

  # The data.

  def as_data(self, x: TensorLike) -> tf.Tensor:
    """Converts `x` to float32 data with the model's shape; used for all data.

    Args:
      x: `[batch, *event_shape]`, numbers of any dtype.

    Returns:
      float32 `[batch, *event_shape]`.

    Raises:
      ValueError: It has another shape, or is uint8 that was not scaled. If the shape
        is not static in a graph, TensorFlow raises an `InvalidArgumentError` when the
        graph runs.
      TypeError: It is not an array of numbers.
    """
    self.check_encoded(x)
    numbers = conversion.numeric(x)
    self.check_array(numbers)
    x = tf.cast(numbers, tf.float32)
    if not self.built:
      if x.shape.rank is None or None in x.shape[1:]:
        raise ValueError(
          f"The model cannot be built for data of shape {x.shape}, which is not known: "
          "`build((None, *event_shape))` it first."
        )
      with tf.init_scope(), self._device_loop.lock:
        if not self.built:  # another thread may have built it
          self.build((None, *x.shape[1:]))
    return shapes.of_events(x, self.event_shape)

  def check_encoded(self, x: object) -> None:
    """Raises an error for a DataFrame if the data of the model are rows of a table.

    Raises:
      TypeError: It is one: its numbers are in other units than those of the model.
    """
    if self.schema is not None and hasattr(x, "columns"):
      raise TypeError(
        f"x is a {type(x).__name__}: give vae.schema.encode(x), which converts a table to "
        "the numbers of the model."
      )

  def check_source(self, data: object) -> None:
    """Raises an error for data whose numbers mean other values than those of the model.

    Args:
      data: An array, a table, or a data set with the attributes `schema`, `condition` or
        `classes`.

    Raises:
      TypeError: It is a table, which must be encoded.
      ValueError: Its schema or its classes are not those of the model.
    """
    self.check_encoded(data)
    self.check_schema(data)
    self.check_classes(data)

  def check_schema(self, data: object) -> None:
    """Raises an error if a data set has a schema by which its numbers mean other values.

    Args:
      data: A data set, which may have the attributes `schema` and `condition` of
        `aevb_tf.data.table`.

    Raises:
      ValueError: Its schema has other columns, levels or units than that of the model.
    """
    of_c: Schema | None = getattr(self.condition, "schema", None)
    advice = [] if self.schema is None else ["schema=vae.schema"]
    advice += [] if of_c is None else ["condition=vae.condition.schema"]
    for option, ours in (("schema", self.schema), ("condition", of_c)):
      theirs: Schema | None = getattr(data, option, None)
      if ours is None or theirs is None:
        continue
      if difference := ours.difference(theirs):
        raise ValueError(
          f"The {option} of the data is not that of the model: {difference}. Open the "
          f"data with {', '.join(advice)}."
        )

  def check_array(self, x: np.ndarray | tf.Tensor) -> None:
    """Raises an error for an array that the networks must not see.

    `as_data` calls it for a batch, and the `DeviceLoop` for the arrays of `fit` and other
    methods. A step of `fit` or `evaluate` checks all values, so it does not call it again.

    Args:
      x: `[n, *event_shape]`, numbers of any dtype.

    Raises:
      ValueError: It is uint8 that was not scaled: a level is outside the likelihood's
        support. Or it is NumPy's and holds NaN, and the model is for complete examples.
        A graph raises an `InvalidArgumentError` when it runs.
    """
    if x.dtype != np.uint8:
      if self.missing is None and isinstance(x, np.ndarray) and x.dtype.kind == "f":
        if np.isnan(x).any():
          if x.shape[1:] == self.event_shape:
            self.likelihood_family.check_support(x)  # may name the column of a table
          raise ValueError(self.refusal(*not_finite(x)))
    elif tf.executing_eagerly():
      self.likelihood_family.check_targets(np.asarray(x))
    else:
      in_support = self.in_support(tf.cast(x, tf.float32))
      tf.debugging.Assert(in_support, [self.refusal(_BEYOND)])

  def check_data(self, x: np.ndarray, sample: TensorLike | None = None) -> None:
    """Raises an error for values that the likelihood cannot score.

    Args:
      x: `[n, *event_shape]`. If it is uint8, it passed `check_array`, or is a data set,
        whose levels are divided by 255: every likelihood takes them.
      sample: float32 `[k, *event_shape]`, some of the data as the model gets them; None
        if these are x.

    Raises:
      ValueError: It has another shape, or a value is outside the likelihood's support.

    Warns:
      UserWarning: Another likelihood fits the data better.
    """
    if self.built and tuple(x.shape[1:]) != tuple(self.event_shape):
      raise ValueError(shapes.message(x.shape[1:], self.event_shape))
    if x.dtype != np.uint8:
      self.likelihood_family.check_support(x)
    self.likelihood_family.warn_of_misfit(x if sample is None else sample)

  def targets(self, x: tf.Tensor, y: tf.Tensor | None) -> tf.Tensor | None:
    return None if self.condition is not None else super().targets(x, y)

  def check_batch(self, data: Any) -> None:
    """Warns of the first batch of a stream as `check_data` of data in memory.

    Args:
      data: A batch, as Keras passes it to a step. The step checks its values.

    Warns:
      UserWarning: Another likelihood fits the batch better.
    """
    if not self.built:
      return  # the shape of the data is not known, which is an error of the step
    x, y, _ = steps.unpacked(self, data)
    if y is not None and tf.is_tensor(y) and y.shape == x.shape:
      x = steps.scored(self, x, y)
    if self.in_support(x):
      self.likelihood_family.warn_of_misfit(x)

  def in_support(self, x: tf.Tensor) -> tf.Tensor:
    """Whether the likelihood can score every element of `x`: a boolean scalar."""
    return self.likelihood_family.in_support(x)

  def refusal(self, span: str, advice: str | None = None) -> str:
    """The error message about data that the likelihood cannot score."""
    return self.likelihood_family.refusal(span, advice)

  def explain(self, error: tf.errors.InvalidArgumentError) -> str:
    """The message about data that a graph found to be invalid; "" for other errors."""
    if self.event_shape is None:
      return ""
    text = str(error).replace("\\'", "'")
    messages = [self.refusal(_BEYOND)]
    if self.condition is not None:
      messages += [self._invalid(), self._wrong_shape()]
    for message in messages:
      if message in text:
        return message
    return shapes.explain(error, self.event_shape)

  def checks(self, x: tf.Tensor, y: tf.Tensor | None) -> dict[str, tf.Tensor]:
    """Whether a training batch passes each check of `checked`: boolean scalars."""
    targets = self.in_support(steps.scored(self, x, y))
    return {"targets": targets, **self.condition_checks(x, y)}

  def batch_error(self, what: str) -> str:
    """The error message about a batch that failed one of `checked`."""
    if hasattr(self, "mistake"):  # of a subclass
      warn_of_former_name("mistake", "batch_error")
      return self.mistake(what)
    if what == "condition":
      return self._invalid()
    return self.refusal_of_batch()

  def refusal_of_batch(self) -> str:
    """The error message about a batch of which a graph cannot say what is wrong."""
    message = self.refusal("hold values out of range, or NaN")
    return message if self.missing else f"{message} {MISSING_ADVICE}"

  @property
  def metrics(self):
    return super().metrics + ([] if self.missing is None else [self.observed_tracker])

  # Saving.

  def get_config(self):
    serialize = keras.saving.serialize_keras_object
    frozen = {name: parts.frozen_layers(getattr(self, name)) for name in self.networks}
    return {
      **super().get_config(),
      "decoder": serialize(self.decoder),
      "prior": serialize(self.prior),
      "likelihood": (
        None if self._own_likelihood else serialize(complete_of(self.likelihood_family))
      ),
      **({} if self.missing is None else {"missing": self.missing.config()}),
      **({} if self.condition is None else {"condition": self.condition.get_config()}),
      **({} if self.schema is None else {"schema": self.schema.to_dict()}),
      **({"frozen": frozen} if any(frozen.values()) else {}),
    }

  @classmethod
  def from_config(cls, config, custom_objects=None):
    networks = {
      name: keras.saving.deserialize_keras_object(config[name], custom_objects)
      for name in cls.networks
    }
    config = {**config, **networks}
    # Keras stores this for a network, but not for layers within networks of other
    # classes.
    for name, frozen in config.pop("frozen", {}).items():
      layers = parts.layers_of(networks[name])
      for i in frozen:
        layers[i].trainable = False
    return cls(**config)
