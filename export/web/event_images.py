"""Which events a page can show: images, `[height, width]` or with channels."""

import math
from collections.abc import Sequence

# Below this, an image is a strip: there is nothing to draw on.
_SMALLEST_SIDE = 4
_ADVICE = "Export it in another format, such as tflite."


def shape_of(
  event_shape: Sequence[int], image_shape: Sequence[int] | None = None
) -> tuple[int, int, int]:
  """The shape of the images that a model's data are.

  Args:
    event_shape: Of one datum: `(height, width)`, `(height, width, channels)`, or
      `(D,)`, a flat image, which is a square unless `image_shape` says otherwise.
    image_shape: For flat events: `(height, width)` or `(height, width, channels)`.

  Returns:
    `(height, width, channels)`.

  Raises:
    ValueError: Data of this shape are no images, or not of that shape.
  """
  shape = tuple(event_shape)
  if image_shape is not None:
    if math.prod(image_shape) != math.prod(shape):
      raise ValueError(
        f"image_shape={tuple(image_shape)} has {math.prod(image_shape)} values, but the"
        f" model's data, of shape {shape}, have {math.prod(shape)}."
      )
    shape = tuple(image_shape)
  elif len(shape) == 1:
    side = math.isqrt(shape[0])
    if side * side != shape[0]:
      raise ValueError(
        f"The page shows images, and data of shape {shape} are no square: say which "
        "they are with image_shape=(height, width)."
      )
    shape = (side, side)
  if len(shape) == 2:
    shape = (*shape, 1)
  if len(shape) != 3:
    raise ValueError(
      f"The page shows images, [height, width] or with channels, and data of shape "
      f"{shape} are none. {_ADVICE}"
    )
  if min(shape[:2]) < _SMALLEST_SIDE:
    raise ValueError(
      f"The page shows images, and {shape[0]} x {shape[1]} pixels are a strip: nothing "
      f"could be drawn on it. {_ADVICE}"
    )
  return shape
