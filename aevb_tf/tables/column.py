"""One column of a table: its kind, and how its values become numbers and back."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from aevb_tf.registry import did_you_mean
from aevb_tf.tables.arrow import Values

Kind: TypeAlias = Literal[
  "real", "positive", "count", "binary", "categorical", "ordinal", "ignored"
]
KINDS = get_args(Kind)
# Kinds whose numbers are codes of levels.
CODED = ("binary", "categorical", "ordinal")
Level: TypeAlias = str | int | float | bool
Type: TypeAlias = Literal["int", "float", "bool", "text", "date", "time", "other"]

_WORDS = {
  "int": "whole numbers",
  "float": "numbers",
  "bool": "bools",
  "text": "text",
  "date": "dates",
  "time": "times",
}
_SHOWN_LEVELS = 5


@dataclasses.dataclass(frozen=True)
class Column:
  """What a column of a table is.

  Args:
    name: Its name.
    kind: "real", "positive", "count", "binary", "categorical", "ordinal" or "ignored".
    levels: The values of codes 0, 1, ... of a binary, categorical or ordinal column.
    location: Of a real column: the value that becomes 0.
    scale: Of a real or positive column: the distance, or the value, that becomes 1. Of a
      count: its mean, by which networks divide it.
    type: The type of the values, which decoded values have: "int", "float", "bool",
      "text", "date", "time", or "other".
    num_missing: Number of missing values in the data that the schema was inferred from.
    reason: Why it has this kind.

  Raises:
    ValueError: The kind is unknown, the levels do not fit it, or a number is not finite.
  """

  name: str
  kind: Kind
  levels: tuple[Level, ...] = ()
  location: float = 0.0
  scale: float = 1.0
  type: Type = "float"
  num_missing: int = 0
  reason: str = ""

  def __post_init__(self):
    object.__setattr__(self, "levels", tuple(self.levels))
    if self.kind not in KINDS:
      raise ValueError(
        f"column {self.name!r}: unknown kind {self.kind!r}.{did_you_mean(self.kind, KINDS)}"
      )
    if len(set(self.levels)) < len(self.levels):
      raise ValueError(f"column {self.name!r}: a level occurs twice in {self.levels}.")
    if self.kind == "binary" and len(self.levels) != 2:
      raise ValueError(
        f"column {self.name!r}: kind 'binary' needs two levels, not {len(self.levels)}."
      )
    if self.kind in ("categorical", "ordinal") and len(self.levels) < 2:
      raise ValueError(
        f"column {self.name!r}: kind {self.kind!r} needs at least 2 levels."
      )
    if not (math.isfinite(self.location) and 0 < self.scale < math.inf):
      raise ValueError(
        f"column {self.name!r}: location={self.location} must be finite, and "
        f"scale={self.scale} positive and finite."
      )

  @property
  def units(self) -> str:
    """The levels, or the location and the scale, in a few words."""
    if self.levels:
      first = self.levels[:_SHOWN_LEVELS]
      shown = ", ".join(f"{v:.4g}" if isinstance(v, float) else str(v) for v in first)
      more = ", ..." if len(self.levels) > _SHOWN_LEVELS else ""
      return f"{len(self.levels)} levels: {shown}{more}"
    if self.kind == "real" and self.type in ("date", "time"):
      day = np.datetime64("1970-01-01") + np.timedelta64(round(self.location), "D")
      return f"{day} +- {self.scale:.4g} days"
    return {
      "real": f"{self.location:.4g} +- {self.scale:.4g}",
      "positive": f"about {self.scale:.4g}",
      "count": f"mean {self.scale:.4g}",
    }.get(self.kind, "")

  def encode(self, values: Values, where: str) -> np.ndarray:
    """The numbers of values, float32 `[n]`, NaN where a value is missing.

    Args:
      values: The values.
      where: The table and the column, for messages.

    Raises:
      ValueError: A value is not a level, not of this kind, or of another type.
    """
    self._check_type(values, where)
    v = values.numbers
    if self.kind in CODED:
      return self._codes(values, where)
    if np.isinf(v).any():
      raise ValueError(f"{where}: holds an infinite value: remove or replace it.")
    if self.kind == "positive" and np.any(v <= 0):
      raise ValueError(
        f"{where}: holds {_first(v, v <= 0)}, but kind 'positive' needs numbers above 0: use "
        "kind 'real'."
      )
    if self.kind == "count" and np.any((v < 0) | (v != np.trunc(v)) & ~np.isnan(v)):
      wrong = _first(v, (v < 0) | (v != np.trunc(v)) & ~np.isnan(v))
      raise ValueError(
        f"{where}: holds {wrong}, but kind 'count' needs 0, 1, 2, ...: use kind 'real'."
      )
    if self.kind == "count":
      return v.astype(np.float32)
    return ((v - self.location) / self.scale).astype(np.float32)

  def _check_type(self, values, where):
    """Text stays text, and numbers numbers; a column without values has any type."""
    if np.isnan(values.numbers).all() and values.type != "other":
      return
    groups = ({"text"}, {"date", "time"}, {"int", "float", "bool"})
    if not any(self.type in group and values.type in group for group in groups):
      found = _WORDS.get(values.type, values.arrow_type)
      raise ValueError(
        f"{where}: holds {found}, but the schema has {_WORDS.get(self.type, self.type)}: "
        "convert the column, or infer the schema from these data."
      )

  def _codes(self, values, where):
    position = {level: code for code, level in enumerate(self.levels)}
    observed = ~np.isnan(values.numbers)
    distinct, inverse = np.unique(values.numbers[observed], return_inverse=True)
    codes = np.empty(len(distinct), np.float32)
    for i, number in enumerate(distinct):
      value = values.texts[int(number)] if values.type == "text" else number
      if value not in position:
        raise ValueError(
          f"{where}: {_plain(value)!r} is not one of its levels ({self.units}): mark it as "
          "missing, or infer the schema from data that have it."
        )
      codes[i] = position[value]
    x = np.full(len(observed), np.nan, np.float32)
    x[observed] = codes[inverse]
    return x

  def decode(self, x: np.ndarray) -> np.ndarray:
    """Values in the column's own units and levels.

    Args:
      x: float `[n]`, NaN where a value is missing.

    Returns:
      `[n]`: levels; numbers, int64 if the column is whole and complete, float64 otherwise;
      or datetime64. A missing value is None among levels of text or bools, NaT among
      dates, and NaN otherwise.
    """
    missing = np.isnan(x)
    if self.kind in CODED:
      return self._levels_of(x, missing)
    v = x.astype(np.float64)
    if self.kind != "count":
      v = v * self.scale + self.location
    if self.type in ("date", "time"):
      unit, per_day = ("D", 1) if self.type == "date" else ("s", 86400)
      days = np.round(np.where(missing, 0.0, v) * per_day).astype(np.int64)
      decoded = days.astype(f"datetime64[{unit}]")
      decoded[missing] = np.datetime64("NaT")
      return decoded
    if self.kind == "count" or self.type in ("int", "bool"):
      return _whole(np.round(v))
    return v

  def _levels_of(self, x, missing):
    top = len(self.levels) - 1
    code = np.clip(np.round(np.where(missing, 0.0, x)), 0, top).astype(np.int64)
    decoded = np.array(self.levels)[code]
    if not missing.any():
      return decoded
    if decoded.dtype.kind in "if":
      return np.where(missing, np.nan, decoded)
    decoded = decoded.astype(object)
    decoded[missing] = None
    return decoded

  def to_dict(self) -> dict[str, Any]:
    """The arguments that are not defaults, in JSON's types."""
    values = {**dataclasses.asdict(self), "levels": list(self.levels)}
    return {
      field.name: values[field.name]
      for field in dataclasses.fields(self)
      if values[field.name] not in (field.default, [])
    }

  @classmethod
  def from_dict(cls, values: Mapping[str, Any]) -> Column:
    """The column that `to_dict` returned.

    Raises:
      ValueError: A key is unknown, or missing.
    """
    known = [field.name for field in dataclasses.fields(cls)]
    for key in values:
      if key not in known:
        raise ValueError(f"A column has no {key!r}.{did_you_mean(key, known)}")
    for key in ("name", "kind"):
      if key not in values:
        raise ValueError(f"A column has no {key!r} in {dict(values)}.")
    return cls(**values)


def _whole(v):
  """int64, or float64 if a value is missing."""
  return v if np.isnan(v).any() else v.astype(np.int64)


def _first(v, wrong):
  return _plain(v[np.argmax(wrong)])


def _plain(value: Any) -> Any:
  """A number for messages and JSON: an int if it is a whole number."""
  if isinstance(value, float) and value == math.trunc(value):
    return int(value)
  return float(value) if isinstance(value, np.floating) else value
