"""What the rules and the columns of a schema need to know of the values of a column.

Summaries of parts of a table can be joined, so that the schema of a file is inferred
without the whole file in memory.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable

import numpy as np

from aevb_tf.tables.arrow import Level, Type, Values

# More distinct values are not kept.
_MOST_DISTINCT, _MOST_DISTINCT_FLOATS = 100_000, 1000


@dataclasses.dataclass(frozen=True)
class Moments:
  """The number, the mean and the standard deviation of numbers of any size."""

  count: int = 0
  mean: float = 0.0
  stddev: float = 0.0

  @classmethod
  def of(cls, v: np.ndarray) -> Moments:
    """Of numbers whose squares may be out of the range of float64."""
    if not v.size:
      return cls()
    _, exponent = np.frexp(np.abs(v).max())
    scaled = np.ldexp(v, -exponent)  # exact
    mean, stddev = np.ldexp([scaled.mean(), scaled.std()], exponent)
    return cls(v.size, float(mean), float(stddev))

  def joined(self, other: Moments) -> Moments:
    """Of the numbers of both."""
    if not self.count or not other.count:
      return self if self.count else other
    count = self.count + other.count
    p, q = self.count / count, other.count / count
    mean = p * self.mean + q * other.mean
    within = np.hypot(np.sqrt(p) * self.stddev, np.sqrt(q) * other.stddev)
    between = np.sqrt(p * q) * (other.mean - self.mean)
    return Moments(count, float(mean), float(np.hypot(within, between)))


@dataclasses.dataclass(frozen=True)
class Summary:
  """A summary of the values of a column.

  Attributes:
    type: As in `Values`.
    arrow_type: As in `Values`.
    order: The texts of `Values` if they have an order, else ().
    zone: As in `Values`.
    num_observed: Number of values that are not missing.
    num_missing: Number of missing values.
    levels: The distinct values, sorted; None if there are too many.
    has_infinite: Whether a value is infinite.
    has_large: Whether a whole number is beyond 2**53.
    least: The smallest finite number; NaN if there is none.
    largest: The largest finite number.
    moments: Those of finite numbers.
    log_moments: Those of the logarithms of positive finite numbers.
    run: The first and the last number if each is the one before plus 1, else None.
    divisor: The largest of 1, 10**3 and 10**6 that divides all times in microseconds.
  """

  type: Type
  arrow_type: str
  order: tuple[str, ...]
  zone: str
  num_observed: int
  num_missing: int
  levels: list[Level] | None
  has_infinite: bool
  has_large: bool
  least: float
  largest: float
  moments: Moments
  log_moments: Moments
  run: tuple[float, float] | None
  divisor: int

  @classmethod
  def of(cls, values: Values) -> Summary:
    """The summary of values."""
    observed = values.numbers[~np.isnan(values.numbers)]
    finite = observed[np.isfinite(observed)]
    divisor = 10**6
    if values.type == "time" and values.exact is not None:
      while np.any(values.exact % divisor):
        divisor //= 10**3
    run = None
    if observed.size and np.all(np.diff(observed) == 1):
      run = (float(observed[0]), float(observed[-1]))
    return cls(
      values.type,
      values.arrow_type,
      values.texts if values.is_ordered else (),
      values.zone,
      len(observed),
      len(values.numbers) - len(observed),
      _few(values.levels(_most(values.type)), values.type),
      len(finite) < len(observed),
      values.type == "int" and values.exact is not None,
      float(finite.min()) if finite.size else np.nan,
      float(finite.max()) if finite.size else np.nan,
      Moments.of(finite),
      Moments.of(np.log(finite[finite > 0])),
      run,
      divisor,
    )

  @classmethod
  def joined(cls, parts: Iterable[Summary]) -> Summary:
    """The summary of the values of all parts, which are in the order of the table."""
    return functools.reduce(cls._with, parts)

  def _with(self, other: Summary) -> Summary:
    """The summary of these values and of those of the next part."""
    if not self.num_observed or not other.num_observed:  # then its type says nothing
      known, empty = (self, other) if self.num_observed else (other, self)
      num_missing = known.num_missing + empty.num_missing
      return dataclasses.replace(known, num_missing=num_missing)
    # Numbers are whole if all are.
    kind: Type = "float" if {self.type, other.type} == {"int", "float"} else self.type
    levels: list[Level] | None = None
    if self.levels is not None and other.levels is not None:
      levels = _few({*self.levels, *other.levels}, kind)
    run = None
    if self.run and other.run and other.run[0] == self.run[1] + 1:
      run = (self.run[0], other.run[1])
    return Summary(
      kind,
      self.arrow_type,
      self.order if self.order == other.order else (),
      self.zone,
      self.num_observed + other.num_observed,
      self.num_missing + other.num_missing,
      levels,
      self.has_infinite or other.has_infinite,
      self.has_large or other.has_large,
      float(np.fmin(self.least, other.least)),
      float(np.fmax(self.largest, other.largest)),
      self.moments.joined(other.moments),
      self.log_moments.joined(other.log_moments),
      run,
      min(self.divisor, other.divisor),
    )


def _few(levels, kind):
  """The levels in their order; None if there are too many."""
  return None if levels is None or len(levels) > _most(kind) else sorted(levels)


def _most(kind):
  return _MOST_DISTINCT_FLOATS if kind == "float" else _MOST_DISTINCT
