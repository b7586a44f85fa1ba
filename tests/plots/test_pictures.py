"""Samples and reconstructions: what is drawn where, and what it is called."""

import numpy as np
import pytest

from aevb_tf import plots


def images(n, channels=1):
  return np.random.default_rng(n).random((n, 6, 5, channels), np.float32)


def drawn(axes):
  return np.asarray(axes.get_images()[0].get_array())


def test_samples_are_tiled_without_rescaling():
  x = images(6) / 2
  figure = plots.samples(x, columns=3, title="six")
  (axes,) = figure.axes
  np.testing.assert_array_equal(drawn(axes), plots.tile(x, 3))
  assert axes.get_images()[0].get_clim() == (0.0, 1.0)
  assert axes.get_title() == "six"


def test_samples_default_to_a_square():
  x = np.zeros((9, 4, 4, 1))
  (axes,) = plots.samples(x).axes
  assert drawn(axes).shape == plots.tile(x, 3).shape


def test_samples_say_that_only_one_channel_is_drawn():
  (axes,) = plots.samples(images(2, channels=4)).axes
  assert axes.get_title().endswith("(first of 4 channels)")


def test_reconstructions_pair_each_example_with_its_own():
  x, x_mean = images(5), images(5)[::-1] / 2
  figure = plots.reconstructions(x, x_mean, columns=3)
  first, second = (drawn(axes) for axes in figure.axes)
  np.testing.assert_array_equal(
    first, plots.tile(np.concatenate([x[:3], x_mean[:3]]), 3)
  )
  blank = np.ones((1, 6, 5, 1))
  np.testing.assert_array_equal(
    second, plots.tile(np.concatenate([x[3:], blank, x_mean[3:], blank]), 3)
  )


def test_reconstructions_name_both_rows_at_their_middles():
  figure = plots.reconstructions(images(2), images(2), title="pairs")
  (axes,) = figure.axes
  assert axes.get_title() == "pairs"
  names = [tick.get_text() for tick in axes.get_yticklabels()]
  assert names == ["original", "reconstruction"]
  # 13 rows of pixels, 6 + 1 + 6; imshow's first row lies from -0.5 to 0.5.
  np.testing.assert_array_equal(axes.get_yticks(), [2.5, 9.5])


@pytest.mark.parametrize(
  "draw, message",
  [
    (lambda: plots.reconstructions(images(3), images(2)), "the same shape"),
    (lambda: plots.reconstructions(np.zeros((3, 4)), images(3)), "^x must be images"),
    (lambda: plots.reconstructions(images(3), np.zeros((3, 4))), "^x_mean must be"),
    (lambda: plots.reconstructions(images(3), images(3), columns=0), "columns"),
    (lambda: plots.samples(np.zeros((3, 4))), "^images must be"),
    (lambda: plots.samples(images(3), columns=0), "columns"),
  ],
)
def test_errors_name_what_is_wrong(draw, message):
  with pytest.raises(ValueError, match=message):
    draw()
