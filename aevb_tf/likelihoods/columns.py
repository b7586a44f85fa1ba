"""A likelihood for tables: each column has a likelihood of its own.

    log p(x|z) = sum_d log p_d(x_d | z)

    {"name": "columns", "columns": ["gaussian", "gaussian", "poisson",
                                    {"name": "category", "levels": 3}]}

An example is a row, with event shape `[D]`. Columns with equal likelihoods are evaluated
together, as one likelihood of several columns, so that a table of 30 columns of 4 kinds
needs 4 log-densities. Each column still has weights of its own.

The decoder's output is a vector. It holds the parameters of the first group of equal
columns, in the order of that likelihood, then those of the second, and so on.
"""

import json
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf.likelihoods.base import Likelihood, LikelihoodLike, registry
from aevb_tf.likelihoods.elements import open_uniform
from aevb_tf.types import TensorLike


class _Group(NamedTuple):
  """Columns that are evaluated together."""

  likelihood: Likelihood
  indices: list[int]


class _Row(tfd.Distribution):
  """The product of the distributions of the groups, with event shape `[D]`."""

  def __init__(self, groups: Sequence[_Group], factors: Sequence[tfd.Distribution]):
    self._groups, self._factors = groups, factors
    self._places = _places(groups)
    super().__init__(
      dtype=tf.float32,
      reparameterization_type=tfd.NOT_REPARAMETERIZED,
      validate_args=False,
      allow_nan_stats=True,
      parameters={"groups": groups, "factors": factors},
      name="Row",
    )

  def joined(self, function, *values: tf.Tensor) -> tf.Tensor:
    """`function(likelihood, factor, *columns)` of all groups, as `[..., D]`."""
    parts = [
      function(likelihood, factor, *(tf.gather(v, indices, axis=-1) for v in values))
      for (likelihood, indices), factor in zip(self._groups, self._factors, strict=True)
    ]
    return tf.gather(tf.concat(parts, axis=-1), self._places, axis=-1)

  def _batch_shape(self):
    return self._factors[0].batch_shape

  def _batch_shape_tensor(self):
    return self._factors[0].batch_shape_tensor()

  def _event_shape(self):
    return tf.TensorShape([len(self._places)])

  def _event_shape_tensor(self):
    return tf.constant([len(self._places)], tf.int32)

  def _log_prob(self, x):
    return tf.add_n(
      [
        factor.log_prob(tf.gather(x, group.indices, axis=-1))
        for group, factor in zip(self._groups, self._factors, strict=True)
      ]
    )

  def _mean(self):
    return self.joined(lambda likelihood, factor: factor.mean())

  def expectations(self) -> tf.Tensor:
    """The `expectations` of the groups, float32 `[n, sum of their sizes]`."""
    parts = [
      tf.reshape(
        likelihood.expectations(factor),
        (-1, math.prod(likelihood.expectations_shape())),
      )
      for (likelihood, _), factor in zip(self._groups, self._factors, strict=True)
    ]
    return tf.concat(parts, axis=-1)

  def _sample_n(self, n, seed=None):
    batch = self._batch_shape_tensor()
    shape = tf.concat([[n], batch, self._event_shape_tensor()], axis=0)
    return self.joined(_quantile, open_uniform(shape, seed))


def _places(groups: Sequence[_Group]) -> np.ndarray:
  """The place of each column in the columns of all groups."""
  return np.argsort(np.concatenate([group.indices for group in groups]))


def _quantile(likelihood, factor, uniform):
  return likelihood.quantile(factor, uniform)


@registry.register("columns", package="aevb_tf.likelihoods")
class Columns(Likelihood):
  """Rows of a table. The decoder returns a vector of the parameters of all columns.

  Args:
    columns: The likelihood of each column: a name, a dict of options, or an object,
      which is copied. The values of a column must be independent of each other given z,
      so `one_hot` and `multinomial` cannot be used: use `category` with codes, or a
      `poisson` column for each count.
    names: The names of the columns, for messages; None numbers them from 0.

  Raises:
    ValueError: There are no columns, the likelihood of a column is unknown or not one of
      single numbers, or the number of names differs from that of the columns.
  """

  support = "values in every column that its likelihood supports"
  advice = "Call `check_targets(x)` of the likelihood to find the column."
  is_elementwise = False

  def __init__(
    self,
    columns: Sequence[LikelihoodLike],
    names: Sequence[str] | None = None,
    **kwargs: Any,
  ):
    super().__init__(**kwargs)
    if isinstance(columns, (str, dict)) or not len(columns):
      raise ValueError(
        f"columns={columns!r} must be a list with the likelihood of each column."
      )
    if names is None:
      self._names, titles = None, [f"{i} (counted from 0)" for i in range(len(columns))]
    else:
      self._names = [str(name) for name in names]
      titles = [repr(name) for name in self._names]
    if len(titles) != len(columns):
      raise ValueError(f"names has {len(titles)} names for {len(columns)} columns.")
    self._titles = [f"Column {title}" for title in titles]
    self._configs = [
      _config(title, column)
      for title, column in zip(self._titles, columns, strict=True)
    ]
    self.groups: list[_Group] = []
    kinds = {registry.get(config).output_kind for config in self._configs}
    self.output_kind = next(k for k in ("logits", "real", "any") if k in kinds)

  def build(self, event_shape):
    super().build(event_shape)
    if self.event_shape != (len(self._configs),):
      raise ValueError(
        f"columns names {len(self._configs)} likelihoods, so an example must be a vector "
        f"of {len(self._configs)} numbers; its shape is {self.event_shape}."
      )
    self.groups = _groups(self._configs)
    self.safe_value = np.zeros(self.event_shape, np.float32)
    for likelihood, indices in self.groups:
      self.safe_value[indices] = likelihood.safe_value

  def params_shape(self, event_shape: tuple[int, ...]) -> tuple[int, ...]:
    return (sum(self._sizes(event_shape)),)

  def _sizes(self, event_shape):
    """The number of parameters of each group."""
    return [
      likelihood.params_shape((len(indices),))[0] for likelihood, indices in self.groups
    ]

  def params_of_mean(self, mean: np.ndarray) -> np.ndarray:
    """As in `Likelihood`; zeros for columns of codes, which have no such parameters."""
    mean = np.asarray(mean)
    return np.concatenate(
      [
        np.zeros(likelihood.params_shape((len(indices),)), np.float32)
        if type(likelihood).params_of_mean is Likelihood.params_of_mean
        else likelihood.params_of_mean(mean[indices])
        for likelihood, indices in self.groups
      ]
    )

  def distribution(self, params: tf.Tensor) -> tfd.Distribution:
    sizes = self._sizes(self.event_shape)
    parts = tf.split(params, sizes, axis=-1)
    factors = [
      group.likelihood.distribution(part)
      for group, part in zip(self.groups, parts, strict=True)
    ]
    return _Row(self.groups, factors)

  def quantile(self, distribution: tfd.Distribution, uniform: tf.Tensor) -> tf.Tensor:
    return distribution.joined(_quantile, uniform)

  def log_prob_of_each(self, distribution: tfd.Distribution, x: tf.Tensor) -> tf.Tensor:
    def parts(likelihood, factor, x):
      return likelihood.log_prob_of_each(factor, x)

    return distribution.joined(parts, x)

  def expectations(self, distribution: tfd.Distribution) -> tf.Tensor:
    """Those of the columns, group by group, float32 `[n, *expectations_shape()]`."""
    return distribution.expectations()

  def expectations_shape(self) -> tuple[int, ...]:
    return (
      sum(math.prod(group.likelihood.expectations_shape()) for group in self.groups),
    )

  def point_estimate(self, expectations: tf.Tensor) -> tf.Tensor:
    shapes = [group.likelihood.expectations_shape() for group in self.groups]
    parts = tf.split(expectations, [math.prod(shape) for shape in shapes], axis=-1)
    estimates = [
      group.likelihood.point_estimate(tf.reshape(part, (-1, *shape)))
      for group, part, shape in zip(self.groups, parts, shapes, strict=True)
    ]
    return tf.gather(tf.concat(estimates, axis=-1), _places(self.groups), axis=-1)

  def in_support(self, x: tf.Tensor) -> tf.Tensor:
    return tf.reduce_all(
      [
        likelihood.in_support(tf.gather(x, indices, axis=-1))
        for likelihood, indices in self.groups
      ]
    )

  def check_support(self, x: TensorLike) -> None:
    x = np.asarray(x, np.float32)
    for likelihood, indices in self.groups:
      for index in indices:
        try:
          likelihood.check_support(x[..., index : index + 1])
        except ValueError as error:
          raise ValueError(f"{self._titles[index]}: {error}") from None

  def misfit(self, x: tf.Tensor) -> str | None:
    for likelihood, indices in self.groups:
      for index in indices:
        if misfit := likelihood.misfit(x[..., index : index + 1]):
          return f"{self._titles[index]}: {misfit}"
    return None

  def get_config(self):
    names = {} if self._names is None else {"names": self._names}
    return {**super().get_config(), "columns": self._configs, **names}


def _config(title: str, column: LikelihoodLike) -> dict[str, Any]:
  """The likelihood of a column as Keras serializes it, without the layer's name."""
  try:
    likelihood = registry.get(column)
  except ValueError as error:
    raise ValueError(f"{title}: {error}") from error
  if not likelihood.is_elementwise:
    raise ValueError(
      f"{title}: {type(likelihood).__name__} is not a likelihood of single numbers. Use "
      "'category' with codes, or 'poisson' for each count."
    )
  config: dict[str, Any] = keras.saving.serialize_keras_object(likelihood)
  for key in ("name", "trainable", "dtype"):
    config["config"].pop(key, None)
  return {
    key: config[key] for key in ("module", "class_name", "config", "registered_name")
  }


def _groups(configs: Sequence[dict[str, Any]]) -> list[_Group]:
  """Built likelihoods of the groups of equal columns, in order of the first column."""
  equal: dict[str, list[int]] = {}
  for index, config in enumerate(configs):
    equal.setdefault(json.dumps(config, sort_keys=True), []).append(index)
  groups: list[_Group] = []
  for indices in equal.values():
    config = configs[indices[0]]
    together = _built(config, len(indices))
    # A weight without an axis of columns would be shared by them.
    if all(weight.shape[:1] == (len(indices),) for weight in together.weights):
      groups.append(_Group(together, indices))
    else:
      groups.extend(_Group(_built(config, 1), [index]) for index in indices)
  return groups


def _built(config, columns):
  likelihood = registry.get(config)
  likelihood.build((columns,))
  return likelihood
