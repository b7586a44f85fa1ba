"""Grids side by side: each image in its place, all of one height."""

import numpy as np
import pytest

from aevb_tf import plots
from experiments.plots.mosaics import mosaics


def test_each_panel_is_its_tiled_images():
  rng = np.random.default_rng(0)
  digits, faces = rng.random((4, 28, 28, 1)), rng.random((4, 28, 20, 1))
  figure = mosaics({"digits": digits, "faces": faces}, 2, title="Title")
  left, right = figure.axes
  np.testing.assert_array_equal(
    left.images[0].get_array(), plots.tile(digits, 2, padding=0)
  )
  assert right.images[0].get_array().shape == (56, 40)
  assert [axes.get_title() for axes in figure.axes] == ["digits", "faces"]
  figure.draw_without_rendering()
  heights = [axes.get_window_extent().height for axes in figure.axes]
  np.testing.assert_allclose(*heights, rtol=0.02)


@pytest.mark.parametrize(
  "panels, message",
  [({}, "empty"), ({"digits": np.zeros((4, 784))}, "digits must be images")],
)
def test_what_cannot_be_drawn_is_refused(panels, message):
  with pytest.raises(ValueError, match=message):
    mosaics(panels, 2, title="")
