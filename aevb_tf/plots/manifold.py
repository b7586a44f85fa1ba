"""The manifold of two latents (App. A): the inverse Gaussian CDF of the unit square.

Equal steps in Phi(z) have equal probability under the prior, so every image in the
plot represents the same probability.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from aevb_tf.plots import grids, of_models, style

if TYPE_CHECKING:
  from matplotlib.figure import Figure

_NORMAL = statistics.NormalDist()
_Z_TICKS = (-2, -1, -0.5, 0, 0.5, 1, 2)
_CDF_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


def _check_side(n: int) -> None:
  if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
    raise ValueError(f"n, the side of the grid, must be a positive int; got {n!r}.")


def manifold_grid(n: int) -> np.ndarray:
  """The latents whose decoded images `manifold` draws.

  Args:
    n: Images along each side.

  Returns:
    z, float32 `[n * n, 2]`: the inverse Gaussian CDF of the centres of the n x n cells
    of the unit square. Rows of the plot are from top to bottom, each from left to
    right: z1 grows to the right, z2 grows upwards.

  Raises:
    ValueError: `n` is not a positive int.
  """
  _check_side(n)
  quantiles = np.array(
    [_NORMAL.inv_cdf((i + 0.5) / n) for i in range(n)], dtype=np.float32
  )
  z2, z1 = np.meshgrid(quantiles[::-1], quantiles, indexing="ij")
  return np.stack([z1.ravel(), z2.ravel()], axis=-1)


def _checked(model):
  of_models.check_built(model)
  prior = model.prior.family_name
  if model.latent_dim != 2 or prior != "standard_normal":
    raise ValueError(
      f"A manifold needs two latents with a standard normal prior, and the model has "
      f"{model.latent_dim} with {type(model.prior).__name__}: use `traversals`."
    )
  return model


@style.styled
def manifold(
  images: ArrayLike | Any,
  n: int = 20,
  *,
  condition: Any = None,
  title: str = "Learned data manifold",
) -> Figure:
  """Draws the decoded `manifold_grid(n)` as a grid of images without gaps.

  Ticks at the bottom and at the left are values of z. Those at the top and at the right
  are Phi(z), the prior CDF, on a linear scale.

  Args:
    images: A model of images with two latents and a standard normal prior; or the mean
      of p(x|z) at `manifold_grid(n)`, `[n * n, height, width, channels]`.
    n: Images along each side.
    condition: One condition, of a model with a condition.
    title: Title of the plot.

  Returns:
    The figure.

  Raises:
    ValueError: `images` is not a batch of n * n images, or the model has other latents.
  """
  _check_side(n)
  if of_models.is_model(images):
    images = of_models.decoded(_checked(images), manifold_grid(n), condition)
  images = grids.as_images(images, "images")
  if len(images) != n * n:
    raise ValueError(
      f"images must be the {n * n} images of manifold_grid({n}); got {len(images)}."
    )
  picture = grids.tile(images, n, padding=0)
  aspect = picture.shape[0] / picture.shape[1]
  # Axes and title take 1.1 inches of both the width and the height.
  figure = style.new_figure(style.WIDTH, 1.1 + (style.WIDTH - 1.1) * aspect)
  axes = figure.subplots()
  grids.show(axes, picture, extent=(0.0, 1.0, 0.0, 1.0), aspect=aspect)
  axes.spines[:].set_visible(False)
  axes.set_title(title + grids.channel_note(images), pad=10)

  positions = [_NORMAL.cdf(z) for z in _Z_TICKS]
  names = [style.number(z, digits=int(z % 1 != 0)) for z in _Z_TICKS]
  axes.set_xticks(positions, names)
  axes.set_yticks(positions, names)
  axes.set_xlabel("$z_1$")
  axes.set_ylabel("$z_2$")
  top, right = axes.secondary_xaxis("top"), axes.secondary_yaxis("right")
  top.set_xticks(_CDF_TICKS)
  right.set_yticks(_CDF_TICKS)
  top.set_xlabel(r"$\Phi(z_1)$")
  right.set_ylabel(r"$\Phi(z_2)$")
  for edge in (top, right):
    edge.spines[:].set_visible(False)
  return figure
