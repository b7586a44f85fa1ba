"""Reconstructions: each example above its reconstruction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from aevb_tf.plots import grids, of_models, style

if TYPE_CHECKING:
  from matplotlib.axes import Axes
  from matplotlib.figure import Figure

# White pixels between an example and its reconstruction, and between neighbours.
_PADDING = 1
_FEWEST_COLUMNS = 5

# Inches for the names of the rows, the title, and the margin around the pictures.
_NAMES = 0.95
_TITLE = 0.32
_MARGIN = 0.06
_NAME_OF_EXAMPLE = 0.16


def _pair(x: np.ndarray, x_mean: np.ndarray, columns: int) -> np.ndarray:
  """Originals above reconstructions, one row each; short rows are filled with white."""
  blank = np.ones((columns - len(x), *x.shape[1:]), np.float32)
  return grids.tile(
    np.concatenate([x, blank, x_mean, blank]), columns, padding=_PADDING
  )


def _name_examples(axes: Axes, names: Sequence[object], cell: float) -> None:
  """Writes names above the pictures of a row, whose cells are `cell` pixels wide."""
  middles = [(j + 0.5) * cell - 1 for j in range(len(names))]
  axes.xaxis.tick_top()
  axes.set_xticks(middles, [style.short(str(name), 10) for name in names])
  axes.tick_params(axis="x", length=0, pad=1)


@style.styled
def reconstructions(
  x: ArrayLike | Any,
  x_mean: ArrayLike,
  *,
  columns: int = 10,
  names: Sequence[object] | None = None,
  condition: Any = None,
  rows: tuple[str, str] = ("original", "reconstruction"),
  title: str = "Reconstructions from the posterior mean",
) -> Figure:
  """Draws originals and reconstructions in pairs of rows.

      aevb_tf.plots.reconstructions(vae, x)
      aevb_tf.plots.reconstructions(x, x_mean)

  Args:
    x: Examples, `[n, height, width, channels]` in [0, 1]. NaN marks a missing value,
      which is drawn blue. Or a model, and the examples are the second argument.
    x_mean: Their reconstructions, with the same shape.
    columns: Images per row; with fewer than five examples, the rest is white.
    names: A name for each example, drawn above it, such as its condition; None for none.
    condition: That of each example, or one for all, of a model with a condition.
    rows: Names of the two rows of a pair.
    title: Title of the plot.

  Returns:
    The figure.

  Raises:
    ValueError: An argument is not a batch of images, the shapes or the number of names
      differ, or `columns` is below 1.
  """
  if of_models.is_model(x):
    model: Any = x
    of_models.check_built(model)
    x, x_mean = x_mean, np.asarray(model.reconstruct(x_mean, condition=condition))
  x, x_mean = grids.with_missing(x, x_mean)
  x = grids.as_images(x, "x")
  x_mean = grids.as_images(x_mean, "x_mean")
  if x.shape != x_mean.shape:
    raise ValueError(
      f"x and x_mean must have the same shape; got {x.shape} and {x_mean.shape}."
    )
  if columns < 1:
    raise ValueError(f"columns must be at least 1; got {columns}.")
  if names is not None and len(names) != len(x):
    raise ValueError(
      f"names must be {len(x)} names, one for each example; got {len(names)}."
    )
  # One or two pictures do not fill the width.
  columns = min(columns, max(len(x), _FEWEST_COLUMNS))
  pairs = [
    _pair(x[i : i + columns], x_mean[i : i + columns], columns)
    for i in range(0, len(x), columns)
  ]

  height, width = pairs[0].shape[:2]
  picture_width = style.WIDE - _NAMES - _MARGIN
  picture_height = picture_width * height / width
  above = 0.0 if names is None else _NAME_OF_EXAMPLE
  total_height = _TITLE + len(pairs) * (picture_height + above + 2 * _MARGIN)
  figure = style.new_figure(style.WIDE, total_height)
  # Placed by hand: automatic layout measures the names before it shrinks a picture to
  # its aspect ratio, and cuts them off.
  figure.set_layout_engine("none")
  for i, picture in enumerate(pairs):
    bottom = total_height - _TITLE - (i + 1) * (picture_height + above)
    bottom -= 2 * i * _MARGIN
    left, bottom = _NAMES / style.WIDE, bottom / total_height
    size = (picture_width / style.WIDE, picture_height / total_height)
    axes = figure.add_axes((left, bottom, *size))
    grids.show(axes, picture)
    grids.bare(axes)
    middle = (height - _PADDING) / 4 - 0.5
    axes.set_yticks([middle, height - 1 - middle])
    axes.set_yticklabels(rows)
    axes.tick_params(length=0, pad=2)
    if names is not None:
      _name_examples(
        axes, names[i * columns : (i + 1) * columns], (width + _PADDING) / columns
      )
  figure.axes[0].set_title(title + grids.channel_note(x))
  return figure
