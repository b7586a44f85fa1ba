"""Which data a page can show."""

import pytest

from aevb_tf.export.web import event_images


@pytest.mark.parametrize(
  ("event_shape", "image_shape", "expected"),
  [
    ((28, 28, 1), None, (28, 28, 1)),
    ((28, 20), None, (28, 20, 1)),
    ((32, 24, 3), None, (32, 24, 3)),
    ((784,), None, (28, 28, 1)),
    ((560,), (28, 20), (28, 20, 1)),
    ((48,), (4, 4, 3), (4, 4, 3)),
  ],
)
def test_images_are_known_by_their_shape(event_shape, image_shape, expected):
  assert event_images.shape_of(event_shape, image_shape) == expected


@pytest.mark.parametrize(
  ("event_shape", "image_shape", "message"),
  [
    ((560,), None, r"\(560,\) are no square: say which they are with image_shape="),
    ((560,), (28, 21), r"image_shape=\(28, 21\) has 588 values, .* have 560"),
    ((3, 4, 5, 6), None, "are none. Export it in another format"),
    ((1, 300, 1), None, "1 x 300 pixels are a strip"),
    ((), None, "are none"),
  ],
)
def test_what_is_no_image_is_refused_with_the_reason(event_shape, image_shape, message):
  with pytest.raises(ValueError, match=message):
    event_images.shape_of(event_shape, image_shape)
