"""A plot of values with error bars, in groups, such as the answers to a question."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING

from aevb_tf.plots import style

if TYPE_CHECKING:
  from matplotlib.axes import Axes
  from matplotlib.figure import Figure

# Of the normal distribution: 95% lie within so many standard deviations.
_CONFIDENCE = 1.96
_ROW_HEIGHT = 0.28
# More questions than this are drawn in two columns.
_LONGEST_COLUMN = 6
# Longer names of answers take two lines.
_LONGEST_NAME = 26
# At most so many intervals: half of the width belongs to the answers.
_TICKS = 5


@style.styled
def intervals(
  groups: Mapping[str, Mapping[str, tuple[float, float, bool]]],
  *,
  title: str,
  xlabel: str,
) -> Figure:
  """Draws the values of the answers to each question, with 95% confidence intervals.

  Args:
    groups: Question -> answer -> value, its standard error, and whether the answer is
      the one that was chosen: that one is filled, and a line runs through it.
    title: Above all panels.
    xlabel: What the values are, and their unit.

  Returns:
    The figure.

  Raises:
    ValueError: There is nothing to draw.
  """
  if not any(groups.values()):
    raise ValueError("groups is empty: there is no answer to draw.")
  if len(groups) == 2 and len({tuple(answers) for answers in groups.values()}) == 1:
    figure = _side_by_side(groups, xlabel)
  else:
    figure = _in_columns(groups, xlabel)
  figure.suptitle(title)
  return figure


def _side_by_side(groups: Mapping, xlabel: str) -> Figure:
  """Two questions with the same answers, which are named once."""
  (answers, _) = groups.values()
  figure = style.new_figure(style.WIDE, _ROW_HEIGHT * len(answers) + 1.2)
  panels = figure.subplots(1, 2, sharey=True)
  for axes, (question, answers) in zip(panels, groups.items(), strict=True):
    _draw(axes, question, answers)
    axes.set_xlabel(xlabel)
  return figure


def _in_columns(groups: Mapping, xlabel: str) -> Figure:
  """One column of panels, or two of about the same height if there are many."""
  columns = [list(groups.items())]
  if len(groups) > _LONGEST_COLUMN:
    heights = [_height(answers) for answers in groups.values()]
    half = next(
      i for i in range(len(groups)) if sum(heights[: i + 1]) >= sum(heights) / 2
    )
    half = min(half, len(groups) - 2)  # neither column is empty
    columns = [columns[0][: half + 1], columns[0][half + 1 :]]
  tallest = max(sum(_height(answers) for _, answers in column) for column in columns)
  width = style.WIDTH if len(columns) == 1 else 1.25 * style.WIDE
  figure = style.new_figure(width, _ROW_HEIGHT * tallest + 0.7)
  parts = figure.subfigures(1, len(columns), squeeze=False)[0]
  for part, column in zip(parts, columns, strict=True):
    heights = [_height(answers) for _, answers in column]
    panels = part.subplots(len(column), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axes, (question, answers) in zip(panels, column, strict=True):
      _draw(axes, question, answers)
    panels[-1].set_xlabel(xlabel)
  return figure


def _height(answers: Mapping) -> float:
  """Rows that a panel takes, with its title and its ticks."""
  return len(answers) + 1.6


def _draw(axes: Axes, question: str, answers: Mapping) -> None:
  """Draws one panel."""
  for row, (value, error, chosen) in enumerate(answers.values()):
    axes.errorbar(
      value,
      row,
      xerr=_CONFIDENCE * error,
      color=style.FIRST if chosen else style.SECOND,
      marker="o" if chosen else "s",
      markerfacecolor=style.FIRST if chosen else "white",
      markersize=4,
      capsize=2.5,
      elinewidth=1.0,
    )
    if chosen:
      axes.axvline(value, color=style.QUIET, linewidth=0.8, linestyle=":")
  axes.locator_params(axis="x", nbins=_TICKS)
  names = [textwrap.fill(answer, _LONGEST_NAME) for answer in answers]
  axes.set_yticks(range(len(answers)), names)
  axes.set_ylim(len(answers) - 0.5, -0.5)
  axes.set_title(question, loc="right")  # the left is the answers' alone
