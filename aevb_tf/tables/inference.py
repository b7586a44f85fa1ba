"""Decides the kind of a column by the rules of `aevb_tf.tables`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from aevb_tf.registry import did_you_mean
from aevb_tf.tables.arrow import Level
from aevb_tf.tables.column import CODED, KINDS, Column, Kind, Resolution
from aevb_tf.tables.summary import Moments, Summary

MOST_LEVELS = 2000  # of text
MOST_ORDINAL_LEVELS = 10  # of whole numbers
LARGEST_COUNT = 100_000
# Columns with fewer values are not doubted.
LEAST_DOUBTED = 100
FEWEST_VALUES_OF_A_LEVEL = 4  # in the mean, of text
# 2024-3-31 or 31.03.2024, perhaps with a time.
_DATE = re.compile(r"(\d{4}([-/.])\d\d?\2\d\d?|\d\d?([-/.])\d\d?\3\d{4})([ T].*)?")
_RESOLUTIONS: dict[int, Resolution] = {10**6: "s", 10**3: "ms", 1: "us"}


def infer(name: str, summary: Summary) -> Column:
  """The column with the kind that the rules give.

  Args:
    name: Its name.
    summary: The summary of its values.
  """
  kind, reason = _kind(summary)
  return make(name, summary, kind, reason)


def doubt(column: Column, summary: Summary) -> str:
  """What speaks against the inferred kind of a column; "" if nothing does.

  Args:
    column: The column that `infer` returned.
    summary: The summary of its values.
  """
  num_levels = 0 if summary.levels is None else len(summary.levels)
  num = summary.num_observed
  if summary.type == "text" and num_levels > 1 and not summary.order:
    texts = [str(level) for level in summary.levels or ()]
    if all(map(_DATE.fullmatch, texts)):
      return (
        f"text such as {texts[0]!r} looks like dates. If it is, read it with "
        "pandas.read_csv, and convert it with pandas.to_datetime"
      )
  if column.kind == "ignored" or num < LEAST_DOUBTED:
    return ""
  if summary.type == "int" and num_levels == num:
    return (
      f"each row has its own whole number, and its kind is {column.kind!r}. If it "
      "identifies rows, give it the kind 'ignored'"
    )
  if column.kind == "categorical" and FEWEST_VALUES_OF_A_LEVEL * num_levels > num:
    return (
      f"it has {num_levels:,} different texts in {num:,} rows, and its kind is "
      "'categorical'. If it is free text, give it the kind 'ignored'"
    )
  return ""


def given(
  name: str, summary: Summary, options: Mapping[str, Any], where: str
) -> Column:
  """A column whose kind, levels, location or scale are given.

  Args:
    name: Its name.
    summary: The summary of its values.
    options: Arguments of `Column`; those that are not given are inferred.
    where: The table and the column, for messages.

  Raises:
    ValueError: An option is unknown, or the kind does not fit the type of the values.
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
  kind = options.get("kind") or _kind(summary)[0]
  if kind not in KINDS:
    raise ValueError(f"{where}: unknown kind {kind!r}.{did_you_mean(kind, KINDS)}")
  if kind in ("real", "positive", "count") and summary.type == "text":
    raise ValueError(
      f"{where}: holds text, but kind {kind!r} needs numbers: use kind 'categorical', or "
      "convert the column."
    )
  if kind != "ignored" and summary.type == "other":
    raise ValueError(
      f"{where}: holds {summary.arrow_type}, which no kind can model: use kind 'ignored', "
      "or convert the column to numbers or text."
    )
  levels = options.get("levels")
  if (
    kind == "ordinal"
    and levels is None
    and summary.type == "text"
    and not summary.order
  ):
    raise ValueError(
      f"{where}: kind 'ordinal' of text needs its levels in their order: give "
      f"{{'kind': 'ordinal', 'levels': [...]}} for {name!r}."
    )
  try:
    column = make(name, summary, kind, "given", levels)
    changes = {key: options[key] for key in ("location", "scale") if key in options}
    column = Column(**{**vars(column), **changes})
  except ValueError as error:
    raise ValueError(f"{where}: {str(error).partition(': ')[2]}") from None
  return column


def make(
  name: str,
  summary: Summary,
  kind: Kind,
  reason: str,
  levels: Any = None,
) -> Column:
  """The column of a kind, with levels, location and scale from its summary.

  Raises:
    ValueError: The levels do not fit the kind, or are infinite.
  """
  location, scale, dispersion = 0.0, 1.0, 1.0
  moments = summary.moments
  if kind == "real" and moments.count:
    location, scale = moments.mean, moments.stddev or 1.0
  elif kind == "positive" and summary.least > 0:
    scale = float(np.exp(summary.log_moments.mean))
  elif kind == "count" and summary.largest > 0:
    scale, dispersion = moments.mean, _dispersion(moments)
  if kind in CODED and levels is None:
    levels = _levels(name, summary)
  return Column(
    name,
    kind,
    levels if levels is not None and kind in CODED else (),
    location,
    scale,
    summary.type,
    summary.num_missing if summary.type != "other" else 0,
    reason,
    _RESOLUTIONS[summary.divisor] if summary.type == "time" else "s",
    summary.zone,
    dispersion,
  )


def _dispersion(counts: Moments) -> float:
  """Theta of counts whose variance is mean + mean^2 / theta, from 0.1 to 100."""
  excess = counts.stddev**2 - counts.mean
  return float(np.clip(counts.mean**2 / max(excess, 1e-30), 0.1, 100.0))


def _levels(name: str, summary: Summary) -> list[Level]:
  """The levels of a column of codes."""
  if summary.order:
    return list(summary.order)
  if summary.has_infinite:
    raise ValueError(f"column {name!r}: holds an infinite value: remove or replace it.")
  if summary.levels is None:
    raise ValueError(f"column {name!r}: has too many distinct values for levels.")
  return summary.levels


def _kind(summary: Summary) -> tuple[Kind, str]:
  if summary.type == "other":
    return "ignored", f"values of type {summary.arrow_type}"
  if not summary.num_observed:
    return "ignored", "no values"
  num_levels = np.inf if summary.levels is None else len(summary.levels)
  if num_levels == 1:
    return "ignored", "a single value"
  if num_levels == 2 and summary.type not in ("date", "time"):
    return "binary", "two distinct values"
  if summary.type == "text":
    return _kind_of_text(summary, num_levels)
  if summary.type in ("date", "time"):
    return "real", "days since 1970"
  if summary.type == "int":
    return _kind_of_whole_numbers(summary, num_levels)
  return _kind_of_numbers(summary)


def _kind_of_text(summary, num_levels) -> tuple[Kind, str]:
  if summary.order:
    return "ordinal", "ordered categories"
  if num_levels == summary.num_observed:
    return "ignored", "text, and each row has its own"
  if num_levels > MOST_LEVELS:
    return "ignored", f"text of more than {MOST_LEVELS:,} levels"
  return "categorical", "text"


def _kind_of_whole_numbers(summary, num_levels) -> tuple[Kind, str]:
  if summary.run and not summary.has_infinite:
    return "ignored", "it counts the rows"
  if num_levels <= MOST_ORDINAL_LEVELS:
    return "ordinal", f"whole numbers, at most {MOST_ORDINAL_LEVELS} distinct"
  if summary.has_large:
    return "ignored", "whole numbers beyond 2**53"
  if summary.least >= 0 and summary.largest <= LARGEST_COUNT:
    if summary.moments.stddev**2 >= summary.moments.mean:
      return "count", "whole numbers from 0, variance above mean"
  return _kind_of_numbers(summary)


def _kind_of_numbers(summary) -> tuple[Kind, str]:
  if summary.least > 0 and not summary.has_infinite:
    # The log-densities per value at the best parameters differ by this.
    log = summary.log_moments
    with np.errstate(divide="ignore"):
      if np.log(log.stddev) + log.mean < np.log(summary.moments.stddev):
        return "positive", "log-normal fits better than normal"
  return "real", "numbers"
