"""Many images as one: checks, and the tiling that every image plot shares.

Events are images, `[height, width, channels]`. One channel is drawn grey, three as
RGB; of any other number the first is drawn, and the figure says so. An event of
height one is a strip, made tall enough to be seen. Vectors `[n, D]` are refused:
only their owner knows whether a square or a strip is meant.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
  from matplotlib.axes import Axes
  from matplotlib.image import AxesImage

# A strip is an eighth as tall as it is wide.
_STRIP_ASPECT = 8


def as_images(x: ArrayLike, name: str) -> np.ndarray:
  """Checks a batch of images and brings it into [0, 1].

  Args:
    x: `[n, height, width, channels]`; floating point in [0, 1] (what lies outside is
      clipped), bool, or uint8 in [0, 255].
    name: What error messages call it.

  Returns:
    float32 `[n, height, width, channels]`.

  Raises:
    ValueError: Wrong rank, nothing to draw, another dtype, or a non-finite value.
  """
  x = np.asarray(x)
  if x.ndim != 4:
    raise ValueError(
      f"{name} must be images [n, height, width, channels]; got shape {x.shape}. "
      "Reshape vectors [n, D] to images, or to strips with x[:, None, :, None]."
    )
  if not x.size:
    raise ValueError(f"{name} holds nothing to draw: its shape is {x.shape}.")
  if x.dtype == np.uint8:
    return x.astype(np.float32) / np.float32(255)
  if x.dtype != np.bool_ and not np.issubdtype(x.dtype, np.floating):
    raise ValueError(
      f"{name} must be floating point in [0, 1], bool, or uint8 in [0, 255]; "
      f"got dtype {x.dtype}. Convert it."
    )
  x = x.astype(np.float32)
  finite = np.isfinite(x).all(axis=(1, 2, 3))
  if not finite.all():
    raise ValueError(
      f"{name}[{np.flatnonzero(~finite)[0]}] has values that are not finite. "
      "Check the model's output."
    )
  return np.clip(x, 0.0, 1.0)


def cell_size(images: np.ndarray) -> tuple[int, int]:
  """Returns the height and width in pixels at which `tile` draws each image."""
  height, width = images.shape[1:3]
  return (max(1, width // _STRIP_ASPECT) if height == 1 else height), width


def tile(
  images: ArrayLike, columns: int, *, padding: int = 1, name: str = "images"
) -> np.ndarray:
  """Lays images out row by row, with white between them and in unfilled cells.

  Args:
    images: `[n, height, width, channels]`, as `as_images` takes them.
    columns: Images in a row, at least 1.
    padding: Pixels between neighbours; none at the rim.
    name: What error messages call the images.

  Returns:
    float32 `[rows, columns]` pixels in [0, 1] when one channel is drawn, else
    `[rows, columns, 3]`.

  Raises:
    ValueError: The images are refused by `as_images`, `columns` is below 1, or
      `padding` is negative.
  """
  images = as_images(images, name)
  if columns < 1:
    raise ValueError(f"columns must be at least 1; got {columns}.")
  if padding < 0:
    raise ValueError(f"padding must not be negative; got {padding}.")
  if images.shape[-1] != 3:
    images = images[..., :1]
  height, width = cell_size(images)
  # Only a strip's cell is taller than its event.
  images = np.repeat(images, height // images.shape[1], axis=1)
  n, channels = len(images), images.shape[-1]
  rows = math.ceil(n / columns)
  cells = np.ones(
    (rows * columns, height + padding, width + padding, channels), np.float32
  )
  cells[:n, :height, :width] = images
  cells = cells.reshape(rows, columns, height + padding, width + padding, channels)
  picture = cells.transpose(0, 2, 1, 3, 4).reshape(
    rows * (height + padding), columns * (width + padding), channels
  )
  picture = picture[: picture.shape[0] - padding, : picture.shape[1] - padding]
  return picture[..., 0] if channels == 1 else picture


def channel_note(x: ArrayLike) -> str:
  """Returns what to add to a title when only the first channel is drawn, or ""."""
  channels = np.shape(x)[-1]
  return "" if channels in (1, 3) else f" (first of {channels} channels)"


def show(axes: Axes, picture: np.ndarray, **kwargs) -> AxesImage:
  """Draws a tiled picture with 0 black and 1 white, never rescaled to its range."""
  axes.grid(False)
  return axes.imshow(picture, cmap="gray", vmin=0.0, vmax=1.0, **kwargs)


def bare(axes: Axes) -> None:
  """Takes ticks and frame away where position carries no quantity."""
  axes.set_xticks([])
  axes.set_yticks([])
  axes.spines[:].set_visible(False)
