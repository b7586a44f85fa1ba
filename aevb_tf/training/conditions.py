"""The condition of a model that `config.condition` names.

It is "" for none, "labels" for the labels of the data, or names of columns of a table,
as in 'age,sex'. A name that has a comma is in quotes, as in '"income, net",sex'. Classes
are found in the data: their names, if the data have them, otherwise the labels 0, 1, ...,
of the training split.
"""

import csv
from typing import Any

import ml_collections
import numpy as np

from aevb_tf import conditions, data
from aevb_tf.conditions import Condition, Labels
from aevb_tf.data import Loaded
from aevb_tf.tables import Schema
from aevb_tf.training.blaming import blaming
from aevb_tf.training.configuration import ConfigError

LABELS = "labels"


def columns(config: ml_collections.ConfigDict) -> tuple[str, ...]:
  """Returns the columns of a table that are the condition, or () for other data.

  Args:
    config: The checked config.

  Raises:
    ConfigError: It names columns, and the data are not a table.
  """
  if not config.condition:
    return ()
  with blaming(config, "dataset"):
    source = data.get(config.dataset, config.data_dir or None)
  if isinstance(source, data.Table):
    return _names(config.condition)
  if config.condition != LABELS:
    raise ConfigError(
      f"{_flag(config)}: {config.dataset} is not a table, and has no columns. Use"
      f" --config.condition={LABELS} for the labels of the data."
    )
  return ()


def condition(config: ml_collections.ConfigDict, source: Loaded) -> Condition | None:
  """Returns the condition of a new model, or None.

  Args:
    config: The checked config.
    source: The training data.

  Raises:
    ConfigError: The data have no labels, examples without a label, or classes that are
      not known.
  """
  if not config.condition:
    return None
  if (schema := getattr(source, "condition", None)) is not None:
    return conditions.get(schema)
  with blaming(config, "condition"):
    return conditions.get(_levels(config, source))


def check(
  config: ml_collections.ConfigDict, condition: Condition | None, source: Loaded
) -> None:
  """Raises an error for labels that a model cannot be conditioned on.

  Args:
    config: The config.
    condition: That of the model.
    source: A split. The labels of a stream may not be known before training.

  Raises:
    ConfigError: An example has no label, or the classes are not those of the model.
  """
  if not isinstance(condition, Labels):
    return
  names = getattr(source, "classes", None)
  if names is not None and _as_numbers(names) != condition.levels:
    raise ConfigError(
      f"{_flag(config)}: the classes of {config.dataset} are {_listed(names)}, and those"
      f" of the model {_listed(condition.levels)}."
    )
  y = getattr(source, "y", None)
  if y is None:
    return
  _check_labelled(config, y)
  if (beyond := y[y >= condition.num_levels]).size:
    raise ConfigError(
      f"{_flag(config)}: {config.dataset} has an example of class {beyond[0]}."
      f" {condition.advice()}"
    )


def schema(condition: Condition | None, of_x: Schema | None) -> Schema | None:
  """Returns the schema of all columns, those of x and those of the condition."""
  if of_x is None or not isinstance(condition, conditions.Columns):
    return of_x
  return Schema([*of_x.columns, *condition.schema.columns])


def as_labels(y: Any) -> np.ndarray:
  """Returns labels int32 `[n]` of a batch's y; -1 if it has other conditions."""
  y = np.asarray(y)
  return y if y.ndim == 1 else np.full(len(y), -1, np.int32)


def _names(text):
  """The names in a list with commas, of which some may be in double quotes."""
  (names,) = csv.reader([text], skipinitialspace=True)
  return tuple(name.strip() for name in names)


def _levels(config, source):
  y, names = getattr(source, "y", None), getattr(source, "classes", None)
  if y is not None:
    _check_labelled(config, y)
  if names is not None:
    levels = _as_numbers(names)
    return len(levels) if levels == tuple(range(len(levels))) else levels
  if y is None:
    raise ConfigError(
      f"{_flag(config)}: the classes of {config.dataset}, which is read as a stream, are"
      " not known. Name them, in the `classes` of its `Split`."
    )
  found = np.unique(y)
  if not np.array_equal(found, np.arange(len(found))):
    raise ConfigError(
      f"{_flag(config)}: the labels of {config.dataset} are {_listed(found.tolist())}."
      " Number them 0, 1, ..., without gaps, or store them as text."
    )
  return len(found)


def _check_labelled(config, y):
  if y.ndim != 1:
    raise ConfigError(
      f"{_flag(config)}: the y of {config.dataset} has shape {list(y.shape)}. Labels are"
      " one number or name for each example."
    )
  count = int(np.sum(y < 0))
  if count == len(y):
    raise ConfigError(f"{_flag(config)}: {config.dataset} has no labels.")
  if count:
    raise ConfigError(
      f"{_flag(config)}: {count} of {len(y)} examples of {config.dataset} have no label."
      " Remove them, or train without a condition."
    )


def _as_numbers(names):
  """Names of classes; those that count, "0", "1", ..., as numbers."""
  numbers = tuple(range(len(names)))
  return numbers if tuple(names) == tuple(map(str, numbers)) else tuple(names)


def _listed(levels):
  shown = ", ".join(map(str, levels[:5]))
  return shown if len(levels) <= 5 else f"{shown}, ... ({len(levels)})"


def _flag(config):
  return f"--config.condition={config.condition}"
