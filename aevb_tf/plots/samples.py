"""A grid of samples of the model: the mean of p(x|z) for z from the prior."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from aevb_tf.plots import grids, of_models, style

if TYPE_CHECKING:
  from matplotlib.figure import Figure


@style.styled
def samples(
  images: ArrayLike | Any,
  *,
  columns: int | None = None,
  num: int = 36,
  seed: int = 0,
  condition: Any = None,
  title: str = r"Samples: mean of $p(x\,|\,z)$, $z \sim p(z)$",
) -> Figure:
  """Draws samples of the model in a grid.

  Args:
    images: A model of images; or `[n, height, width, channels]` in [0, 1].
    columns: Images per row; by default the grid is about as wide as tall.
    num: Number of samples of a model.
    seed: Of the samples of a model.
    condition: That of all samples of a model with a condition, or of each.
    title: Title of the plot.

  Returns:
    The figure.

  Raises:
    ValueError: `images` is not a batch of images, or `columns` is below 1.
  """
  if of_models.is_model(images):
    of_models.check_built(images)
    images = np.asarray(images.sample(num, seed=seed, condition=condition))
  images = grids.as_images(images, "images")
  if columns is None:
    height, width = grids.cell_size(images)
    columns = math.ceil(math.sqrt(len(images) * height / width))
  picture = grids.tile(images, min(columns, len(images)))
  height, width = picture.shape[:2]
  # The height of the title is added to that of the picture.
  figure = style.new_figure(style.WIDTH, style.WIDTH * height / width + 0.23)
  axes = figure.subplots()
  grids.show(axes, picture)
  grids.bare(axes)
  axes.set_title(title + grids.channel_note(images))
  return figure
