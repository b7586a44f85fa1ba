"""Traversals: what each latent changes, a row for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from aevb_tf.plots import grids, of_models, style

if TYPE_CHECKING:
  from matplotlib.figure import Figure

_MOST_ROWS = 10
# A latent is drawn from the 2.5% to the 97.5% quantile of the examples' latents.
_RANGE = (0.025, 0.975)


@style.styled
def traversals(
  vae: Any,
  x: ArrayLike,
  *,
  example: int = 0,
  dimensions: Sequence[int] | None = None,
  columns: int = 11,
  condition: Any = None,
  title: str | None = None,
) -> Figure:
  """Draws the mean of p(x|z) while one latent changes and the others stay.

  Each row changes one latent, from the 2.5% to the 97.5% quantile of the examples'
  latents; the others are those of one example.

  Args:
    vae: A built model of images, with an encoder.
    x: Examples, `[n, height, width, channels]`, n at least 2, for the ranges.
    example: The number of the example whose other latents are kept.
    dimensions: The latents to change, counted from 0; None for those that vary most
      between the examples, at most ten.
    columns: Images per row.
    condition: That of each example, or one for all, of a model with a condition; the
      example's own is decoded with.
    title: Title of the plot.

  Returns:
    The figure.

  Raises:
    ValueError: An argument is out of range, or the model is not one of images.
  """
  z = of_models.means(vae, x, condition)
  if len(z) < 2 or not -len(z) <= example < len(z):
    raise ValueError(
      f"x has {len(z)} examples: there must be two or more, and example={example} must be "
      "one of them."
    )
  if columns < 2:
    raise ValueError(f"columns must be at least 2; got {columns}.")
  if dimensions is None:
    order = np.argsort(-z.std(axis=0), kind="stable")
    dimensions = order[:_MOST_ROWS].tolist()
  wrong = [j for j in dimensions if not 0 <= j < z.shape[1]]
  if wrong or not len(dimensions):
    raise ValueError(
      f"dimensions={list(dimensions)!r} must be latents from 0 to {z.shape[1] - 1}."
    )
  rows = np.tile(z[example], (len(dimensions), columns, 1))
  ranges = np.quantile(z[:, list(dimensions)], _RANGE, axis=0).T
  for i, (j, (low, high)) in enumerate(zip(dimensions, ranges, strict=True)):
    rows[i, :, j] = np.linspace(low, high, columns)
  given = condition
  if condition is not None and np.ndim(condition) and len(condition) == len(z):
    given = condition[example]
  images = of_models.decoded(vae, rows.reshape(-1, z.shape[1]), given)
  picture = grids.tile(images, columns, name="the model's images")
  height, width = picture.shape[:2]
  figure = style.new_figure(style.WIDE, 0.6 + (style.WIDE - 0.9) * height / width)
  axes = figure.subplots()
  grids.show(axes, picture)
  grids.bare(axes)
  cell = (height + 1) / len(dimensions)
  middles = [(i + 0.5) * cell - 1 for i in range(len(dimensions))]
  names = [
    f"$z_{{{j + 1}}}$: {low:.1f} to {high:.1f}"
    for j, (low, high) in zip(dimensions, ranges, strict=True)
  ]
  axes.set_yticks(middles, names)
  axes.tick_params(length=0, pad=2)
  if title is None:
    title = "Traversals: a row changes one latent of an example"
  axes.set_title(title + grids.channel_note(images))
  return figure
