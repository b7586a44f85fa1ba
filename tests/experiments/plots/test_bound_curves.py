"""Curves over samples: the paper's layout, and lines that differ without colour."""

import numpy as np
import pytest
from matplotlib import colors

from experiments.plots.bound_curves import Line, bound_curves

X = np.array([1e5, 3e5, 1e6, 3e6, 1e7])


def line(name, split, level, published=False):
  return Line(name, split, np.stack([X, level - 50 / np.log10(X)], -1), published)


@pytest.fixture
def figure():
  panel = [
    line(name, split, level)
    for name, level in (("AEVB", -100), ("Wake-sleep", -110))
    for split in ("train", "test")
  ]
  published = [line("AEVB", "test", -101, True), line("AEVB", "train", -99, True)]
  return bound_curves({"few": panel + published, "many": panel}, title="Title")


def test_a_panel_has_its_lines_on_a_logarithmic_axis(figure):
  few, many = figure.axes
  assert (few.get_title(), many.get_title()) == ("few", "many")
  assert few.get_xscale() == "log"
  assert (len(few.lines), len(many.lines)) == (6, 4)
  np.testing.assert_array_equal(few.lines[0].get_xdata(), X)
  assert "nats per example" in few.get_ylabel()
  assert few.get_xlabel() == "training samples evaluated"


def test_train_is_solid_and_test_dashed(figure):
  styles = {entry.get_label(): entry.get_linestyle() for entry in figure.axes[1].lines}
  assert {styles["AEVB, train"], styles["Wake-sleep, train"]} == {"-"}
  assert {styles["AEVB, test"], styles["Wake-sleep, test"]} == {"--"}


def test_the_paper_s_points_are_faint_marks(figure):
  published = [e for e in figure.axes[0].lines if "paper" in e.get_label()]
  assert [e.get_linestyle() for e in published] == ["None", "None"]
  assert all(e.get_alpha() < 0.7 for e in published)
  test, train = (e.get_markerfacecolor() for e in published)
  assert test == "none" != train


def test_methods_differ_in_grey(figure):
  def grey(entry):
    return np.dot(colors.to_rgb(entry.get_color()), (0.299, 0.587, 0.114))

  lines = {e.get_label(): e for e in figure.axes[1].lines}
  assert abs(grey(lines["AEVB, test"]) - grey(lines["Wake-sleep, test"])) > 0.2
  markers = {lines[f"{m}, test"].get_marker() for m in ("AEVB", "Wake-sleep")}
  assert len(markers) == 2


def test_every_curve_ends_inside_of_its_panel(figure):
  for axes in figure.axes:
    low, high = axes.get_ylim()
    for entry in axes.lines:
      assert low < entry.get_ydata()[-1] < high


@pytest.mark.parametrize(
  "lines, message",
  [
    ([], "no curve"),
    ([line("AEVB", "test", 0, published=True)], "no curve"),
    ([line("AEVB", "validation", 0)], "split='validation'"),
    ([Line("AEVB", "test", np.array([[0.0, 1.0]]))], "positive"),
  ],
)
def test_what_cannot_be_drawn_is_refused(lines, message):
  with pytest.raises(ValueError, match=message):
    bound_curves({"panel": lines}, title="")
