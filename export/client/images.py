"""PNG files to pixels in [0, 1], and back."""

import io
import os
from collections.abc import Sequence

import numpy as np
import PIL.Image

_MODES = {1: "L", 3: "RGB"}


def read(
  paths: Sequence[str | os.PathLike | io.BytesIO], channels: int | None = None
) -> np.ndarray:
  """Reads images of one size.

  Args:
    paths: PNG files, or others that Pillow reads.
    channels: 1 for grey, 3 for colours; by default as the first file.

  Returns:
    float32 `[n, height, width, channels]` in [0, 1].

  Raises:
    ValueError: A file is not an image, or of another size than the first.
  """
  pictures = []
  for path in paths:
    try:
      with PIL.Image.open(path) as opened:
        image: PIL.Image.Image = opened
        if image.mode.startswith("I"):  # 16 bits, which `convert` would cut off
          image = PIL.Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        if channels is None:
          channels = 1 if image.mode in ("1", "L", "LA") else 3
        pixels = np.asarray(image.convert(_MODES[channels]), np.float32) / 255
    except (PIL.UnidentifiedImageError, SyntaxError) as error:
      raise ValueError(f"{path} is not an image: {error}") from error
    pictures.append(pixels.reshape(*pixels.shape[:2], channels))
    if pictures[-1].shape != pictures[0].shape:
      raise ValueError(
        f"{path} is {pictures[-1].shape[:2]} pixels, {paths[0]} {pictures[0].shape[:2]}."
      )
  return np.stack(pictures)


def encode(pixels: np.ndarray) -> bytes:
  """A PNG file's content.

  Args:
    pixels: `[height, width, 1 or 3]`, in [0, 1]; values outside are clipped.

  Raises:
    ValueError: The pixels are not an image of one or three channels.
  """
  if pixels.ndim != 3 or pixels.shape[-1] not in _MODES:
    raise ValueError(f"Values of shape {pixels.shape} are not a grey or colour image.")
  levels = np.rint(255 * np.clip(pixels, 0.0, 1.0)).astype(np.uint8)
  image = PIL.Image.fromarray(levels[..., 0] if levels.shape[-1] == 1 else levels)
  file = io.BytesIO()
  image.save(file, format="PNG")
  return file.getvalue()


def decode(files: np.ndarray) -> np.ndarray:
  """The pixels of PNG files.

  Args:
    files: Their contents, `[n]`.

  Returns:
    float32 `[n, height, width, 1 or 3]` in [0, 1].

  Raises:
    ValueError: One is not an image, or of another size than the first.
  """
  try:
    return read([io.BytesIO(content) for content in np.ravel(files).tolist()])
  except OSError as error:  # cut off
    raise ValueError(f"It is not an image: {error}") from error
