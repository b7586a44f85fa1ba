"""Tiling, pixel for pixel."""

import numpy as np
import pytest

from aevb_tf.plots import grids


def test_tile_places_every_pixel():
  images = np.arange(3 * 2 * 2, dtype=np.float32).reshape(3, 2, 2, 1) / 16
  expected = np.array(
    [
      [0, 1, 16, 4, 5],
      [2, 3, 16, 6, 7],
      [16, 16, 16, 16, 16],
      [8, 9, 16, 16, 16],
      [10, 11, 16, 16, 16],
    ],
    np.float32,
  )
  picture = grids.tile(images, columns=2)
  assert picture.dtype == np.float32
  np.testing.assert_array_equal(picture * 16, expected)


def test_tile_without_padding_is_the_block_matrix():
  images = np.random.default_rng(0).random((6, 4, 5, 1), np.float32)
  rows = [np.hstack(images[3 * r : 3 * r + 3, ..., 0]) for r in range(2)]
  np.testing.assert_array_equal(
    grids.tile(images, columns=3, padding=0), np.vstack(rows)
  )


@pytest.mark.parametrize("channels, shape", [(1, (4, 9)), (2, (4, 9)), (3, (4, 9, 3))])
def test_tile_draws_one_or_three_channels(channels, shape):
  images = np.random.default_rng(0).random((2, 4, 4, channels), np.float32)
  picture = grids.tile(images, columns=2)
  assert picture.shape == shape
  kept = images[0] if channels == 3 else images[0, ..., 0]
  np.testing.assert_array_equal(picture[:, :4], kept)


def test_channel_note_tells_of_channels_left_out():
  notes = [grids.channel_note(np.zeros((1, 2, 2, c))) for c in (1, 2, 3)]
  assert notes == ["", " (first of 2 channels)", ""]


def test_values_are_clipped_and_bytes_scaled():
  real = np.array([-1.0, 0.25, 1.0, 7.0]).reshape(1, 2, 2, 1)
  np.testing.assert_array_equal(
    grids.tile(real, columns=1), np.float32([[0, 0.25], [1, 1]])
  )
  levels = np.array([0, 51, 102, 255], np.uint8).reshape(1, 2, 2, 1)
  np.testing.assert_array_equal(
    grids.tile(levels, columns=1) * 255, np.float32([[0, 51], [102, 255]])
  )


def test_a_strip_is_made_tall_enough_to_see():
  strips = np.random.default_rng(0).random((2, 1, 32, 1), np.float32)
  picture = grids.tile(strips, columns=1, padding=0)
  np.testing.assert_array_equal(picture, np.repeat(strips[:, 0, :, 0], 4, axis=0))


def bad_pixel():
  images = np.zeros((3, 2, 2, 1))
  images[1, 0, 1, 0] = np.nan
  return images


@pytest.mark.parametrize(
  "images, message",
  [
    (np.zeros((5, 784)), r"\[n, height, width, channels\].*\(5, 784\).*strips"),
    (np.zeros((0, 2, 2, 1)), "is empty"),
    (np.zeros((1, 2, 2, 1), np.int64), "int64"),
    (bad_pixel(), r"images\[1\] has values that are not finite"),
  ],
)
def test_data_that_are_not_images_are_refused(images, message):
  with pytest.raises(ValueError, match=message):
    grids.tile(images, columns=1)


@pytest.mark.parametrize("options", [{"columns": 0}, {"columns": 1, "padding": -1}])
def test_impossible_layouts_are_refused(options):
  with pytest.raises(ValueError, match="must"):
    grids.tile(np.zeros((1, 2, 2, 1)), **options)


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_missing_pixels_are_blue(channels):
  x = np.full((2, 3, 3, channels), 0.5, np.float32)
  x[0, 1, 2, 0] = np.nan
  coloured, others = grids.with_missing(x, np.zeros_like(x))
  assert coloured.shape == others.shape == (2, 3, 3, 3)
  np.testing.assert_allclose(coloured[0, 1, 2], [0.34, 0.71, 0.91], rtol=1e-6)
  assert np.sum(coloured != 0.5) == 3
  whole = np.nan_to_num(x)
  assert grids.with_missing(whole, whole)[0] is whole
