"""An encoder of the rows of a table, and the features that it sees.

| kind          | number in x          | features                                  |
|---------------|----------------------|-------------------------------------------|
| `real`        | standardised         | x                                         |
| `positive`    | about 1              | log x                                     |
| `count`       | 0, 1, 2, ...         | log((x + 1) / (mean + 1))                 |
| `binary`      | 0 or 1               | -1 or 1                                   |
| `ordinal`     | code 0, ..., K - 1   | equally spaced from -1 to 1               |
| `categorical` | code 0, ..., K - 1   | K numbers, 1 for the code and 0 elsewhere |

If the input has the mask of the observed values behind them, the features of missing
values are 0, and the mask is a feature, too.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from aevb_tf import posteriors
from aevb_tf.networks.base import Activation, Initializer
from aevb_tf.networks.mlp import MLPEncoder
from aevb_tf.tables import Schema

_TINY = 1e-30


def columns_of(schema: Schema) -> list[dict[str, Any]]:
  """The argument `columns` of `RowFeatures` for the rows of a schema."""
  columns = []
  for column in schema.modelled:
    features: dict[str, Any] = {"kind": column.kind}
    if column.kind in ("categorical", "ordinal"):
      features["levels"] = len(column.levels)
    elif column.kind == "count":
      features["mean"] = column.scale
    columns.append(features)
  return columns


@keras.saving.register_keras_serializable(package="aevb_tf.networks")
class RowFeatures(keras.layers.Layer):
  """Rows of numbers -> features, in float32; it has no weights.

  Args:
    columns: For each number of a row, a mapping with its `kind`, the number of `levels`
      of a categorical or ordinal column, and the `mean` of a count.

  Raises:
    ValueError: A kind is unknown.
  """

  def __init__(self, columns: Sequence[Mapping[str, Any]], **kwargs: Any):
    # Half precision cannot represent all counts and codes.
    super().__init__(**{**kwargs, "dtype": "float32"}, autocast=False)
    self.columns = [dict(column) for column in columns]
    known = ("real", "positive", "count", "binary", "ordinal", "categorical")
    for i, column in enumerate(self.columns):
      if column["kind"] not in known:
        raise ValueError(
          f"columns[{i}]: unknown kind {column['kind']!r}; use one of {', '.join(known)}."
        )

  def _indices(self, *kinds):
    return [i for i, column in enumerate(self.columns) if column["kind"] in kinds]

  def call(self, x):
    """float `[batch, D]`, or `[batch, 2 D]` with the mask -> float32 `[batch, F]`."""
    num_columns = len(self.columns)
    if x.shape[-1] not in (num_columns, 2 * num_columns):
      raise ValueError(
        f"A row has {num_columns} numbers, or {2 * num_columns} with the mask; these have "
        f"{x.shape[-1]}."
      )
    x = tf.cast(x, tf.float32)
    mask = x[:, num_columns:] if x.shape[-1] > num_columns else None
    features, sources = self._features(x)
    if mask is None:
      return features
    return tf.concat([features * tf.gather(mask, sources, axis=-1), mask], axis=-1)

  def _features(self, x):
    """The features, and the column of each."""
    parts, sources = [], []

    def add(indices, function):
      if indices:
        parts.append(function(tf.gather(x, indices, axis=-1)))
        sources.extend(indices)

    def tops(indices):
      levels = [self.columns[i].get("levels", 2) for i in indices]
      return np.array(levels, np.float32) - 1.0

    counts, ordered = self._indices("count"), self._indices("binary", "ordinal")
    means = np.array([self.columns[i].get("mean", 1.0) for i in counts], np.float32)
    add(self._indices("real"), lambda v: v)
    add(self._indices("positive"), lambda v: tf.math.log(tf.maximum(v, _TINY)))
    add(counts, lambda v: tf.math.log1p(tf.maximum(v, 0.0)) - np.log1p(means))
    add(ordered, lambda v: 2.0 * v / tops(ordered) - 1.0)
    codes = [
      (i, code)
      for i in self._indices("categorical")
      for code in range(self.columns[i]["levels"])
    ]
    levels = np.array([code for _, code in codes], np.float32)
    add([i for i, _ in codes], lambda v: tf.cast(v == levels, tf.float32))
    return tf.concat(parts, axis=-1), sources

  def compute_output_shape(self, input_shape: tuple[Any, ...]) -> tuple[Any, ...]:
    widths = [c["levels"] if c["kind"] == "categorical" else 1 for c in self.columns]
    has_mask = input_shape[-1] > len(widths)
    return (input_shape[0], sum(widths) + has_mask * len(widths))

  def get_config(self):
    return {**super().get_config(), "columns": self.columns}


@keras.saving.register_keras_serializable(package="aevb_tf.networks")
class TableEncoder(MLPEncoder):
  """Rows of a table -> features -> hidden layers -> parameters of q(z|x).

  Args:
    columns: The columns, as in `RowFeatures`; `VAE.for_table` takes them from a schema.
    latent_dim: Number of latents.
    hidden_units: Width of each hidden layer; `()` for a linear map of the features.
    activation: Keras activation of the hidden layers.
    posterior: Name, options or object of `aevb_tf.posteriors`.
    kernel_initializer: Keras initializer of the weights.
    bias_initializer: Keras initializer of the biases.
  """

  def __init__(
    self,
    columns: Sequence[Mapping[str, Any]],
    latent_dim: int,
    hidden_units: tuple[int, ...] = (128, 128),
    activation: Activation = "relu",
    posterior: posteriors.PosteriorLike = "gaussian",
    kernel_initializer: Initializer = "glorot_uniform",
    bias_initializer: Initializer = "zeros",
    **kwargs: Any,
  ):
    super().__init__(
      latent_dim,
      hidden_units,
      activation,
      posterior,
      kernel_initializer,
      bias_initializer,
      **{**kwargs, "autocast": False},
    )
    self.features = RowFeatures(columns)

  def call(self, x):
    """float `[batch, D]`, or `[batch, 2 D]` with the mask -> float `[batch, params_size]`."""
    return super().call(x)

  def hidden_features(self, x: tf.Tensor | tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
    """What the last layer gets: float `[batch, n]`, for x as `call` takes it."""
    if isinstance(x, (tuple, list)):  # with a condition
      return super().hidden_features((self.features(x[0]), x[1]))
    return super().hidden_features(self.features(x))

  def get_config(self):
    return {**super().get_config(), "columns": self.features.columns}
