"""Variances over samples: logarithmic axes, intervals that stay positive."""

import numpy as np
import pytest

from experiments.plots.gradient_variance import gradient_variance

SERIES = {
  "A": np.array([[1, 4.0, 0.4], [4, 1.0, 0.1]]),
  "B": np.array([[1, 2.0, 4.0]]),
}


def test_points_and_intervals_are_where_they_belong():
  (axes,) = gradient_variance(SERIES).axes
  assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
  line, wide = (container for container in axes.containers)
  np.testing.assert_array_equal(line.lines[0].get_xdata(), [1, 4])
  np.testing.assert_array_equal(line.lines[0].get_ydata(), [4.0, 1.0])
  ((low, high),) = (s[:, 1] for s in wide.lines[2][0].get_segments())
  # Even where the error is twice the variance.
  np.testing.assert_allclose([low, high], 2.0 * np.exp([-1.96 * 2, 1.96 * 2]))
  assert [t.get_text() for t in axes.get_xticklabels()] == ["1", "4"]


@pytest.mark.parametrize(
  "series, message",
  [({}, "empty"), ({"A": np.array([[1, 0.0, 0.1]])}, r"series\['A'\].*positive")],
)
def test_what_cannot_be_drawn_is_refused(series, message):
  with pytest.raises(ValueError, match=message):
    gradient_variance(series)
