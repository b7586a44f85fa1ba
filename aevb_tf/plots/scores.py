"""Histogram of the scores of examples, with the threshold of an anomaly detector."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from aevb_tf.plots import style

if TYPE_CHECKING:
  from matplotlib.figure import Figure

_BINS = 40


@style.styled
def scores(
  values: ArrayLike, *, threshold: float | None = None, title: str = "Scores"
) -> Figure:
  """Draws a histogram of scores.

  Args:
    values: Scores, `[n]`; higher is stranger.
    threshold: The score above which an example is an anomaly; None for none.
    title: Title of the plot; the number of examples is added.

  Returns:
    The figure.

  Raises:
    ValueError: `values` has another rank, is empty, or has values that are not finite.
  """
  values = np.asarray(values, np.float64)
  if values.ndim != 1 or not values.size or not np.isfinite(values).all():
    raise ValueError(
      f"values must be finite numbers [n], at least one; got shape {values.shape}."
    )
  figure = style.new_figure(style.WIDTH, 0.6 * style.WIDTH)
  axes = figure.subplots()
  axes.hist(values, bins=_BINS, color=style.FIRST)
  if threshold is not None:
    above = int(np.sum(values > threshold))
    axes.axvline(
      threshold, color=style.SECOND, label=f"threshold; {above:,} examples above it"
    )
    axes.legend()
  axes.set_xlabel("score")
  axes.set_ylabel("examples")
  axes.set_title(f"{title}, {len(values):,} examples")
  return figure
