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


def labels_of(axis):
  return [tick.get_text() for tick in axis.get_ticklabels()]


def test_reconstructions_have_the_names_of_their_examples():
  figure = plots.reconstructions(images(5), images(5), columns=3, names=range(5))
  first, second = figure.axes
  assert labels_of(first.xaxis) == ["0", "1", "2"]
  assert labels_of(second.xaxis) == ["3", "4"]
  # Images are 5 pixels wide, with one between them; the first pixel lies around 0.
  np.testing.assert_allclose(first.get_xticks(), [2, 8, 14])
  with pytest.raises(ValueError, match="names must be 5 names"):
    plots.reconstructions(images(5), images(5), names=["a"])


def test_conditions_are_rows_and_z_are_columns():
  x = images(12).reshape(3, 4, 6, 5, 1)
  figure = plots.by_condition(x, ["cat", 7, "a long name of a class"], title="pets")
  (axes,) = figure.axes
  np.testing.assert_array_equal(drawn(axes), plots.tile(x.reshape(12, 6, 5, 1), 4))
  assert axes.get_title() == "pets"
  assert labels_of(axes.yaxis) == ["cat", "7", "a long…a class"]
  np.testing.assert_allclose(axes.get_yticks(), [2.5, 9.5, 16.5], atol=0.5)


def test_many_conditions_are_cut_off():
  (axes,) = plots.by_condition(np.zeros((30, 2, 3, 3, 1)), range(30)).axes
  assert len(axes.get_yticks()) == 20
  assert axes.get_title().endswith("(first 20 of 30 conditions)")


@pytest.mark.parametrize(
  "shape, names, message",
  [
    ((6, 4, 4, 1), "abcdef", "conditions, n, height"),
    ((2, 1, 4, 4, 1), "a", "2 names"),
  ],
)
def test_conditions_without_a_grid_are_refused(shape, names, message):
  with pytest.raises(ValueError, match=message):
    plots.by_condition(np.zeros(shape), names)
