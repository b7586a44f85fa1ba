"""Growth of time and memory with one size at a time, as slopes on log-log axes.

A slope of 1 is proportional growth; a larger slope is unexpected. Memory is the peak of
the process, minus that for the smallest size.
"""

import dataclasses
from collections.abc import Sequence
from typing import IO, Any

import numpy as np

from benchmarks.rounds import Contender
from benchmarks.table import Row

_TRAIN = "benchmarks.training.ours:train"
_STEPS = 20
_COLUMNS = 4  # of the plot


@dataclasses.dataclass(frozen=True)
class Growth:
  """A benchmark over several sizes.

  Attributes:
    name: Name on the command line.
    about: Description of a run, one line.
    axis: Label of the size in the plot.
    sizes: The sizes.
    contenders: One contender for each size, in this order.
  """

  name: str
  about: str
  axis: str
  sizes: tuple[int, ...]
  contenders: tuple[Contender, ...]
  wanted: dict[str, float] = dataclasses.field(default_factory=dict)


def _growth(name, about, axis, sizes, target, options) -> Growth:
  contenders = tuple(Contender(f"{size:,}", target, options(size)) for size in sizes)
  return Growth(f"growth_{name}", about, axis, tuple(sizes), contenders)


def _steps(**options: Any) -> dict[str, Any]:
  """Options for a short epoch."""
  return {"num_examples": _STEPS * options.get("batch_size", 100), **options}


_ALL = (
  _growth(
    "examples",
    "an epoch over N resident rows",
    "N, rows",
    (10_000, 30_000, 100_000, 300_000, 1_000_000),
    _TRAIN,
    lambda n: {"num_examples": n},
  ),
  _growth(
    "streamed",
    "an epoch over N rows that stream from a file",
    "N, rows",
    (10_000, 30_000, 100_000, 300_000, 1_000_000),
    "benchmarks.training.ours:train_from_file",
    lambda n: {"num_examples": n},
  ),
  _growth(
    "batch_size",
    f"{_STEPS} steps with minibatches of M",
    "M",
    (25, 50, 100, 200, 400, 800),
    _TRAIN,
    lambda m: _steps(batch_size=m),
  ),
  _growth(
    "num_samples",
    f"{_STEPS} steps with L samples of z for each example",
    "L",
    (1, 2, 4, 8, 16, 32),
    _TRAIN,
    lambda n: _steps(num_samples=n),
  ),
  _growth(
    "importance",
    f"{_STEPS} steps of the importance-weighted bound of K samples",
    "K",
    (1, 5, 10, 25, 50),
    _TRAIN,
    lambda k: _steps(num_samples=k, importance=True),
  ),
  _growth(
    "latent_dim",
    f"{_STEPS} steps with J latents",
    "J",
    (2, 10, 50, 200, 1000),
    _TRAIN,
    lambda j: _steps(latent_dim=j),
  ),
  _growth(
    "side",
    f"{_STEPS} steps of the convolutional model on images of a side",
    "side, pixels",
    (14, 28, 56, 112),
    _TRAIN,
    lambda side: (
      {"network": "conv", "side": side, "num_examples": _STEPS * 25}
      | {"batch_size": 25}
    ),
  ),
  _growth(
    "evidence",
    "log p(x) of 20 digits by K importance samples",
    "K",
    (500, 5_000, 50_000),
    "benchmarks.evidence:importance",
    lambda k: {"num_data": 20, "num_samples": k},
  ),
)
GROWTHS = {growth.name: growth for growth in _ALL}


def slope(sizes: Sequence[int], values: Sequence[float]) -> float:
  """Slope of a straight line fitted to log(values) over log(sizes)."""
  return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def lines(growth: Growth, table: Sequence[Row]) -> str:
  """The rows as a table in Markdown, with slopes."""
  body = [
    f"| {row.contender} | {row.wall.median:.3g} | {row.cpu.median:.3g} |"
    f" {row.first:.3g} | {row.peak / 2**20:,.0f} |"
    for row in table
  ]
  walls = [row.wall.median for row in table]
  last = slope(growth.sizes[-2:], walls[-2:])
  return "\n".join(
    [
      f"| {growth.axis} | wall, s | processor, s | first run, s | peak, MiB |",
      "|---|---|---|---|---|",
      *body,
      "",
      f"Slope of the time: {slope(growth.sizes, walls):.2f}; between the two largest:"
      f" {last:.2f}.",
    ]
  )


def plot(tables: dict[str, Sequence[Row]], file: IO[bytes]) -> None:
  """Draws time and memory against each size, on logarithmic axes.

  Args:
    tables: Rows by name in `GROWTHS`.
    file: The PNG file, open for writing.
  """
  import matplotlib

  matplotlib.use("Agg")
  from matplotlib import pyplot

  rows = -(-len(tables) // _COLUMNS)
  figure, axes = pyplot.subplots(
    2 * rows,
    _COLUMNS,
    figsize=(2.4 * _COLUMNS, 4.4 * rows),
    squeeze=False,
    layout="constrained",
  )
  for number in range(len(tables), rows * _COLUMNS):
    row, column = divmod(number, _COLUMNS)
    axes[2 * row, column].remove()
    axes[2 * row + 1, column].remove()
  for number, (name, table) in enumerate(tables.items()):
    row, column = divmod(number, _COLUMNS)
    growth = GROWTHS[name]
    time, memory = axes[2 * row, column], axes[2 * row + 1, column]
    walls = [one.wall.median for one in table]
    time.loglog(growth.sizes, walls, "ko-", markersize=4)
    proportional = np.multiply(growth.sizes, walls[-1] / growth.sizes[-1])
    time.loglog(growth.sizes, proportional, ":", c="0.6")
    time.set_title(f"{name.removeprefix('growth_')}\nslope {_last(growth, walls):.2f}")
    time.set_ylim(0.5 * min(walls), 2 * max(walls))
    peaks = [one.peak / 2**20 for one in table]
    memory.semilogx(growth.sizes, peaks, "ko-", markersize=4)
    memory.set_ylim(0, 1.1 * max(peaks))
    memory.set_xlabel(growth.axis)
    _label(time.yaxis, (1, 2, 5))
    for ax in (time, memory):
      _label(ax.xaxis, (1,) if growth.sizes[-1] >= 100 * growth.sizes[0] else (1, 2, 5))
    if column == 0:
      time.set_ylabel("time of a run, s")
      memory.set_ylabel("peak memory, MiB")
  figure.savefig(file, format="png", dpi=110)
  pyplot.close(figure)


def _label(axis, digits):
  """Labels a logarithmic axis at 1, 2, 5, 10 and so on, in plain numbers."""
  from matplotlib import ticker

  axis.set_major_locator(ticker.LogLocator(subs=digits))
  axis.set_major_formatter(ticker.FuncFormatter(lambda x, _: f"{x:g}"))
  axis.set_minor_formatter(ticker.NullFormatter())


def _last(growth, walls):
  return slope(growth.sizes[-2:], walls[-2:])
