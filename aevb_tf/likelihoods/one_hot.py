"""Categorical likelihood of one-hot columns, in groups along the last axis.

    log p(x|z) = sum over groups g of sum_{k in g} x_k log softmax(l_g)_k

The columns of a group are 0, except for a 1 at the category. A table whose three
categorical columns have 3, 2 and 5 categories has 10 one-hot columns, and
`groups=[3, 2, 5]`. The decoder returns a logit for each column.

The part of each column is x_k log softmax(l_g)_k. A group with a missing column is missing
as a whole.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf.checks import positive_int
from aevb_tf.likelihoods.base import Likelihood, registry
from aevb_tf.likelihoods.rows import Rows


class Groups:
  """Neighbouring columns in groups, as the rows of a padded table.

  Args:
    sizes: The number of columns of each group.
  """

  def __init__(self, sizes: Sequence[int]):
    most, starts = max(sizes), np.cumsum([0, *sizes[:-1]])
    self.sizes, self.starts = np.asarray(sizes), starts
    offsets = np.arange(most)
    self.is_column = offsets < self.sizes[:, np.newaxis]  # [groups, most]
    self._columns = np.where(self.is_column, starts[:, np.newaxis] + offsets, 0)
    self._places = np.flatnonzero(self.is_column)

  def table(self, x: tf.Tensor, padding: float) -> tf.Tensor:
    """`[..., columns]` as `[..., groups, most]`, padded at the end of short groups."""
    return tf.where(self.is_column, tf.gather(x, self._columns, axis=-1), padding)

  def columns(self, table: tf.Tensor) -> tf.Tensor:
    """`[..., groups, most]` as `[..., columns]`, without the padding."""
    shape = tf.concat([tf.shape(table)[:-2], [-1]], axis=0)
    return tf.gather(tf.reshape(table, shape), self._places, axis=-1)


class _OneHot(Rows):
  groups: Groups

  def _log_probs(self):
    # Padding with a large negative number instead of -inf keeps gradients finite.
    return tf.nn.log_softmax(self.groups.table(self.logits, -1e30))

  def parts(self, x):
    return x * self.groups.columns(self._log_probs())

  def _mean(self):
    return self.groups.columns(tf.exp(self._log_probs()))

  def draw(self, uniform):
    of_group = tf.gather(uniform, self.groups.starts, axis=-1)[..., tf.newaxis]
    is_below = tf.cumsum(tf.exp(self._log_probs()), axis=-1) < of_group
    level = tf.reduce_sum(tf.cast(is_below, tf.int32), axis=-1)
    level = tf.minimum(level, self.groups.sizes.astype(np.int32) - 1)
    return self.groups.columns(tf.one_hot(level, self.groups.is_column.shape[-1]))


@registry.register("one_hot", package="aevb_tf.likelihoods")
class OneHot(Likelihood):
  """Rows of one-hot groups. The decoder returns logits `event_shape`.

  Draws use the noise of the first column of each group.

  Args:
    groups: The number of columns of each group along the last axis. None: all columns
      are one group.

  Raises:
    ValueError: `groups` are not positive integers.
  """

  support = "0 and 1, with a single 1 in every group of columns"
  advice = (
    "Give the numbers of columns of the groups in their order, as in "
    "likelihood={'name': 'one_hot', 'groups': [3, 2, 5]}."
  )
  output_kind = "logits"
  is_elementwise = False

  def __init__(self, groups: Sequence[int] | None = None, **kwargs: Any):
    super().__init__(**kwargs)
    if isinstance(groups, (int, str)):
      raise ValueError(f"groups={groups!r} must be a list such as [3, 2, 5].")
    self.groups = groups and [positive_int("groups", size) for size in groups]

  def build(self, event_shape):
    super().build(event_shape)
    columns = self.event_shape[-1]
    sizes = self.groups or [columns]
    if sum(sizes) != columns:
      raise ValueError(
        f"groups={sizes} have {sum(sizes)} columns, but the examples of shape "
        f"{self.event_shape} have {columns} along the last axis."
      )
    self._columns = Groups(sizes)
    safe_value = np.zeros(self.event_shape, np.float32)
    safe_value[..., self._columns.starts] = 1.0
    self.safe_value = safe_value

  def params_of_mean(self, mean: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(np.asarray(mean, np.float64), 1e-3)).astype(np.float32)

  def distribution(self, params: tf.Tensor) -> tfd.Distribution:
    (logits,) = self.split(params)
    return _OneHot(logits, len(self.event_shape), groups=self._columns)

  def quantile(self, distribution: tfd.Distribution, uniform: tf.Tensor) -> tf.Tensor:
    return distribution.draw(uniform)

  def log_prob_of_each(self, distribution: tfd.Distribution, x: tf.Tensor) -> tf.Tensor:
    return distribution.parts(x)

  def observed(self, x: tf.Tensor) -> tf.Tensor:
    missing = self._columns.table(tf.cast(tf.math.is_nan(x), tf.float32), 0.0)
    of_group = tf.reduce_max(missing, axis=-1, keepdims=True)
    return self._columns.columns(tf.broadcast_to(of_group, tf.shape(missing))) == 0.0

  def in_support(self, x: tf.Tensor) -> tf.Tensor:
    is_binary = tf.reduce_all((x == 0.0) | (x == 1.0))
    counts = tf.reduce_sum(self._columns.table(x, 0.0), axis=-1)
    return is_binary & tf.reduce_all(counts == 1.0)

  def get_config(self):
    return {**super().get_config(), "groups": self.groups}
