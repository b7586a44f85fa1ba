"""The manifold's grid against SciPy's quantiles, and the picture's two scales."""

import numpy as np
import pytest
import scipy.stats

from aevb_tf import plots


@pytest.mark.parametrize("n", [1, 2, 5, 20])
def test_grid_is_the_normal_quantiles_of_cell_centres(n):
  z = plots.manifold_grid(n)
  assert z.dtype == np.float32 and z.shape == (n * n, 2)
  quantiles = scipy.stats.norm.ppf((np.arange(n) + 0.5) / n)
  z = z.reshape(n, n, 2)
  # Rows from the top: z1 grows to the right, z2 upwards. Both sides are right to
  # double precision, so that a float32 apart by its last place is all that is left;
  # the 1e-15 is the median's, which SciPy and Python may put a rounding off zero.
  right, up = np.broadcast_to(quantiles, (n, n)), quantiles[::-1, None] + np.zeros(n)
  np.testing.assert_allclose(z[..., 0], right, rtol=2**-23, atol=1e-15)
  np.testing.assert_allclose(z[..., 1], up, rtol=2**-23, atol=1e-15)


def test_images_lie_where_their_latents_are():
  n = 4
  z = plots.manifold_grid(n)
  # Each image is one grey: Phi(z1) in the first picture, Phi(z2) in the second.
  for axis in (0, 1):
    grey = scipy.stats.norm.cdf(z[:, axis]).astype(np.float32)
    images = np.broadcast_to(grey[:, None, None, None], (n * n, 3, 3, 1))
    image = plots.manifold(images, n).axes[0].get_images()[0]
    assert image.get_extent() == [0.0, 1.0, 0.0, 1.0] and image.origin == "upper"
    centres = (np.arange(n) + 0.5) / n
    middle = np.asarray(image.get_array())[1::3, 1::3]
    expected = np.broadcast_to(centres if axis == 0 else centres[::-1, None], (n, n))
    np.testing.assert_allclose(middle, expected, rtol=2**-22)


def test_axes_carry_z_and_its_cdf():
  figure = plots.manifold(np.zeros((9, 4, 6, 1)), 3, title="sheet")
  (axes,) = figure.axes
  figure.draw_without_rendering()
  assert axes.get_title() == "sheet"
  assert (axes.get_xlabel(), axes.get_ylabel()) == ("$z_1$", "$z_2$")
  for axis in (axes.xaxis, axes.yaxis):
    values = [
      float(t.get_text().replace("\N{MINUS SIGN}", "-")) for t in axis.get_ticklabels()
    ]
    assert values == [-2, -1, -0.5, 0, 0.5, 1, 2]
    np.testing.assert_allclose(
      axis.get_ticklocs(), scipy.stats.norm.cdf(values), rtol=1e-14
    )
  top, right = axes.child_axes
  assert top.get_xlabel() == r"$\Phi(z_1)$" and right.get_ylabel() == r"$\Phi(z_2)$"
  np.testing.assert_array_equal(top.get_xticks(), [0, 0.25, 0.5, 0.75, 1])
  # Pixels stay square: the sheet is 12 by 18 pixels.
  assert axes.get_aspect() == 12 / 18


@pytest.mark.parametrize("n", [0, -1, 2.0, True, "3"])
def test_a_side_is_a_positive_int(n):
  with pytest.raises(ValueError, match="side of the grid"):
    plots.manifold_grid(n)


def test_the_sheet_needs_every_image():
  with pytest.raises(ValueError, match=r"the 9 images of manifold_grid\(3\); got 8"):
    plots.manifold(np.zeros((8, 4, 4, 1)), 3)
  with pytest.raises(ValueError, match=r"\[n, height, width, channels\]"):
    plots.manifold(np.zeros((9, 16)), 3)
