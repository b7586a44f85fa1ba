"""One column of a table: its kind, and how its values become numbers and back."""

from __future__ import annotations

import dataclasses
import math
import numbers
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from aevb_tf.registry import did_you_mean
from aevb_tf.tables.arrow import Level, Type, Values, plain

Kind: TypeAlias = Literal[
  "real", "positive", "count", "binary", "categorical", "ordinal", "ignored"
]
KINDS = get_args(Kind)
# Kinds whose numbers are codes of levels.
CODED = ("binary", "categorical", "ordinal")
Resolution: TypeAlias = Literal["s", "ms", "us"]
# Of one day, in a time's resolution.
_PER_DAY = {"s": 86400, "ms": 86400 * 10**3, "us": 86400 * 10**6}

_WORDS = {
  "int": "whole numbers",
  "float": "numbers",
  "bool": "bools",
  "text": "text",
  "date": "dates",
  "time": "times",
}
_SHOWN_LEVELS = 5
_LONGEST_LEVEL = 20
_LONGEST_UNITS = 50
# float32 represents all whole numbers up to this one.
_LARGEST_COUNT = 2**24


@dataclasses.dataclass(frozen=True)
class Column:
  """What a column of a table is.

  Args:
    name: Its name.
    kind: "real", "positive", "count", "binary", "categorical", "ordinal" or "ignored".
    levels: The values of codes 0, 1, ... of a binary, categorical or ordinal column;
      dates and times as text in ISO 8601.
    location: Of a real column: the value that becomes 0.
    scale: Of a real or positive column: the distance, or the value, that becomes 1. Of a
      count: its mean, by which networks divide it.
    type: The type of the values, which decoded values have: "int", "float", "bool",
      "text", "date", "time", or "other".
    num_missing: Number of missing values in the data that the schema was inferred from.
    reason: Why it has this kind.
    resolution: Of times: "s", "ms" or "us", to which decoded times are rounded.
    zone: Of times: their time zone, such as "Europe/Rome"; "" for times without one.
    dispersion: Of a count: the inverse dispersion theta at which training starts, where
      the variance is mean + mean^2 / theta.

  Raises:
    ValueError: The kind or another name is unknown, the levels do not fit the kind, or a
      number is not finite.
  """

  name: str
  kind: Kind
  levels: tuple[Level, ...] = ()
  location: float = 0.0
  scale: float = 1.0
  type: Type = "float"
  num_missing: int = 0
  reason: str = ""
  resolution: Resolution = "s"
  zone: str = ""
  dispersion: float = 1.0

  def __post_init__(self):
    for option, known in _NAMES.items():
      value = getattr(self, option)
      if value not in known:
        raise ValueError(
          f"column {self.name!r}: unknown {option} {value!r}."
          f"{did_you_mean(str(value), known)}"
        )
    object.__setattr__(self, "levels", self._checked_levels())
    for option in ("location", "scale", "dispersion"):
      value = getattr(self, option)
      if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ValueError(f"column {self.name!r}: {option}={value!r} must be a number.")
      object.__setattr__(self, option, float(value))
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
    if not 0 < self.dispersion < math.inf:
      raise ValueError(
        f"column {self.name!r}: dispersion={self.dispersion} must be positive and finite."
      )
    if not (math.isfinite(self.location) and 0 < self.scale < math.inf):
      raise ValueError(
        f"column {self.name!r}: location={self.location} must be finite, and "
        f"scale={self.scale} positive and finite."
      )

  def _checked_levels(self):
    levels: Any = self.levels
    if hasattr(levels, "tolist"):  # an array
      levels = levels.tolist()
    if not isinstance(levels, (list, tuple)):
      raise ValueError(
        f"column {self.name!r}: levels={levels!r} must be a list of the levels."
      )
    levels = tuple(v.item() if isinstance(v, np.generic) else v for v in levels)
    for level in levels:
      if not isinstance(level, (str, int, float)) or level != level:
        raise ValueError(
          f"column {self.name!r}: the level {level!r} must be text, a number or a bool."
        )
    return levels

  @property
  def units(self) -> str:
    """The levels, or the location and the scale, in a few words."""
    if self.levels:
      shown = [_shown(level) for level in self.levels[:_SHOWN_LEVELS]]
      while len(shown) > 1 and len(", ".join(shown)) > _LONGEST_UNITS:
        shown.pop()
      more = ["..."] if len(shown) < len(self.levels) else []
      return f"{len(self.levels)} levels: {', '.join([*shown, *more])}"
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
      ValueError: A value is not a level, not of this kind, of another type, or float32
        cannot represent its number.
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
    if self.kind == "count":
      return self._counts(v, where)
    with np.errstate(over="ignore", under="ignore"):
      x = ((v - self.location) / self.scale).astype(np.float32)
    wrong = np.isinf(x)
    if self.kind == "positive":
      wrong |= x < np.finfo(np.float32).tiny
    if wrong.any():
      raise ValueError(
        f"{where}: holds {_first(v, wrong)}, which is beyond the range of float32 in units "
        f"of scale={self.scale:.4g}: convert the column, for example to its logarithm."
      )
    return x

  def _counts(self, v, where):
    wrong = (v < 0) | (v != np.trunc(v)) & ~np.isnan(v)
    if wrong.any():
      raise ValueError(
        f"{where}: holds {_first(v, wrong)}, but kind 'count' needs 0, 1, 2, ...: use kind "
        "'real'."
      )
    if np.any(v > _LARGEST_COUNT):
      raise ValueError(
        f"{where}: holds {_first(v, v > _LARGEST_COUNT)}, but float32 represents all counts "
        f"only up to {_LARGEST_COUNT}: use kind 'positive' or 'real'."
      )
    return v.astype(np.float32)

  def _check_type(self, values, where):
    """Text stays text, and numbers numbers; a column without values has any type."""
    if np.isnan(values.numbers).all() and values.type != "other":
      return
    groups = ({"text"}, {"date", "time"}, {"int", "float", "bool"})
    if not any(self.type in group and values.type in group for group in groups):
      found = _WORDS.get(values.type, values.arrow_type)
      how = " with pandas.to_datetime" if self.type in ("date", "time") else ""
      raise ValueError(
        f"{where}: holds {found}, but the schema has {_WORDS.get(self.type, self.type)}: "
        f"convert the column{how}, or infer the schema from these data."
      )
    if self.type == "time" and bool(self.zone) != bool(values.zone):
      raise ValueError(
        f"{where}: holds times {_of_zone(values.zone)}, but the schema has times "
        f"{_of_zone(self.zone)}: convert the column."
      )

  def _codes(self, values, where):
    position = {level: code for code, level in enumerate(self.levels)}
    found, positions = values.distinct()
    for value in found:
      if value not in position:
        raise ValueError(
          f"{where}: {value!r} is not one of its levels ({self.units}): use one of these, "
          "mark it as missing where that is allowed, or infer the schema from data that "
          "have it."
        )
    codes = np.array([position[value] for value in found], np.float32)
    x = np.full(len(values.numbers), np.nan, np.float32)
    x[~np.isnan(values.numbers)] = codes[positions]
    return x

  def decode(self, x: np.ndarray) -> np.ndarray:
    """Values in the column's own units and levels.

    Args:
      x: float `[n]`, NaN where a value is missing.

    Returns:
      `[n]`: levels; numbers, int64 if the column is whole and complete, float64 otherwise;
      or datetime64, in UTC if the times have a zone. A missing value is None among levels
      of text or bools, NaT among dates and times, and NaN otherwise.

    Raises:
      ValueError: A code is that of no level, or a number is infinite.
    """
    missing = np.isnan(x)
    if np.isinf(x).any():
      raise ValueError(f"column {self.name!r}: x has an infinite value.")
    if self.kind in CODED:
      return self._levels_of(x, missing)
    v = x.astype(np.float64)
    if self.kind != "count":
      v = v * self.scale + self.location
    if self.type in ("date", "time"):
      per_day = 1 if self.type == "date" else _PER_DAY[self.resolution]
      days = np.round(np.where(missing, 0.0, v) * per_day).astype(np.int64)
      return _with_missing(days.astype(self._dtype_of_times), missing)
    if self.kind == "count" or self.type in ("int", "bool"):
      return _whole(np.round(v))
    return v

  @property
  def _dtype_of_times(self):
    return f"datetime64[{'D' if self.type == 'date' else self.resolution}]"

  def _levels_of(self, x, missing):
    top = len(self.levels) - 1
    code = np.round(np.where(missing, 0.0, x)).astype(np.int64)
    wrong = (code < 0) | (code > top)
    if wrong.any():
      raise ValueError(
        f"column {self.name!r}: x has {_first(x, wrong)}, but the codes of its levels are "
        f"0, ..., {top}."
      )
    if self.type in ("date", "time"):
      levels = np.array(self.levels, self._dtype_of_times)
    else:
      levels = np.array(self.levels)
      if levels.dtype.kind == "f" and not all(
        isinstance(v, float) for v in self.levels
      ):
        levels = np.array(self.levels, object)  # whole numbers beyond float64
    return _with_missing(levels[code], missing)

  def encodes_as(self, other: Column) -> bool:
    """Whether both columns have the same numbers for the same values.

    The locations and scales of a table that was read in parts may differ in rounding.
    """
    if (self.name, self.kind, self.levels) != (other.name, other.kind, other.levels):
      return False
    units = {"real": (self.location, self.scale), "positive": (0.0, self.scale)}
    others = {"real": (other.location, other.scale), "positive": (0.0, other.scale)}
    location, scale = units.get(self.kind, (0.0, 1.0))
    other_location, other_scale = others.get(other.kind, (0.0, 1.0))
    return bool(
      np.isclose(scale, other_scale, rtol=1e-5, atol=0.0)
      and abs(location - other_location) <= 1e-5 * scale
    )

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


_NAMES = {"kind": KINDS, "type": get_args(Type), "resolution": tuple(_PER_DAY)}


def _with_missing(decoded: np.ndarray, missing: np.ndarray) -> np.ndarray:
  """Decoded values with NaN, NaT or None where a value is missing."""
  if not missing.any():
    return decoded
  if decoded.dtype.kind == "M":
    decoded[missing] = np.datetime64("NaT")
    return decoded
  if decoded.dtype.kind in "if" and np.all(np.abs(decoded) < 2**53):
    return np.where(missing, np.nan, decoded)
  decoded = decoded.astype(object)
  decoded[missing] = None
  return decoded


def _whole(v):
  """int64, or float64 if a value is missing or beyond int64."""
  return v.astype(np.int64) if np.all(np.abs(v) < 2**63) else v


def _first(v, wrong):
  """The first wrong number, for messages."""
  return f"{plain(v[np.argmax(wrong)].item()):.10g}"


def _shown(level):
  text = f"{level:.4g}" if isinstance(level, float) else str(level)
  return text if len(text) <= _LONGEST_LEVEL else f"{text[: _LONGEST_LEVEL - 3]}..."


def _of_zone(zone):
  return f"of the zone {zone}" if zone else "without a zone"
