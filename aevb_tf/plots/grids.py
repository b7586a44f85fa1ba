"""Checks and tiling of images, shared by all image plots.

Events are images, `[height, width, channels]`. One channel is drawn grey, three as RGB.
For any other number of channels only the first is drawn, and the figure says so. An
event of height 1 is a strip, which is drawn taller. Vectors `[n, D]` are an error,
since only the user knows whether they are squares or strips.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
  from matplotlib.axes import Axes
  from matplotlib.image import AxesImage

# Sky blue of the colour-blind safe palette of Okabe and Ito.
_MISSING = np.array([0.34, 0.71, 0.91], np.float32)
# A strip is an eighth as tall as it is wide.
_STRIP_ASPECT = 8


def as_images(x: ArrayLike, name: str) -> np.ndarray:
  """Checks a batch of images and scales it to [0, 1].

  Args:
    x: `[n, height, width, channels]`; floating point in [0, 1] (other values are
      clipped), bool, or uint8 in [0, 255].
    name: Name of the argument in error messages.

  Returns:
    float32 `[n, height, width, channels]`.

  Raises:
    ValueError: The rank or the dtype is wrong, the batch is empty, or a value is not
      finite.
  """
  x = np.asarray(x)
  if x.ndim != 4:
    raise ValueError(
      f"{name} must be images [n, height, width, channels]; got shape {x.shape}. "
      "Reshape vectors [n, D] to images, or to strips with x[:, None, :, None]."
    )
  if not x.size:
    raise ValueError(f"{name} is empty: its shape is {x.shape}.")
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


def with_missing(x: ArrayLike, others: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
  """Colours the missing pixels of images; both batches then have three channels.

  Args:
    x: `[n, height, width, channels]`; NaN marks a missing value.
    others: Images that are drawn beside them, with as many channels.

  Returns:
    Both; as they are if no value is missing.
  """
  x, others = np.asarray(x), np.asarray(others)
  if x.ndim != 4 or x.dtype.kind != "f" or not np.isnan(x).any():
    return x, others
  missing = np.isnan(x).any(axis=-1, keepdims=True)
  return np.where(missing, _MISSING, _as_rgb(np.nan_to_num(x))), _as_rgb(others)


def _as_rgb(images):
  if images.ndim != 4 or images.shape[-1] == 3:
    return images
  return np.repeat(images[..., :1], 3, axis=-1)


def cell_size(images: np.ndarray) -> tuple[int, int]:
  """Returns the height and width in pixels at which `tile` draws each image."""
  height, width = images.shape[1:3]
  return (max(1, width // _STRIP_ASPECT) if height == 1 else height), width


def tile(
  images: ArrayLike, columns: int, *, padding: int = 1, name: str = "images"
) -> np.ndarray:
  """Tiles images row by row; the space between them and unfilled cells are white.

  Args:
    images: `[n, height, width, channels]`, as for `as_images`.
    columns: Images per row, at least 1.
    padding: Pixels between neighbours; there are none at the border.
    name: Name of the argument in error messages.

  Returns:
    float32 `[rows, columns]` pixels in [0, 1] if one channel is drawn, otherwise
    `[rows, columns, 3]`.

  Raises:
    ValueError: The images fail `as_images`, `columns` is below 1, or `padding` is
      negative.
  """
  images = as_images(images, name)
  if columns < 1:
    raise ValueError(f"columns must be at least 1; got {columns}.")
  if padding < 0:
    raise ValueError(f"padding must not be negative; got {padding}.")
  if images.shape[-1] != 3:
    images = images[..., :1]
  height, width = cell_size(images)
  # Only for strips is a cell taller than its event.
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
  """Returns a note for the title if only the first channel is drawn, otherwise ""."""
  channels = np.shape(x)[-1]
  return "" if channels in (1, 3) else f" (first of {channels} channels)"


def show(axes: Axes, picture: np.ndarray, **kwargs: Any) -> AxesImage:
  """Draws a tiled picture with 0 black and 1 white, without rescaling to its range."""
  axes.grid(False)
  return axes.imshow(picture, cmap="gray", vmin=0.0, vmax=1.0, **kwargs)


def bare(axes: Axes) -> None:
  """Removes ticks and frame of axes without a scale."""
  axes.set_xticks([])
  axes.set_yticks([])
  axes.spines[:].set_visible(False)
