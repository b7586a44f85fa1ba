"""Tables of medians and ratios of runs, in Markdown and JSON."""

import statistics
from collections.abc import Sequence
from typing import Any, NamedTuple

from benchmarks.rounds import Run
from benchmarks.suite import Benchmark


class Spread(NamedTuple):
  """Median, smallest and largest of a set of numbers."""

  median: float
  least: float
  largest: float


class Row(NamedTuple):
  """One contender of a benchmark.

  Attributes:
    contender: Its name.
    wall: Wall time of a run, seconds.
    cpu: Processor time of a run, seconds.
    first: Wall time of the first run, with compilation, seconds.
    peak: Peak memory of its process, bytes.
    ratio: Our wall time / its wall time within rounds; None for our own row.
    wanted: The target, the largest ratio, or None.
  """

  contender: str
  wall: Spread
  cpu: Spread
  first: float
  peak: int
  ratio: Spread | None
  wanted: float | None

  @property
  def reached(self) -> bool | None:
    """Whether the median ratio reaches the target; None without a target."""
    if self.wanted is None or self.ratio is None:
      return None
    return self.ratio.median <= self.wanted


def rows(benchmark: Benchmark, runs: Sequence[Run]) -> list[Row]:
  """A row for each contender that ran, beginning with ours."""
  by_name = {
    name: sorted((r for r in runs if r.contender == name), key=lambda run: run.round)
    for name in dict.fromkeys(run.contender for run in runs)
  }
  ours = benchmark.contenders[0].name
  return [
    Row(
      name,
      _spread(r.wall for r in own[1:]),
      _spread(r.cpu for r in own[1:]),
      own[0].wall,
      max(run.peak for run in own),
      None
      if name == ours
      else _spread(
        mine.wall / its.wall
        for mine, its in zip(by_name[ours][1:], own[1:], strict=True)
      ),
      benchmark.wanted.get(name),
    )
    for name, own in by_name.items()
  ]


def _spread(values) -> Spread:
  values = list(values)
  return Spread(statistics.median(values), min(values), max(values))


def lines(table: Sequence[Row]) -> str:
  """The rows as a table in Markdown."""
  head = [
    "| | wall, s | least to most | processor, s | first run, s | peak, MiB"
    " | ours / its | least to most | wanted |",
    "|---|---|---|---|---|---|---|---|---|",
  ]
  return "\n".join([*head, *map(_line, table)])


def _line(row: Row) -> str:
  ratio = among = ""
  if row.ratio is not None:
    ratio = f"{row.ratio.median:.2f}"
    among = f"{row.ratio.least:.2f} to {row.ratio.largest:.2f}"
  wanted = "" if row.wanted is None else f"{row.wanted:.2f}"
  if row.reached is not None:
    wanted += " (reached)" if row.reached else " (missed)"
  return (
    f"| {row.contender} | {row.wall.median:.3g} | {row.wall.least:.3g} to"
    f" {row.wall.largest:.3g} | {row.cpu.median:.3g} | {row.first:.3g} |"
    f" {row.peak / 2**20:,.0f} | {ratio} | {among} | {wanted} |"
  )


def as_json(row: Row) -> dict[str, Any]:
  """A row as values for JSON."""
  values = row._asdict()
  for key in ("wall", "cpu", "ratio"):
    values[key] = None if values[key] is None else values[key]._asdict()
  return {**values, "reached": row.reached}
