"""Samples given conditions: a row for each condition, a column for each z."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from aevb_tf.plots import grids, style

if TYPE_CHECKING:
  from matplotlib.figure import Figure

_MOST_ROWS = 20


@style.styled
def by_condition(
  images: ArrayLike,
  names: Sequence[object],
  *,
  axes: tuple[str, str] = ("condition $c$", "each column has its own $z$"),
  title: str = r"Samples: mean of $p(x\,|\,z, c)$",
) -> Figure:
  """Draws samples of a model with a condition, one row for each condition.

  Samples with the same seed have the same z, or the same noise if the prior depends on
  the condition. So each column has one z, which shows what the condition changes:

      names = vae.condition.levels
      images = [vae.sample(10, seed=0, condition=name) for name in names]
      aevb_tf.plots.by_condition(images, names)

  Args:
    images: `[C, n, height, width, channels]` in [0, 1], n samples for each of C
      conditions, of which the first 20 are drawn.
    names: Names of the C conditions.
    axes: What the rows and the columns are.
    title: Title of the plot.

  Returns:
    The figure.

  Raises:
    ValueError: `images` has another rank, or the number of names is not C.
  """
  images = np.asarray(images)
  if images.ndim != 5:
    raise ValueError(
      "images must be [conditions, n, height, width, channels]; got shape"
      f" {images.shape}."
    )
  if len(names) != len(images):
    raise ValueError(
      f"names must be {len(images)} names, one for each condition; got {len(names)}."
    )
  if len(images) > _MOST_ROWS:
    title += f" (first {_MOST_ROWS} of {len(images)} conditions)"
  images, names = images[:_MOST_ROWS], names[:_MOST_ROWS]
  columns = images.shape[1]
  flat = grids.as_images(images.reshape(-1, *images.shape[2:]), "images")
  picture = grids.tile(flat, columns)
  height, width = picture.shape[:2]
  # The names take 0.7 inches of the width; title and label 0.45 of the height.
  figure = style.new_figure(style.WIDTH, (style.WIDTH - 0.7) * height / width + 0.45)
  grid = figure.subplots()
  grids.show(grid, picture)
  grids.bare(grid)
  cell = (height + 1) / len(images)
  grid.set_yticks(
    [(i + 0.5) * cell - 1 for i in range(len(images))],
    [style.short(str(name), 14) for name in names],
  )
  grid.tick_params(length=0)
  grid.set_ylabel(axes[0])
  grid.set_xlabel(axes[1])
  grid.set_title(title + grids.channel_note(flat))
  return figure
