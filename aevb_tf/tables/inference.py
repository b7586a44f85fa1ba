"""Decides the kind of a column by the rules of `aevb_tf.tables`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from aevb_tf.registry import did_you_mean
from aevb_tf.tables.arrow import Level, Values
from aevb_tf.tables.column import CODED, KINDS, Column, Kind, Resolution

MOST_LEVELS = 2000  # of text
MOST_ORDINAL_LEVELS = 10  # of whole numbers
LARGEST_COUNT = 100_000


def infer(name: str, values: Values) -> Column:
  """The column with the kind that the rules give.

  Args:
    name: Its name.
    values: Its values.
  """
  kind, reason = _kind(values)
  return make(name, values, kind, reason)


def given(name: str, values: Values, options: Mapping[str, Any], where: str) -> Column:
  """A column whose kind, levels, location or scale are given.

  Args:
    name: Its name.
    values: Its values.
    options: Arguments of `Column`; those that are not given are inferred.
    where: The table and the column, for messages.

  Raises:
    ValueError: An option is unknown, or the kind does not fit the values.
  """
  if not isinstance(options, Mapping):
    raise ValueError(
      f"{where}: {options!r} is not a kind: give its name, or a dict such as {{'kind': "
      "'ordinal', 'levels': [...]}}."
    )
  known = ("kind", "levels", "location", "scale")
  for key in options:
    if key not in known:
      raise ValueError(f"{where}: unknown option {key!r}.{did_you_mean(key, known)}")
  kind = options.get("kind") or _kind(values)[0]
  if kind not in KINDS:
    raise ValueError(f"{where}: unknown kind {kind!r}.{did_you_mean(kind, KINDS)}")
  if kind in ("real", "positive", "count") and values.type == "text":
    raise ValueError(
      f"{where}: holds text, but kind {kind!r} needs numbers: use kind 'categorical', or "
      "convert the column."
    )
  if kind != "ignored" and values.type == "other":
    raise ValueError(
      f"{where}: holds {values.arrow_type}, which no kind can model: use kind 'ignored', "
      "or convert the column to numbers or text."
    )
  levels = options.get("levels")
  if (
    kind == "ordinal"
    and levels is None
    and values.type == "text"
    and not values.is_ordered
  ):
    raise ValueError(
      f"{where}: kind 'ordinal' of text needs its levels in their order: give "
      f"{{'kind': 'ordinal', 'levels': [...]}} for {name!r}."
    )
  try:
    column = make(name, values, kind, "given", levels)
    changes = {key: options[key] for key in ("location", "scale") if key in options}
    column = Column(**{**vars(column), **changes})
  except ValueError as error:
    raise ValueError(f"{where}: {str(error).partition(': ')[2]}") from None
  if kind != "ignored":
    column.encode(values, where)  # raises an error for values that do not fit
  return column


def make(
  name: str,
  values: Values,
  kind: Kind,
  reason: str,
  levels: Any = None,
) -> Column:
  """The column of a kind, with levels, location and scale from its values.

  Raises:
    ValueError: The levels do not fit the kind, or are infinite.
  """
  location, scale, dispersion = 0.0, 1.0, 1.0
  v = values.numbers[np.isfinite(values.numbers)]
  if kind == "real" and v.size:
    location, stddev = mean_and_stddev(v)
    scale = stddev or 1.0
  elif kind == "positive" and np.all(v > 0) and v.size:
    scale = float(np.exp(np.log(v).mean()))
  elif kind == "count" and np.any(v > 0):
    scale = float(v.mean())
    dispersion = _dispersion(v)
  if kind in CODED and levels is None:
    if np.isinf(values.numbers).any():
      raise ValueError(
        f"column {name!r}: holds an infinite value: remove or replace it."
      )
    levels = _levels(values)
  return Column(
    name,
    kind,
    levels if levels is not None and kind in CODED else (),
    location,
    scale,
    values.type,
    int(np.isnan(values.numbers).sum()) if values.type != "other" else 0,
    reason,
    _resolution(values),
    values.zone,
    dispersion,
  )


def _dispersion(counts: np.ndarray) -> float:
  """Theta of counts whose variance is mean + mean^2 / theta, from 0.1 to 100."""
  mean, excess = counts.mean(), counts.var() - counts.mean()
  return float(np.clip(mean**2 / max(excess, 1e-30), 0.1, 100.0))


def mean_and_stddev(v: np.ndarray) -> tuple[float, float]:
  """Of numbers whose squares may be out of the range of float64."""
  _, exponent = np.frexp(np.abs(v).max())
  scaled = np.ldexp(v, -exponent)  # exact
  mean, stddev = np.ldexp([scaled.mean(), scaled.std()], exponent)
  return float(mean), float(stddev)


def _resolution(values: Values) -> Resolution:
  """That of times."""
  if values.type != "time" or values.exact is None:
    return "s"
  if not np.any(values.exact % 10**6):
    return "s"
  return "us" if np.any(values.exact % 10**3) else "ms"


def _levels(values: Values) -> list[Level]:
  """The distinct values in their order."""
  if values.is_ordered:
    return list(values.texts)
  levels, _ = values.distinct()
  return sorted(levels) if values.type == "text" else levels


def _kind(values: Values) -> tuple[Kind, str]:
  if values.type == "other":
    return "ignored", f"values of type {values.arrow_type}"
  v = values.numbers[~np.isnan(values.numbers)]
  distinct = np.unique(v)
  if values.type == "int" and values.exact is not None:
    distinct = np.unique(values.exact[~np.isnan(values.numbers)])
  if not distinct.size:
    return "ignored", "no values"
  if distinct.size == 1:
    return "ignored", "a single value"
  if distinct.size == 2 and values.type not in ("date", "time"):
    return "binary", "two distinct values"
  if values.type == "text":
    return _kind_of_text(values, len(v), len(distinct))
  if values.type in ("date", "time"):
    return "real", "days since 1970"
  if values.type == "int":
    return _kind_of_whole_numbers(v, distinct, values.exact is not None)
  return _kind_of_numbers(v)


def _kind_of_text(values, n, num_levels) -> tuple[Kind, str]:
  if values.is_ordered:
    return "ordinal", "ordered categories"
  if num_levels == n:
    return "ignored", "text, and each row has its own"
  if num_levels > MOST_LEVELS:
    return "ignored", f"text of more than {MOST_LEVELS:,} levels"
  return "categorical", "text"


def _kind_of_whole_numbers(v, distinct, are_large) -> tuple[Kind, str]:
  is_finite = np.isfinite(v).all()
  if is_finite and len(distinct) == len(v) and np.all(np.diff(v) == 1):
    return "ignored", "it counts the rows"
  if len(distinct) <= MOST_ORDINAL_LEVELS:
    return "ordinal", f"whole numbers, at most {MOST_ORDINAL_LEVELS} distinct"
  if are_large:
    return "ignored", "whole numbers beyond 2**53"
  if v.min() >= 0 and v.max() <= LARGEST_COUNT and v.var() >= v.mean():
    return "count", "whole numbers from 0, variance above mean"
  return _kind_of_numbers(v)


def _kind_of_numbers(v) -> tuple[Kind, str]:
  if v.min() > 0 and np.isfinite(v).all():
    # The log-densities per value at the best parameters differ by this.
    log = np.log(v)
    _, stddev = mean_and_stddev(v)
    if np.log(log.std()) + log.mean() < np.log(stddev):
      return "positive", "log-normal fits better than normal"
  return "real", "numbers"
