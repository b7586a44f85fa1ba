"""Noise models: p(y|z) of a corrupted example y, and the clean x given y and z.

With m(z) and v(z) the mean and the variance of p(x|z), and y_i, x_i single values,

| name              | p(y_i|x_i)                                        | likelihood of the model |
|-------------------|---------------------------------------------------|-------------------------|
| `gaussian`        | N(x_i, scale^2)                                   | any with a mean         |
| `salt_and_pepper` | x_i, but 0 or 1 with probability `rate` / 2 each  | Bernoulli, Gaussian     |
| `bit_flips`       | x_i, but 1 - x_i with probability `rate`          | Bernoulli               |
| `none`            | x_i; only values that are NaN in y are unknown    | any with mean, variance |
| a function        | `log_prob(y, mean)` of a whole example            | any with a mean         |

What x is depends on the likelihood:

* Gaussian: x is a draw from p(x|z) = N(m, v). Then p(y_i|z) = N(m_i, v_i + scale^2), and
  E[x_i|y, z] = m_i + v_i / (v_i + scale^2) (y_i - m_i): what the decoder cannot represent
  is taken from y, as far as it can be distinguished from noise.
* Bernoulli with `salt_and_pepper` or `bit_flips`: x is a draw of bits. With flips,
  p(y_i|z) is Bernoulli with the probability m_i (1 - rate) + (1 - m_i) rate.
* any, with `none`: x is a draw from p(x|z), and p(y|z) is that of its observed values.
* all others: x is the mean m(z). The result is never better than what the decoder can
  represent, and `scale` must cover the error of the decoder, too.

`salt_and_pepper` and a density of x: a value of exactly 0 or 1 was replaced with
probability one, so it counts as missing, and all others are kept.
"""

import dataclasses
import numbers
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf import checks, likelihoods
from aevb_tf.likelihoods.observed import complete_of, is_observed, observed_of
from aevb_tf.normal import Normal
from aevb_tf.protocols import ModelOfExamples
from aevb_tf.registry import Options, Registry


class Clean:
  """p(x|z) of the clean example, as a noise model sees it.

  Args:
    likelihood: The likelihood of complete examples.
    distribution: p(x|z), batch shape `[n]`.

  Attributes:
    mean: m(z), float32 `[n, *event_shape]`.
    variance: v(z), shaped as the mean; 0 where x is the mean.
  """

  def __init__(
    self, likelihood: likelihoods.Likelihood, distribution: tfd.Distribution
  ):
    self._likelihood, self._distribution = likelihood, distribution
    self.mean = distribution.mean()
    self.variance = tf.zeros_like(self.mean)
    self.is_normal = isinstance(likelihood, likelihoods.Gaussian)
    if self.is_normal:
      self.variance = tf.zeros_like(self.mean) + distribution.variance()

  def log_prob_of_each(self, x: tf.Tensor) -> tf.Tensor:
    """log p(x_i|z) of each value, shaped as x; 0 where it is NaN."""
    observed = is_observed(x)
    x = tf.where(observed, x, self._likelihood.safe_value)
    each = self._likelihood.log_prob_of_each(self._distribution, x)
    return tf.where(observed, each, 0.0)

  def variance_of_draws(self) -> tf.Tensor:
    """The variance of p(x|z), whatever x is."""
    return self._distribution.variance()


class Noise:
  """Base of all noise models; NaN in y marks values that were not observed.

  A subclass is hashable, since compiled code is kept for each.
  """

  def check(self, model: ModelOfExamples, y: np.ndarray) -> None:
    """Raises a ValueError if y cannot be such a corrupted example of the model.

    Args:
      model: A built model.
      y: float32 `[n, *event_shape]`.
    """

  def log_prob(self, y: tf.Tensor, clean: Clean) -> tf.Tensor:
    """log p(y|z), nats.

    Args:
      y: float32 `[n, ...]`.
      clean: p(x|z), batch shape `[n]`.

    Returns:
      float32 `[n]`.
    """
    raise TypeError(f"{type(self).__name__} must define `log_prob(y, clean)`.")

  def restore(self, y: tf.Tensor, clean: Clean) -> tuple[tf.Tensor, tf.Tensor]:
    """E[x|y, z] and the variance of x given y and z, float32 `[n, *event_shape]`."""
    raise TypeError(f"{type(self).__name__} must define `restore(y, clean)`.")


NoiseLike: TypeAlias = (
  str | Options | Noise | Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
)

registry: Registry[Noise] = Registry("noise", Noise)


def get(noise: NoiseLike) -> Noise:
  """Resolves a name, `{"name": ..., **options}`, a `Noise` or a function.

  Raises:
    ValueError: The name or an option is unknown or out of range.
    TypeError: It is none of these.
  """
  identifier: Any = noise
  if callable(identifier) and not isinstance(identifier, (type, Noise)):
    return Function(identifier)
  return registry.get(identifier)


@registry.register("gaussian")
@dataclasses.dataclass(frozen=True)
class Gaussian(Noise):
  """Independent Gaussian noise on every value.

  Args:
    scale: Its standard deviation, in the units of x.

  Raises:
    ValueError: `scale` is not a positive number.
  """

  scale: float

  def __post_init__(self):
    valid = isinstance(self.scale, numbers.Real) and not isinstance(self.scale, bool)
    if not (valid and 0 < float(self.scale) < float("inf")):
      raise ValueError(f"scale={self.scale!r} must be a positive number.")

  def observe(self, values: tf.Tensor, power: int = 1) -> tf.Tensor:
    """Sums of values, weighted by the powers of what y sees of them: here x itself."""
    return values

  def spread(self, values: tf.Tensor, power: int = 1) -> tf.Tensor:
    """The transpose of `observe`, from the shape of y to that of x."""
    return values

  def _variance(self, clean):
    """The variance of y given z."""
    return self.observe(clean.variance, 2) + float(self.scale) ** 2

  def log_prob(self, y: tf.Tensor, clean: Clean) -> tf.Tensor:
    y, mean = self.observe(y), self.observe(clean.mean)
    observed = is_observed(y)
    each = Normal(mean, tf.sqrt(self._variance(clean))).log_prob(
      tf.where(observed, y, mean)
    )
    return _sum(tf.where(observed, each, 0.0))

  def restore(self, y: tf.Tensor, clean: Clean) -> tuple[tf.Tensor, tf.Tensor]:
    y = self.observe(y)
    observed = is_observed(y)
    precision = tf.where(observed, 1.0 / self._variance(clean), 0.0)
    error = tf.where(observed, y - self.observe(clean.mean), 0.0)
    mean = clean.mean + clean.variance * self.spread(precision * error)
    return mean, self._remaining(clean.variance, precision)

  def _remaining(self, v, precision):
    """The variance of x given y and z: v s^2 / (v + s^2), or v if y is missing."""
    return tf.where(precision > 0.0, v * float(self.scale) ** 2 * precision, v)


@dataclasses.dataclass(frozen=True)
class LowResolution(Gaussian):
  """Weighted means of blocks of pixels, with Gaussian noise.

  Blocks do not overlap, so that their means are independent given z. `y` has the shape of
  x: each mean is repeated over its block.

  Args:
    scale: Standard deviation of the noise of y.
    factor: Height and width of a block.
    weights: The weights of its pixels, row by row; they sum to 1.
  """

  factor: int = 1
  weights: tuple[float, ...] = (1.0,)

  def _kernel(self, power):
    shape = (self.factor, self.factor)
    return tf.constant(np.reshape(self.weights, shape) ** power, tf.float32)

  def observe(self, values: tf.Tensor, power: int = 1) -> tf.Tensor:
    _, height, width, channels = values.shape
    f = self.factor
    blocks = tf.reshape(values, [-1, height // f, f, width // f, f, channels])
    return tf.einsum("nhawbc,ab->nhwc", blocks, self._kernel(power))

  def spread(self, values: tf.Tensor, power: int = 1) -> tf.Tensor:
    _, height, width, channels = values.shape
    blocks = tf.einsum("nhwc,ab->nhawbc", values, self._kernel(power))
    return tf.reshape(blocks, [-1, height * self.factor, width * self.factor, channels])

  def _remaining(self, v, precision):
    # At least the part that is due to the noise: the difference may round to below it.
    least = float(self.scale) ** 2 * self.spread(precision, 0)
    return v * tf.maximum(1.0 - v * self.spread(precision, 2), least)


@registry.register("none")
@dataclasses.dataclass(frozen=True)
class NoNoise(Noise):
  """What was observed is the clean value, and the rest is NaN."""

  def check(self, model: ModelOfExamples, y: np.ndarray) -> None:
    observed_of(model.likelihood_family).check_support(y)
    likelihood = complete_of(model.likelihood_family)
    shape = likelihood.params_shape(tuple(model.event_shape))
    try:
      variance = likelihood.distribution(tf.zeros([1, *shape])).variance()
      is_known = bool(tf.reduce_all(tf.math.is_finite(variance)))
    except NotImplementedError:  # what TFP raises for a missing method
      is_known = False
    if not is_known:
      raise ValueError(
        "Values that were not observed need the variance of p(x|z), and that of this "
        f"{type(likelihood).__name__} likelihood is infinite or not defined: use "
        "`vae.impute`, or another likelihood."
      )

  def log_prob(self, y: tf.Tensor, clean: Clean) -> tf.Tensor:
    return _sum(clean.log_prob_of_each(y))

  def restore(self, y: tf.Tensor, clean: Clean) -> tuple[tf.Tensor, tf.Tensor]:
    observed = is_observed(y)
    variance = tf.where(observed, 0.0, clean.variance_of_draws())
    return tf.where(observed, y, clean.mean), variance


@registry.register("salt_and_pepper")
@dataclasses.dataclass(frozen=True)
class SaltAndPepper(Noise):
  """Replaces values in [0, 1] by 0 or by 1.

  Args:
    rate: Probability that a value is replaced; 0 and 1 are equally probable.

  Raises:
    ValueError: `rate` is not between 0 and 1.
  """

  rate: float

  def __post_init__(self):
    checks.fraction("rate", self.rate)

  def check(self, model: ModelOfExamples, y: np.ndarray) -> None:
    known = likelihoods.Bernoulli, likelihoods.Gaussian
    _check_likelihood(model, known, "salt_and_pepper")
    if np.nanmin(y) < 0 or np.nanmax(y) > 1:
      raise ValueError(
        f"y reaches from {np.nanmin(y):.6g} to {np.nanmax(y):.6g}: with salt and pepper, "
        "values are in [0, 1]. Scale the data of the model to [0, 1], or use another noise."
      )

  def log_prob(self, y: tf.Tensor, clean: Clean) -> tf.Tensor:
    each, _ = self._each(y, clean)
    return _sum(each)

  def restore(self, y: tf.Tensor, clean: Clean) -> tuple[tf.Tensor, tf.Tensor]:
    _, kept = self._each(y, clean)
    y, m = tf.where(is_observed(y), y, 0.0), clean.mean
    mean = kept * y + (1.0 - kept) * m
    if clean.is_normal:
      return mean, (1.0 - kept) * clean.variance
    # Bits; grey values are known.
    mean = tf.clip_by_value(mean, 0.0, 1.0)
    return mean, tf.where(kept < 1.0, mean * (1.0 - mean), 0.0)

  def _each(self, y, clean):
    """log p(y_i|z) of each value, and the probability that it was not replaced."""
    observed = is_observed(y)
    y = tf.where(observed, y, 0.0)
    is_extreme = tf.equal(y, 0.0) | tf.equal(y, 1.0)
    log_kept = np.log1p(-self.rate) + clean.log_prob_of_each(y)
    log_replaced = tf.fill(tf.shape(y), float(np.log(0.5 * self.rate)))
    if clean.is_normal:
      log_prob, kept = log_replaced, tf.zeros_like(y)
    else:
      log_prob = tf.math.softplus(log_kept - log_replaced) + log_replaced
      kept = tf.sigmoid(log_kept - log_replaced)
    log_prob = tf.where(is_extreme, log_prob, log_kept)
    kept = tf.where(is_extreme, kept, 1.0)
    return tf.where(observed, log_prob, 0.0), tf.where(observed, kept, 0.0)


@registry.register("bit_flips")
@dataclasses.dataclass(frozen=True)
class BitFlips(Noise):
  """Exchanges 0 and 1.

  Args:
    rate: Probability that a bit is flipped.

  Raises:
    ValueError: `rate` is not between 0 and 1.
  """

  rate: float

  def __post_init__(self):
    checks.fraction("rate", self.rate)

  def check(self, model: ModelOfExamples, y: np.ndarray) -> None:
    _check_likelihood(model, (likelihoods.Bernoulli,), "bit_flips")
    if not np.isin(y[~np.isnan(y)], (0, 1)).all():
      raise ValueError(
        "y has values other than 0 and 1: with bit flips there are none. Use the noise "
        "'salt_and_pepper' or 'gaussian' for grey values."
      )

  def log_prob(self, y: tf.Tensor, clean: Clean) -> tf.Tensor:
    log_prob = tf.math.log(self._prob(y, clean))
    return _sum(tf.where(is_observed(y), log_prob, 0.0))

  def restore(self, y: tf.Tensor, clean: Clean) -> tuple[tf.Tensor, tf.Tensor]:
    m, rate = clean.mean, self.rate
    kept_or_flipped = tf.where(tf.equal(y, 1.0), 1.0 - rate, rate)
    mean = tf.where(is_observed(y), m * kept_or_flipped / self._prob(y, clean), m)
    return mean, mean * (1.0 - mean)

  def _prob(self, y, clean):
    """p(y_i|z), at least the smaller of `rate` and 1 - `rate`."""
    m, rate = clean.mean, self.rate
    is_set = tf.equal(y, 1.0)
    return (
      tf.where(is_set, m, 1.0 - m) * (1.0 - rate) + tf.where(is_set, 1.0 - m, m) * rate
    )


@dataclasses.dataclass(frozen=True)
class Function(Noise):
  """A noise model by a function of its own.

  Args:
    function: y and m(z), float32 `[n, *event_shape]` -> log p(y|m(z)), nats, `[n]`. It is
      compiled, so it consists of TensorFlow operations.
  """

  function: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]

  def log_prob(self, y: tf.Tensor, clean: Clean) -> tf.Tensor:
    log_prob = tf.convert_to_tensor(self.function(y, clean.mean))
    if log_prob.shape.rank != 1 or log_prob.shape[0] not in (None, y.shape[0]):
      raise ValueError(
        f"The function of the noise returned shape {tuple(log_prob.shape)} for "
        f"{y.shape[0]} examples: sum log p(y|mean) over all but the first axis."
      )
    return tf.cast(log_prob, tf.float32)

  def restore(self, y: tf.Tensor, clean: Clean) -> tuple[tf.Tensor, tf.Tensor]:
    return clean.mean, tf.zeros_like(clean.mean)


def _sum(each):
  """The sum over the values of each example, `[n]`."""
  return tf.reduce_sum(each, axis=range(1, each.shape.rank))


def _check_likelihood(model, known, name):
  likelihood = complete_of(model.likelihood_family)
  # A ContinuousBernoulli is a Bernoulli by its class, but has no bits.
  is_continuous = isinstance(likelihood, likelihoods.ContinuousBernoulli)
  if is_continuous or not isinstance(likelihood, known):
    titles = " or ".join(cls.__name__ for cls in known)
    raise ValueError(
      f"The noise {name!r} needs a {titles} likelihood, and the model has a "
      f"{type(likelihood).__name__}: pass a function (y, mean) -> log p(y|mean)."
    )
