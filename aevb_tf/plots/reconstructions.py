"""Reconstructions: each example above its reconstruction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from aevb_tf.plots import grids, style

if TYPE_CHECKING:
  from matplotlib.figure import Figure

# White pixels between an example and its reconstruction, and between neighbours.
_PADDING = 1
_FEWEST_COLUMNS = 5

# Inches for the names of the rows, the title, and the margin around the pictures.
_NAMES = 0.95
_TITLE = 0.32
_MARGIN = 0.06


def _pair(x: np.ndarray, x_mean: np.ndarray, columns: int) -> np.ndarray:
  """Originals above reconstructions, one row each; short rows are filled with white."""
  blank = np.ones((columns - len(x), *x.shape[1:]), np.float32)
  return grids.tile(
    np.concatenate([x, blank, x_mean, blank]), columns, padding=_PADDING
  )


@style.styled
def reconstructions(
  x: ArrayLike,
  x_mean: ArrayLike,
  *,
  columns: int = 10,
  title: str = "Reconstructions from the posterior mean",
) -> Figure:
  """Draws originals and reconstructions in pairs of rows.

  Args:
    x: Examples, `[n, height, width, channels]` in [0, 1]. NaN marks a missing value,
      which is drawn blue.
    x_mean: Their reconstructions, with the same shape.
    columns: Images per row; with fewer than five examples, the rest is white.
    title: Title of the plot.

  Returns:
    The figure.

  Raises:
    ValueError: An argument is not a batch of images, the shapes differ, or `columns` is
      below 1.
  """
  x, x_mean = grids.with_missing(x, x_mean)
  x = grids.as_images(x, "x")
  x_mean = grids.as_images(x_mean, "x_mean")
  if x.shape != x_mean.shape:
    raise ValueError(
      f"x and x_mean must have the same shape; got {x.shape} and {x_mean.shape}."
    )
  if columns < 1:
    raise ValueError(f"columns must be at least 1; got {columns}.")
  # One or two pictures do not fill the width.
  columns = min(columns, max(len(x), _FEWEST_COLUMNS))
  pairs = [
    _pair(x[i : i + columns], x_mean[i : i + columns], columns)
    for i in range(0, len(x), columns)
  ]

  height, width = pairs[0].shape[:2]
  picture_width = style.WIDE - _NAMES - _MARGIN
  picture_height = picture_width * height / width
  total_height = _TITLE + len(pairs) * (picture_height + 2 * _MARGIN)
  figure = style.new_figure(style.WIDE, total_height)
  # Placed by hand: automatic layout measures the names before it shrinks a picture to
  # its aspect ratio, and cuts them off.
  figure.set_layout_engine("none")
  for i, picture in enumerate(pairs):
    bottom = total_height - _TITLE - (i + 1) * picture_height - 2 * i * _MARGIN
    left, bottom = _NAMES / style.WIDE, bottom / total_height
    size = (picture_width / style.WIDE, picture_height / total_height)
    axes = figure.add_axes((left, bottom, *size))
    grids.show(axes, picture)
    grids.bare(axes)
    middle = (height - _PADDING) / 4 - 0.5
    axes.set_yticks([middle, height - 1 - middle])
    axes.set_yticklabels(["original", "reconstruction"])
    axes.tick_params(length=0)
  figure.axes[0].set_title(title + grids.channel_note(x))
  return figure
