"""A plot of several grids of images side by side, as in figures 4 and 5."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from aevb_tf.plots import grids, style

if TYPE_CHECKING:
  from matplotlib.figure import Figure


@style.styled
def mosaics(
  panels: Mapping[str, ArrayLike], columns: int, *, title: str, padding: int = 0
) -> Figure:
  """Draws a grid of images for each panel, all of the same height.

  Args:
    panels: Title of each panel -> images `[n, height, width, channels]` in [0, 1], row
      by row.
    columns: Images in a row of each grid.
    title: Above all panels.
    padding: White pixels between neighbours.

  Returns:
    The figure.

  Raises:
    ValueError: There is no panel, or what is given is not a batch of images.
  """
  if not panels:
    raise ValueError("panels is empty: there is no grid of images to draw.")
  pictures = {
    name: grids.tile(images, columns, padding=padding, name=name)
    for name, images in panels.items()
  }
  shapes = [np.divide(*picture.shape[1::-1]) for picture in pictures.values()]
  height = (style.WIDE - 0.3) / sum(shapes)
  figure = style.new_figure(style.WIDE, height + 0.55)
  row = figure.subplots(1, len(pictures), squeeze=False, width_ratios=shapes)[0]
  for axes, (name, picture) in zip(row, pictures.items(), strict=True):
    grids.show(axes, picture)
    grids.bare(axes)
    axes.set_title(name)
  figure.suptitle(title)
  return figure
