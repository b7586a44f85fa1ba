"""The parts of a VAE of the rows of a table, from its schema.

Each column has a likelihood of its own, which its kind names. Values are independent of
each other given z:

    log p(x|z) = sum_d log p_d(x_d|z)

| kind          | likelihood                                    |
|---------------|-----------------------------------------------|
| `real`        | `student_t`, or another one of real numbers   |
| `positive`    | `log_normal`                                  |
| `count`       | `negative_binomial`                           |
| `binary`      | `bernoulli`                                   |
| `categorical` | `category`                                    |
| `ordinal`     | `ordinal`                                     |
"""

import math
import os
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import numpy as np

from aevb_tf import likelihoods, posteriors
from aevb_tf.networks import MLPDecoder, TableEncoder
from aevb_tf.networks.base import Activation
from aevb_tf.networks.table import columns_of
from aevb_tf.tables import Column, Schema

_LIKELIHOODS = {
  "positive": "log_normal",
  "count": "negative_binomial",
  "binary": "bernoulli",
}


class TableData(Protocol):
  """A data set of a table, which has its schema."""

  @property
  def schema(self) -> Schema | None: ...


def schema_of(schema: Schema | TableData) -> Schema:
  """The schema itself, or that of a data set.

  Raises:
    TypeError: It is neither.
  """
  found = getattr(schema, "schema", schema)
  if isinstance(found, Schema):
    return found
  shown = repr(schema) if isinstance(schema, (str, os.PathLike)) else "table"
  raise TypeError(
    f"schema is of type {type(schema).__name__}: give a schema, such as "
    f"aevb_tf.data.table({shown}).schema."
  )


def split(data: Schema | TableData, names: list[str]) -> tuple[Schema, Schema]:
  """The schemas of x and of the condition.

  Args:
    data: A schema, or a data set of a table, of which these may be the condition already.
    names: Names of columns, which are the condition.

  Raises:
    ValueError: A column is unknown, or none is left to model.
  """
  of_y = getattr(data, "condition", None)
  if isinstance(of_y, Schema) and {*names} == {column.name for column in of_y}:
    return schema_of(data), of_y
  return schema_of(data).split(names)


def encoder_of(schema: Schema, latent_dim: int, **options: Any) -> TableEncoder:
  """The encoder of the rows of a table.

  Args:
    schema: The columns.
    latent_dim: Number of latents.
    **options: Options of `TableEncoder`.
  """
  return TableEncoder(columns_of(schema), latent_dim, **options)


def decoder_of(
  schema: Schema,
  likelihood: likelihoods.LikelihoodLike = "student_t",
  **options: Any,
) -> MLPDecoder:
  """The decoder of the rows of a table.

  Args:
    schema: The columns.
    likelihood: That of real columns.
    **options: Options of `MLPDecoder`.
  """
  likelihoods.get(likelihood)  # raises an error that names the argument
  columns = [_likelihood(column, likelihood) for column in schema.modelled]
  names = [column.name for column in schema.modelled]
  rows = {"name": "columns", "columns": columns, "names": names}
  return MLPDecoder(schema.event_shape, likelihood=rows, **options)


def _likelihood(column: Column, of_real) -> likelihoods.LikelihoodLike:
  if column.kind == "real":
    return of_real
  if column.kind == "categorical":
    return {"name": "category", "levels": len(column.levels)}
  if column.kind == "ordinal":
    return {"name": "ordinal", "levels": len(column.levels)}
  return _LIKELIHOODS[column.kind]


def start_of(schema: Schema) -> np.ndarray:
  """Means of the columns at which training starts, float32 `[D]`.

  Those of counts matter: it takes many steps to reach a large mean from 1. The numbers of
  the other columns have a location near 0 in any case.
  """
  means = {"positive": math.exp(0.5), "binary": 0.5}  # log x, and the logit, are 0
  return np.array(
    [c.scale if c.kind == "count" else means.get(c.kind, 0.0) for c in schema.modelled],
    np.float32,
  )


def start(decoder: MLPDecoder, schema: Schema) -> None:
  """Sets the weights of a decoder so that training starts at the data.

  Args:
    decoder: A decoder of `decoder_of`, which has weights.
    schema: Its columns: their means, and the dispersions of counts.
  """
  decoder.start_at_mean(start_of(schema))
  for likelihood, indices in decoder.likelihood_family.groups:
    if isinstance(likelihood, likelihoods.NegativeBinomial):
      dispersions = [schema.modelled[index].dispersion for index in indices]
      likelihood.log_theta.assign(np.log(dispersions))


def missing_of(schema: Schema) -> dict[str, Any]:
  """The option `missing` of a model, with the mask as an input of the encoder."""
  # The encoder multiplies the features of missing values by 0, so any number will do.
  fill_value = np.array([column.kind == "positive" for column in schema.modelled])
  return {"encode_mask": True, "fill_value": fill_value.astype(np.float32)}


def condition_columns(condition: Any) -> list[str]:
  """The condition if it is several names, which are those of columns, else [].

  Raises:
    ValueError: It is a single name.
  """
  if isinstance(condition, str):
    raise ValueError(
      f"condition={condition!r}: give a list of columns, such as [{condition!r}]."
    )
  if isinstance(condition, (Schema, Mapping)) or not isinstance(condition, Iterable):
    return []
  names = list(condition)
  is_named = any(isinstance(name, str) for name in names)
  return list(map(str, names)) if is_named else []


def parts(
  schema: Schema,
  latent_dim: int,
  hidden_units: tuple[int, ...],
  activation: Activation,
  posterior: posteriors.PosteriorLike,
  likelihood: likelihoods.LikelihoodLike,
  missing: bool | None,
) -> dict[str, Any]:
  """The arguments of a `VAE` for a table; see `VAE.for_table`."""
  missing = schema.has_missing if missing is None else missing
  layers = {"activation": activation}
  return {
    "encoder": encoder_of(
      schema, latent_dim, hidden_units=hidden_units, posterior=posterior, **layers
    ),
    "decoder": decoder_of(
      schema, likelihood, hidden_units=tuple(hidden_units)[::-1], **layers
    ),
    "missing": missing_of(schema) if missing else False,
    "schema": schema,
  }
