"""The likelihood of incomplete examples, in which NaN marks what was not observed.

    log p(x_obs|z) = sum over observed i of log p(x_i|z)

Values are independent given z, so those that were not observed integrate to one and
drop out. This is exact if values are missing at random: whether a value is missing may
depend on the observed values, but not on the missing ones.

References:
  Rubin. Inference and missing data. Biometrika 63, 1976.
  Mattei, Frellsen. MIWAE: deep generative modelling and imputation of incomplete data
  sets. ICML 2019.
"""

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf.likelihoods.base import Likelihood, is_observed
from aevb_tf.types import TensorLike


class Observed(Likelihood):
  """A likelihood that skips missing values; everything else is that of another.

  Args:
    complete: The likelihood of complete examples.
  """

  def __init__(self, complete: Likelihood):
    super().__init__(dtype=complete.dtype_policy)
    self.complete = complete
    self.support = f"{complete.support}, or NaN for missing values"
    self.advice = complete.advice
    if complete.built:
      self.build(complete.event_shape)

  def build(self, event_shape: tuple[int, ...]) -> None:
    super().build(event_shape)
    if not self.complete.built:
      self.complete.build(event_shape)
    self.built = True

  def params_shape(self, event_shape: tuple[int, ...]) -> tuple[int, ...]:
    return self.complete.params_shape(event_shape)

  def distribution(self, params: tf.Tensor) -> tfd.Distribution:
    return self.of_complete(self.complete.distribution(params))

  def of_complete(self, distribution: tfd.Distribution) -> tfd.Distribution:
    """p(x|z) that skips missing values.

    Args:
      distribution: A result of `distribution(params)` of the complete likelihood.
    """
    return _Observed(distribution, self.complete)

  def params_of_mean(self, mean: np.ndarray) -> np.ndarray:
    return self.complete.params_of_mean(mean)

  def expectations(self, distribution: tfd.Distribution) -> tf.Tensor:
    return self.complete.expectations(distribution.complete)

  def expectations_shape(self) -> tuple[int, ...]:
    return self.complete.expectations_shape()

  def point_estimate(self, expectations: tf.Tensor) -> tf.Tensor:
    return self.complete.point_estimate(expectations)

  def quantile(self, distribution: tfd.Distribution, uniform: tf.Tensor) -> tf.Tensor:
    return self.complete.quantile(distribution.complete, uniform)

  def in_support(self, x: tf.Tensor) -> tf.Tensor:
    return self.complete.in_support(self.fill(x))

  def misfit(self, x: tf.Tensor) -> str | None:
    return self.complete.misfit(self.fill(x))

  def check_support(self, x: TensorLike) -> None:
    self.complete.check_support(self.fill(tf.convert_to_tensor(x, tf.float32)))

  def check_whole(self, x: tf.Tensor) -> None:
    """Raises an error for values that were observed and yet are not scored.

    An example is some of the counts of a total, if the others are missing. What is imputed
    would not depend on them.

    Args:
      x: float32 `[n, *event_shape]`, NaN where a value is missing.

    Raises:
      ValueError: An example has such values.
    """
    lost = is_observed(x) & ~self.complete.observed(x)
    examples = tf.reduce_any(lost, axis=range(1, x.shape.rank))
    if tf.reduce_any(examples):
      raise ValueError(
        f"Example {int(tf.argmax(examples))} has some missing values among those that a "
        f"{type(self.complete).__name__} likelihood scores together: mark all of them as "
        "missing, or none."
      )

  def fill(self, x: tf.Tensor) -> tf.Tensor:
    """`x` with a value of the support in place of each missing value."""
    return tf.where(self.complete.observed(x), x, self.complete.safe_value)


class _Observed(tfd.Distribution):
  """p(x|z) whose log-density at an example is that of its observed values."""

  def __init__(self, complete, likelihood, name="Observed"):
    parameters = dict(locals())
    self.complete, self._likelihood = complete, likelihood
    super().__init__(
      dtype=complete.dtype,
      reparameterization_type=complete.reparameterization_type,
      validate_args=False,
      allow_nan_stats=True,
      parameters=parameters,
      name=name,
    )

  def _batch_shape(self):
    return self.complete.batch_shape

  def _batch_shape_tensor(self):
    return self.complete.batch_shape_tensor()

  def _event_shape(self):
    return self.complete.event_shape

  def _event_shape_tensor(self):
    return self.complete.event_shape_tensor()

  def _log_prob(self, x):
    observed = self._likelihood.observed(x)
    filled = tf.where(observed, x, self._likelihood.safe_value)
    each = self._likelihood.log_prob_of_each(self.complete, filled)
    axes = range(-self.event_shape.rank, 0)
    return tf.reduce_sum(tf.where(observed, each, 0.0), axis=tuple(axes))

  def _mean(self):
    return self.complete.mean()

  def _mode(self):
    return self.complete.mode()

  def _stddev(self):
    return self.complete.stddev()

  def _variance(self):
    return self.complete.variance()

  def _sample_n(self, n, seed=None):
    return self.complete.sample(n, seed=seed)


def observed_of(likelihood: Likelihood) -> Observed:
  """The likelihood of incomplete examples, itself if it is one already."""
  return likelihood if isinstance(likelihood, Observed) else Observed(likelihood)


def complete_of(likelihood: Likelihood) -> Likelihood:
  """The likelihood of complete examples, itself if it is one already."""
  return likelihood.complete if isinstance(likelihood, Observed) else likelihood
