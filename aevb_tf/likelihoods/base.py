"""The contract of a likelihood, which maps the decoder's output to p(x|z).

A `Likelihood` is a Keras layer without a call. It defines the shape of the decoder's
output (`params_shape`), turns this output into a TFP distribution over whole examples
(`distribution`), draws from it (`quantile`) and checks which targets have a density
(`in_support`). `CONTRIBUTING.md` lists everything that a custom likelihood needs. It is
a layer so that its own weights (for instance one variance shared by all pixels) are
trained and saved with the model.
"""

import warnings
from typing import Any, Literal, TypeAlias

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf.registry import Options, Registry
from aevb_tf.representation import Represented
from aevb_tf.types import NOT_BUILT, TensorLike

MISSING_ADVICE = "If NaN marks missing values, pass missing=True to the model."


class Likelihood(Represented, keras.layers.Layer):
  """Base of all likelihoods; see the module's docstring for the contract.

  Attributes:
    event_shape: Shape of one example; None until the layer is built.
    support: The values that targets can take, as the end of the sentence "needs ...".
    advice: What to do about targets outside the support.
    safe_value: A number in the support, which can stand in for any missing element, or
      an array `[*event_shape]` of such numbers.
    params_per_element: Number of parameters of each element, which the decoder returns
      stacked along the last axis.
    output_kind: What the decoder's output is: `"logits"`, which a last activation such
      as a sigmoid would bound twice; `"real"` numbers, which must reach below 0; or
      `"any"`, for which no last activation is known to be wrong.
    is_elementwise: Whether the elements of x are independent given z, so that the
      likelihood can be that of a column of a table.
  """

  support = "finite numbers"
  advice = "Find and fix the broken examples."
  safe_value: float | np.ndarray = 0.0
  params_per_element = 1
  output_kind: Literal["any", "real", "logits"] = "any"
  is_elementwise = True

  def __init__(self, **kwargs: Any):
    kwargs.setdefault("dtype", "float32")  # densities never run in half precision
    super().__init__(**kwargs)
    self.event_shape: tuple[int, ...] = NOT_BUILT
    self._has_warned = False

  def build(self, event_shape: tuple[int, ...]) -> None:
    """Sets the shape of one example, and creates the likelihood's own weights."""
    self.event_shape = tuple(event_shape)

  def params_shape(self, event_shape: tuple[int, ...]) -> tuple[int, ...]:
    """Shape of the decoder's output for one example of shape `event_shape`."""
    *space, channels = event_shape
    return (*space, self.params_per_element * channels)

  def split(self, params: tf.Tensor) -> list[tf.Tensor]:
    """The parameters of the elements, from the decoder's output.

    Args:
      params: float `[..., *params_shape]`.

    Returns:
      A list of `params_per_element` float32 tensors `[..., *event_shape]`.
    """
    params = tf.cast(params, tf.float32)
    return tf.split(params, self.params_per_element, axis=-1)

  def distribution(self, params: tf.Tensor) -> tfd.Distribution:
    """p(x|z) over whole examples.

    Args:
      params: float `[..., *params_shape]`, the decoder's output.

    Returns:
      A distribution with batch shape `[...]` and event shape `event_shape`.
    """
    raise TypeError(f"{type(self).__name__} must define `distribution(params)`.")

  def params_of_mean(self, mean: np.ndarray) -> np.ndarray:
    """The decoder's output for which p(x|z) has this mean, for any z.

    Args:
      mean: Float array `[*event_shape]`, for instance the mean of the training data.

    Returns:
      float32 `[*params_shape]`.

    Raises:
      ValueError: This likelihood has no closed form of these parameters.
    """
    raise ValueError(
      f"A {type(self).__name__} likelihood cannot start at the mean of the data: the mean "
      "does not give its parameters. Leave the bias of the output at zeros."
    )

  def quantile(self, distribution: tfd.Distribution, uniform: tf.Tensor) -> tf.Tensor:
    """Draws x by the inverse CDF of each pixel.

    Args:
      distribution: The result of `distribution(params)`.
      uniform: float32 in (0, 1), `[..., *event_shape]`.

    Returns:
      float32 `[..., *event_shape]`.

    Raises:
      TypeError: The pixels' distribution has no inverse CDF, and the likelihood does
        not define this method.
    """
    pixels = getattr(distribution, "distribution", distribution)
    try:
      return pixels.quantile(uniform)
    except NotImplementedError:  # what TFP raises for a missing method
      raise TypeError(
        f"{type(self).__name__} must define `quantile(distribution, uniform)` to draw "
        f"x: {type(pixels).__name__} has no inverse CDF."
      ) from None

  def log_prob_of_each(self, distribution: tfd.Distribution, x: tf.Tensor) -> tf.Tensor:
    """The part of every element of x in log p(x|z), nats.

    Args:
      distribution: The result of `distribution(params)`.
      x: float32 `[..., *event_shape]`.

    Returns:
      float32 `[..., *event_shape]`, whose sum over the axes of the event is
      `distribution.log_prob(x)`.

    Raises:
      TypeError: The distribution is not one of independent elements, and the likelihood
        does not define this method.
    """
    # The type of `tfd.Independent` depends on that of its elements; this does not.
    if not hasattr(distribution, "reinterpreted_batch_ndims"):
      raise TypeError(
        f"{type(self).__name__} must define `log_prob_of_each(distribution, x)` to score "
        f"each element of x: {type(distribution).__name__} is not a tfd.Independent, "
        "which `self.independent(...)` returns."
      )
    return distribution.distribution.log_prob(x)

  def expectations(self, distribution: tfd.Distribution) -> tf.Tensor:
    """What is averaged over z for `point_estimate`: here the mean of p(x|z).

    Args:
      distribution: The result of `distribution(params)`, batch shape `[n]`.

    Returns:
      float32 `[n, *expectations_shape()]`.
    """
    return distribution.mean()

  def expectations_shape(self) -> tuple[int, ...]:
    """The shape of `expectations` for one example; here `event_shape`."""
    return tuple(self.event_shape)

  def point_estimate(self, expectations: tf.Tensor) -> tf.Tensor:
    """The value that stands for a mixture of p(x|z) over z: here its mean.

    Args:
      expectations: Means of `expectations` over z, float32 `[n, *expectations_shape()]`.

    Returns:
      float32 `[n, *event_shape]`.
    """
    return expectations

  def log_prob_of_pairs(
    self, distribution: tfd.Distribution, x: tf.Tensor
  ) -> tf.Tensor:
    """log p(x_i|z_k) of every example given every z, nats.

    Args:
      distribution: The result of `distribution(params)`, with batch shape `[count]`.
      x: float32 `[batch, *event_shape]`.

    Returns:
      float32 `[batch, count]`.
    """
    # One example at a time, so that no tensor has the size of all pairs of events.
    return tf.map_fn(distribution.log_prob, x)

  def observed(self, x: tf.Tensor) -> tf.Tensor:
    """Which values of incomplete examples are scored: those that are not NaN.

    Args:
      x: float32 `[..., *event_shape]`, NaN where a value is missing.

    Returns:
      bool, with the shape of `x`.
    """
    return is_observed(x)

  def in_support(self, x: tf.Tensor) -> tf.Tensor:
    """Whether every element of `x` can be scored: a boolean scalar tensor."""
    return tf.reduce_all(tf.math.is_finite(x))

  def misfit(self, x: tf.Tensor) -> str | None:
    """A warning about targets in the support that another likelihood fits better.

    Args:
      x: float32 tensor of targets, all of them in the support, `[n, *event_shape]`.

    Returns:
      A sentence that says what to use instead; None if nothing is suspicious.
    """
    return None

  def refusal(self, span: str, advice: str | None = None) -> str:
    """The error message about targets outside the support.

    Args:
      span: What is wrong with the data, such as "reach from -1 to 1".
      advice: What to do about it; None uses the likelihood's own `advice`.
    """
    return (
      f"The data {span}, but the {type(self).__name__} likelihood needs {self.support}."
      f" {advice or self.advice}"
    )

  def check_targets(self, x: TensorLike) -> None:
    """`check_support`, then `warn_of_misfit`."""
    self.check_support(x)
    self.warn_of_misfit(x)

  def warn_of_misfit(self, x: TensorLike) -> None:
    """Warns if another likelihood fits targets better; once for each object.

    Args:
      x: Array or tensor of targets in the support, `[n, *event_shape]`.

    Warns:
      UserWarning: The sentence of `misfit`.
    """
    if self._has_warned:
      return
    if misfit := self.misfit(tf.convert_to_tensor(x, tf.float32)):
      self._has_warned = True
      warnings.warn(misfit, UserWarning, stacklevel=3)

  def check_support(self, x: TensorLike) -> None:
    """Raises an error for targets outside the support, with advice.

    Args:
      x: Array or tensor of targets.

    Raises:
      ValueError: An element of `x` is outside the support, NaN or infinite.
    """
    if bool(self.in_support(tf.convert_to_tensor(x, tf.float32))):
      return
    x = np.asarray(x, np.float32)
    finite = x[np.isfinite(x)]
    if finite.size < x.size:
      raise ValueError(self.refusal(*not_finite(x)))
    span = f"reach from {finite.min():.6g} to {finite.max():.6g}"
    raise ValueError(self.refusal(span))

  def independent(self, pixels: tfd.Distribution) -> tfd.Independent:
    """Makes pixels independent given z: their log-densities are summed."""
    return tfd.Independent(pixels, reinterpreted_batch_ndims=len(self.event_shape))


def is_observed(x: tf.Tensor) -> tf.Tensor:
  """Whether each value was observed, that is not NaN: bool with the shape of `x`."""
  return tf.logical_not(tf.math.is_nan(x))


def not_finite(x: np.ndarray) -> tuple[str, str]:
  """What is wrong with data that are not finite, and what to do, for `refusal`."""
  advice = Likelihood.advice
  if np.isnan(x).any():
    advice = f"{advice} {MISSING_ADVICE}"
  return f"have {np.sum(~np.isfinite(x))} NaN or infinite values of {x.size}", advice


LikelihoodLike: TypeAlias = str | Options | Likelihood

registry: Registry[Likelihood] = Registry("likelihood", Likelihood)
