"""The bound, or log p(x), against training samples evaluated, as in figures 2 and 3.

Train is a solid line and test a dashed one, as in the paper; methods differ in
lightness and in their marks. What the paper's own figures read stands beside them as
faint marks: filled for train, hollow for test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aevb_tf.plots import style

if TYPE_CHECKING:
  from matplotlib.axes import Axes
  from matplotlib.figure import Figure

# Of different lightness, and so are the marks, `style.MARKERS`: readable in grey.
_COLOURS = (style.FIRST, style.SECOND, "#4d9221", "#b2abd2")
_LINES = {"train": "-", "test": "--"}
_PANEL_WIDTH, _PANEL_HEIGHT = 2.7, 2.6
_MOST_COLUMNS = 3
# Inches that an entry of the legend takes.
_LEGEND_WIDTH = 2.0


class Line(NamedTuple):
  """A curve of one method on one split.

  Attributes:
    name: The method; equal names look alike in all panels.
    split: "train" or "test".
    points: `[k, 2]`: samples evaluated, and nats per example.
    published: Whether the paper's figure reads so: marks, not a line.
  """

  name: str
  split: str
  points: np.ndarray
  published: bool = False


@style.styled
def bound_curves(
  panels: Mapping[str, Sequence[Line]],
  *,
  title: str,
  ylabel: str = r"lower bound $\mathcal{L}$, nats per example",
) -> Figure:
  """Draws curves over training samples evaluated, on a logarithmic axis.

  Args:
    panels: Title of each panel -> its lines.
    title: Above all panels.
    ylabel: What the curves are, and their unit.

  Returns:
    The figure.

  Raises:
    ValueError: There is no curve to draw, a split is unknown, or a number of samples
      is not positive.
  """
  lines = [line for lines in panels.values() for line in lines]
  _check(lines)
  looks = {
    name: (_COLOURS[i % len(_COLOURS)], style.MARKERS[i % len(style.MARKERS)])
    for i, name in enumerate(dict.fromkeys(line.name for line in lines))
  }
  columns = min(len(panels), _MOST_COLUMNS)
  rows = -(-len(panels) // columns)
  width = max(style.WIDTH, columns * _PANEL_WIDTH)
  figure = style.new_figure(width, rows * _PANEL_HEIGHT + 0.9)
  grid = figure.subplots(rows, columns, squeeze=False)
  for axes, (name, found) in zip(grid.flat, panels.items(), strict=False):
    axes.set_title(name)
    _draw(axes, found, looks)
  for axes in list(grid.flat)[len(panels) :]:
    axes.set_axis_off()
  for axes in grid[:, 0]:
    axes.set_ylabel(ylabel)
  for i in range(columns):
    lowest = [axes for axes in grid[:, i] if axes.axison][-1]
    lowest.set_xlabel("training samples evaluated")
  # Each look once, whichever panel has it.
  legend = {}
  for axes in grid.flat:
    handles, labels = axes.get_legend_handles_labels()
    legend |= dict(zip(labels, handles, strict=True))
  figure.legend(
    legend.values(),
    legend.keys(),
    loc="outside lower center",
    ncols=int(width // _LEGEND_WIDTH),
    frameon=False,
  )
  figure.suptitle(title)
  return figure


def _check(lines: Sequence[Line]) -> None:
  if not any(len(line.points) and not line.published for line in lines):
    raise ValueError("panels hold no curve to draw.")
  for line in lines:
    if line.split not in _LINES:
      raise ValueError(f"split={line.split!r}: a line is of train or of test.")
    if not np.all(np.asarray(line.points)[:, 0] > 0):
      raise ValueError(
        f"{line.name}, {line.split}: samples must be positive for this axis."
      )


def _draw(axes: Axes, lines: Sequence[Line], looks: Mapping) -> None:
  axes.set_xscale("log")
  drawn = [line for line in lines if not line.published]
  for line in drawn:
    colour, marker = looks[line.name]
    axes.plot(
      *np.asarray(line.points).T,
      color=colour,
      linestyle=_LINES[line.split],
      marker=marker if line.split == "test" else "",
      markersize=3,
      markevery=max(1, len(line.points) // 7),
      linewidth=1.3,
      label=f"{line.name}, {line.split}",
    )
  for line in lines:
    if line.published:
      colour, marker = looks[line.name]
      axes.plot(
        *np.asarray(line.points).T,
        linestyle="",
        marker=marker,
        markersize=6,
        color=colour,
        alpha=0.55,
        markerfacecolor=colour if line.split == "train" else "none",
        label=f"{line.name}, {line.split}, the paper",
      )
  _limit(axes, lines)


def _limit(axes: Axes, lines: Sequence[Line]) -> None:
  """Leaves out of the panel what the first tenth of the curves alone would stretch."""
  x, y = np.concatenate([line.points for line in lines]).T
  own = np.concatenate([line.points for line in lines if not line.published])
  late = y[x >= own[:, 0].min() * (own[:, 0].max() / own[:, 0].min()) ** 0.3]
  low, high = late.min(), y.max()
  margin = 0.06 * (high - low) or max(0.05 * abs(high), 0.5)
  axes.set_ylim(low - margin, high + margin)
