"""Pictures of a table: marginals and correlations of the data and of samples."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from aevb_tf.plots import style

if TYPE_CHECKING:
  from matplotlib.axes import Axes
  from matplotlib.figure import Figure

MOST_COLUMNS = 30
_COLUMNS_PER_ROW = 4
_MOST_BARS = 8
_BINS = 24
_LONGEST_NAME = 14
_FITTING = 26  # letters of labels below a panel
_MOST_ANNOTATED = 8


@style.styled
def marginals(
  data: Mapping[str, ArrayLike],
  samples: Mapping[str, ArrayLike],
  *,
  title: str = "Marginals of the data and of samples",
) -> Figure:
  """Draws the distribution of each column, for the data and for samples of the model.

  Numbers and dates have histograms over the central 99 % of the data. The first and the
  last bin also hold what lies beyond. Numbers of at most 8 distinct values have bars in
  their order, and text and bools in the order of their frequency. Missing values are left
  out. The first 30 columns are drawn.

  Args:
    data: An array `[n]` for each column, as `schema.decode` returns them.
    samples: The same for samples, with the same names.
    title: Title of the plot.

  Returns:
    The figure.

  Raises:
    ValueError: There are no columns, a column is missing in `samples`, or has no values.
  """
  names = list(data)[:MOST_COLUMNS]
  if not names:
    raise ValueError("data has no columns: pass an array for each column.")
  for name in names:
    if name not in samples:
      raise ValueError(f"samples has no column {name!r}, which data has.")
  if len(data) > len(names):
    title += f" (first {len(names)} of {len(data)} columns)"
  per_row = min(_COLUMNS_PER_ROW, len(names))
  num_rows = math.ceil(len(names) / per_row)
  figure = style.new_figure(max(style.WIDTH, 2.4 * per_row), 1.75 * num_rows + 0.7)
  grid = figure.subplots(num_rows, per_row, squeeze=False).ravel()
  has_histograms = False
  for axes, name in zip(grid, names, strict=False):
    pair = [_observed(table[name], name) for table in (data, samples)]
    if pair[0].dtype.kind in "ifM" and len(np.unique(pair[0])) > _MOST_BARS:
      _histograms(axes, *pair)
      has_histograms = True
    else:
      _bars(axes, *pair)
    axes.set_title(style.short(name, 2 * _LONGEST_NAME))
    axes.grid(False)
    axes.spines["left"].set_visible(False)
  for axes in grid[len(names) :]:
    axes.set_axis_off()
  handles = _handles(has_histograms)
  figure.legend(
    handles=handles, loc="outside lower center", ncols=len(handles), frameon=False
  )
  figure.suptitle(title)
  return figure


def _handles(has_histograms):
  from matplotlib.patches import Patch

  note = Patch(alpha=0.0, label="outermost bins hold all values beyond them")
  return [
    Patch(facecolor=style.SECOND, alpha=0.55, label="data"),
    Patch(facecolor="none", edgecolor=style.FIRST, linewidth=1.6, label="samples"),
    *([note] if has_histograms else []),
  ]


def _observed(column: ArrayLike, name: str) -> np.ndarray:
  """The values that are not missing, None, NaN or NaT."""
  values = np.asarray(column)
  if values.dtype.kind == "O":
    values = np.array([value for value in values if value is not None])
  elif values.dtype.kind in "fM":
    values = values[~np.isnan(values)]
  if not values.size:
    raise ValueError(f"column {name!r} has no values to draw.")
  return values


def _histograms(axes: Axes, data: np.ndarray, samples: np.ndarray) -> None:
  """Densities over the central part of the data, the rest in the outermost bins."""
  from matplotlib.ticker import MaxNLocator

  is_date = data.dtype.kind == "M"
  numbers = [_as_float(values) for values in (data, samples)]
  low, high = np.quantile(numbers[0], [0.005, 0.995])
  is_whole = data.dtype.kind == "i" and high - low <= 2 * _BINS
  if is_whole:  # one bin for each number, or for equally many
    edges = np.arange(low - 0.5, high + 1.0)
  else:
    # Nearly all values may be equal.
    low, high = (low, high) if high > low else (low - 0.5, high + 0.5)
    edges = np.linspace(low, high, _BINS + 1)
  heights = [
    np.histogram(np.clip(v, edges[0], edges[-1]), edges)[0] / len(v) for v in numbers
  ]
  axes.stairs(heights[0], edges, fill=True, color=style.SECOND, alpha=0.55)
  axes.stairs(heights[1], edges, color=style.FIRST, linewidth=1.6)
  axes.set_yticks([])
  axes.xaxis.set_major_locator(MaxNLocator(nbins=2 if is_date else 4))
  if is_date:
    axes.xaxis.set_major_formatter(
      lambda day, _: str(np.datetime64("1970-01-01") + np.timedelta64(round(day), "D"))
    )


def _as_float(values):
  if values.dtype.kind == "M":
    return (values - np.datetime64("1970-01-01")) / np.timedelta64(1, "D")
  return values.astype(np.float64)


def _bars(axes: Axes, data: np.ndarray, samples: np.ndarray) -> None:
  """The share of each level: numbers in their order, others by their frequency."""
  levels, counts = np.unique(data, return_counts=True)
  if data.dtype.kind not in "ifb":
    order = np.argsort(-counts, kind="stable")
    levels = levels[order]
  shown = levels[:_MOST_BARS]
  names = [_label(level) for level in shown]
  are_long = sum(map(len, names)) > _FITTING
  draw = axes.barh if are_long else axes.bar
  looks: tuple[tuple[np.ndarray, dict[str, Any]], ...] = (
    (data, {"color": style.SECOND, "alpha": 0.55}),
    (samples, {"facecolor": "none", "edgecolor": style.FIRST, "linewidth": 1.6}),
  )
  for values, options in looks:
    shares = [np.mean(values == level) for level in shown]
    draw(np.arange(len(shown)), shares, 0.8, **options)
  axes.set_xticks([])
  axes.set_yticks([])
  axis = axes.yaxis if are_long else axes.xaxis
  axis.set_ticks(np.arange(len(shown)), [style.short(n, _LONGEST_NAME) for n in names])
  axis.set_tick_params(labelsize=6 if are_long else 8)
  if are_long:
    axes.invert_yaxis()
  if len(levels) > len(shown):
    axes.set_xlabel(f"{len(shown)} of {len(levels)} levels", fontsize=7)


def _label(level) -> str:
  return f"{level:.4g}" if isinstance(level, np.floating) else str(level)


@style.styled
def correlations(
  data: ArrayLike,
  samples: ArrayLike,
  names: Sequence[str],
  *,
  title: str = "Rank correlations of pairs of columns",
) -> Figure:
  """Draws the rank correlation of all pairs of columns, for the data and for samples.

  The correlation is that of the ranks, over the rows that have both values. The codes of
  categories have an order, too, so that their correlations can be compared.

  Args:
    data: float `[n, D]`, rows as `schema.encode` returns them, NaN where missing.
    samples: float `[m, D]`, rows of samples.
    names: The names of the D columns.
    title: Title of the plot.

  Returns:
    The figure.

  Raises:
    ValueError: The shapes differ, there are fewer than two columns, or fewer than two
      rows.
  """
  data, samples = np.asarray(data, np.float64), np.asarray(samples, np.float64)
  for name, rows in (("data", data), ("samples", samples)):
    if rows.ndim != 2 or rows.shape[1] != len(names) or len(rows) < 2:
      raise ValueError(
        f"{name} has shape {rows.shape}: pass at least two rows of {len(names)} numbers, "
        "one for each name."
      )
  if len(names) < 2:
    raise ValueError("There is one column: correlations need two.")
  shown = min(len(names), MOST_COLUMNS)
  if len(names) > shown:
    title += f" (first {shown} of {len(names)} columns)"
  figure = style.new_figure(style.WIDE, 4.3)
  both = figure.subplots(1, 2, sharey=True)
  labels = [style.short(str(name), _LONGEST_NAME) for name in names[:shown]]
  for axes, what, rows in zip(both, ("data", "samples"), (data, samples), strict=True):
    matrix = rank_correlations(rows[:, :shown])
    image = axes.imshow(matrix, cmap="PuOr", vmin=-1, vmax=1)
    font = 8 if shown <= 15 else 6
    axes.set_xticks(range(shown), labels, rotation=90, fontsize=font)
    axes.set_yticks(range(shown), labels, fontsize=font)
    axes.set_title(what)
    axes.grid(False)
    if shown <= _MOST_ANNOTATED:
      for (i, j), value in np.ndenumerate(matrix):
        color = "white" if abs(value) > 0.6 else style.INK
        text = style.number(value) if np.isfinite(value) else ""
        axes.text(j, i, text, ha="center", va="center", fontsize=7, color=color)
  figure.colorbar(image, ax=both, shrink=0.7, label="rank correlation")
  figure.suptitle(title)
  return figure


def rank_correlations(rows: ArrayLike) -> np.ndarray:
  """The correlations of the ranks of all pairs of columns.

  Args:
    rows: float `[n, D]`, NaN where a value is missing.

  Returns:
    float64 `[D, D]`; NaN for a pair with a column that is constant, or never observed
    together.
  """
  from scipy import stats

  ranks = stats.rankdata(np.asarray(rows, np.float64), axis=0, nan_policy="omit")
  observed = ~np.isnan(ranks)
  matrix = np.full((ranks.shape[1],) * 2, np.nan)
  for i, j in np.ndindex(*matrix.shape):
    a, b = ranks[observed[:, i] & observed[:, j]][:, [i, j]].T
    if a.size and np.ptp(a) > 0 and np.ptp(b) > 0:
      matrix[i, j] = np.corrcoef(a, b)[0, 1]
  return matrix
