"""The effect of choices: values with error bars, grouped by question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aevb_tf.plots import style

if TYPE_CHECKING:
  from matplotlib.figure import Figure

# Of the normal distribution: 95% lie within so many standard deviations.
_CONFIDENCE = 1.96
_ROW_HEIGHT = 0.26
# Largest number of intervals, since half of the width is used for the answers.
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
      the chosen one, which is filled and has a vertical line.
    title: Title of the figure.
    xlabel: The name and the unit of the values.

  Returns:
    The figure.

  Raises:
    ValueError: There is nothing to draw.
  """
  if not any(groups.values()):
    raise ValueError("groups is empty: there is no answer to draw.")
  heights = [len(answers) + 1.4 for answers in groups.values()]
  figure = style.new_figure(style.WIDTH, _ROW_HEIGHT * sum(heights) + 0.7)
  column = figure.subplots(len(groups), 1, squeeze=False, height_ratios=heights)[:, 0]
  for axes, (question, answers) in zip(column, groups.items(), strict=True):
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
    axes.set_yticks(range(len(answers)), list(answers))
    axes.set_ylim(len(answers) - 0.5, -0.5)
    axes.set_title(question, loc="right")  # the left is used for the answers
  column[-1].set_xlabel(xlabel)
  figure.suptitle(title)
  return figure
