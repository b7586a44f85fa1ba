"""The contract of a distribution of section 2.4: z = g(eps, params), and log_prob.

A sample z ~ q(z; params) is a deterministic, differentiable function g of the parameters
and of noise eps whose distribution does not depend on them. Then

    d/dparams E_q[f(z)] = E_eps[ d/dparams f(g(eps, params)) ]

and the right-hand side is estimated by a mean over samples.
"""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf.distributions import numerics, parameters, shapes
from aevb_tf.distributions.shapes import Noise, Shape, ShapeLike
from aevb_tf.registry import Options
from aevb_tf.representation import Represented
from aevb_tf.types import IntLike, Seed, TensorLike


class Distribution(Represented):
  """A distribution whose parameters are given with each call.

  A subclass defines `g`, `density` and the attributes below; constructor arguments, if
  it has some, are in `options`.

  Attributes:
    name: The registered name.
    families: The paper's approaches: "inverse_cdf", "location_scale", "composition".
    parameters: Names in the order of the arguments, each with its constraint: "real",
      "positive", "positive_integer" or "cholesky" (lower triangular, with a positive
      diagonal).
    support: Where z lives: "real", "positive", "unit_interval", "simplex",
      "real_vector", or, where the parameters bound it, "interval" or "above_scale".
    noise: The distribution of eps: "uniform" in the open (0, 1), or standard "normal".
    parameter_ndims: Number of trailing axes of each parameter that is not a scalar.
    counted: Parameters that count exponentials where they are given as integers.
    increasing: Parameters of which each must exceed the one before.
    sound: Ranges of parameters within which fewer than one float32 sample in a thousand
      is clipped to the range of floats, where its gradient is zero; positive parameters
      that are not named lie between exp(-10) and exp(10).
    options: The options that `get` was given besides the name.
  """

  name: str
  families: tuple[str, ...]
  parameters: Mapping[str, str]
  support: str
  noise: Noise = "uniform"
  parameter_ndims: Mapping[str, int] = {}
  counted: tuple[str, ...] = ()
  increasing: tuple[str, ...] = ()
  sound: Mapping[str, tuple[float, float]] = {}
  options: Options = {}

  def g(self, noise: tf.Tensor, *params: Any) -> tf.Tensor:
    """z = g(eps, params)."""
    raise TypeError(f"{type(self).__name__} must define `g(noise, *params)`.")

  def density(self, *params: tf.Tensor) -> tfd.Distribution:
    """The distribution in TFP, for float parameters; may be a class of TFP."""
    raise TypeError(f"{type(self).__name__} must define `density(*params)`.")

  def noise_event(self, *params: Any) -> Shape:
    """The trailing axes of eps for one sample."""
    return ()

  def sample(
    self,
    *params: TensorLike,
    noise: TensorLike | None = None,
    seed: Seed | None = None,
    sample_shape: ShapeLike = (),
    **named_params: TensorLike,
  ) -> tf.Tensor:
    """Samples z = g(eps, params), differentiable in the parameters.

    Args:
      *params: The parameters, by position or by name; shapes that broadcast.
      noise: eps, of a shape that broadcasts against `noise_shape(*params)`. Uniform
        noise of 0 or 1 is moved into the open interval.
      seed: An int or a pair of int32, in place of `noise`. Equal seeds give equal
        noise, eagerly and compiled (samples differ by rounding at most); entry i of its
        first axis depends on (seed, i) and the other axes alone, so a longer request
        begins with the shorter one.
      sample_shape: With `seed`: an int or a shape, put before the batch shape.
      **named_params: Parameters by name.

    Returns:
      float32 (float64 if a parameter is a float64 tensor)
      `[*sample_shape, *batch_shape, *event_shape]`.

    Raises:
      TypeError: The parameters do not fit their names, or not exactly one of `noise`
        and `seed` is given.
      ValueError: A parameter whose value is known now breaks its constraint, the noise
        lacks its trailing axes, or `sample_shape` comes with `noise`.

    Warns:
      UserWarning: A parameter whose value is known now is outside its `sound` range,
        and samples are float32.
    """
    values, dtype = self._bind(params, named_params)
    if dtype == tf.float32:
      known = dict(zip(self.parameters, values, strict=True))
      parameters.warn_outside(self.name, self.sound, known)
    if (noise is None) == (seed is None):
      raise TypeError(f"{self.name}.sample takes exactly one of noise= and seed=.")
    if noise is None:
      noise = shapes.draw(self.noise, seed, self._shape(values, sample_shape))
    elif shapes.as_list(sample_shape):
      raise ValueError(
        f"{self.name}.sample: sample_shape goes with seed=; noise has its own shape."
      )
    noise = parameters.to_float(noise, dtype)
    self._check_noise(noise, values)
    if self.noise == "uniform":
      noise = numerics.open_uniform(noise)
    return tf.cast(self.g(noise, *values), dtype)

  def noise_shape(
    self, *params: TensorLike, sample_shape: ShapeLike = (), **named_params: TensorLike
  ) -> tuple[int, ...] | tf.Tensor:
    """The shape of eps: `[*sample_shape, *batch_shape, *noise_event]`.

    Args:
      *params: The parameters, as for `sample`.
      sample_shape: An int or a shape.
      **named_params: Parameters by name.

    Returns:
      A tuple of ints, or an int32 tensor where a shape is not known before the run.
    """
    values, _ = self._bind(params, named_params)
    shape = self._shape(values, sample_shape)
    return tuple(shape) if shapes.is_static(shape) else tf.stack(shape)

  def log_prob(
    self, z: TensorLike, *params: TensorLike, **named_params: TensorLike
  ) -> tf.Tensor:
    """log q(z; params), nats, for the parameters of `sample`."""
    return self.distribution(*params, **named_params).log_prob(z)

  def distribution(
    self, *params: TensorLike, **named_params: TensorLike
  ) -> tfd.Distribution:
    """The distribution in TFP, for the parameters of `sample`."""
    values, dtype = self._bind(params, named_params)
    return self.density(*(parameters.to_float(value, dtype) for value in values))

  def parameters_of(self, distribution: tfd.Distribution) -> dict[str, tf.Tensor]:
    """The parameters that `distribution(*params)` was called with, by name."""
    return {name: distribution.parameters[name] for name in self.parameters}

  def get_config(self) -> dict[str, Any]:
    """The mapping from which `get` makes this object again."""
    return {"name": self.name, **self.options}

  def _bind(self, params: Sequence, named: Mapping) -> tuple[list, tf.DType]:
    """Orders, checks and converts the parameters: tensors, or counts as integers."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    signature = inspect.Signature([inspect.Parameter(n, kind) for n in self.parameters])
    try:
      given = signature.bind(*params, **named).arguments
    except TypeError as error:
      wanted = ", ".join(self.parameters)
      raise TypeError(
        f"{self.name} takes the parameters ({wanted}): {error}."
      ) from None
    dtype = parameters.float_dtype(list(given.values()))
    values = self._counts(given)
    for name, value in given.items():
      if name not in values:
        values[name] = parameters.to_float(value, dtype)
    parameters.check(self.name, self.parameters, self.increasing, values)
    return [values[name] for name in self.parameters], dtype

  def _counts(self, given: Mapping) -> dict:
    """The counted parameters as integer arrays, if all of them are; else nothing."""
    counts = {name: parameters.static_integers(given[name]) for name in self.counted}
    for name, count in counts.items():
      if count is None and self.parameters[name] == "positive_integer":
        raise TypeError(
          f"{self.name}: {name} counts exponentials, so it must be an integer known"
          f" before the run, not {given[name]!r}. For any other shape take 'gamma'."
        )
    return {} if any(count is None for count in counts.values()) else counts

  def _shape(self, values: Sequence, sample_shape: ShapeLike) -> list[IntLike]:
    batches = []
    for name, value in zip(self.parameters, values, strict=True):
      shape = shapes.of(value) if tf.is_tensor(value) else list(value.shape)
      batches.append(shape[: len(shape) - self.parameter_ndims.get(name, 0)])
    batch, event = shapes.broadcast(batches), list(self.noise_event(*values))
    return shapes.as_list(sample_shape) + batch + event

  def _check_noise(self, noise: tf.Tensor, values: Sequence) -> None:
    event = list(self.noise_event(*values))
    wanted = tf.TensorShape([None if tf.is_tensor(n) else n for n in event])
    rank = noise.shape.rank
    if rank is None:
      return
    if rank < len(event) or not wanted.is_compatible_with(
      noise.shape[rank - len(event) :]
    ):
      raise ValueError(
        f"{self.name}: noise must end in the axes {event} (see noise_shape), but has"
        f" the shape {noise.shape}."
      )
