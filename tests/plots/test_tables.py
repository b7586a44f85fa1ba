"""Marginals and correlations of a table: what is drawn where."""

import numpy as np
import pytest

from aevb_tf import plots
from aevb_tf.plots import tables

DATA = {
  "height": np.linspace(0.0, 10.0, 201),
  "pet": np.array(["dog", "cat", "dog", None], object),
  "day": np.datetime64("2020-01-01") + np.arange(100),
}


def test_histograms_are_the_shares_of_equal_bins():
  samples = {**DATA, "height": DATA["height"] / 2}
  axes = plots.marginals(DATA, samples).axes[0]
  data, drawn = (patch.get_data() for patch in axes.patches)
  np.testing.assert_array_equal(data.edges, drawn.edges)
  np.testing.assert_allclose(data.values.sum(), 1.0)
  np.testing.assert_allclose(drawn.values.sum(), 1.0)
  np.testing.assert_allclose(data.edges[[0, -1]], [0.05, 9.95])
  assert np.all(drawn.values[13:] == 0.0)


@pytest.mark.parametrize("most", [0.0, 5.0])
def test_the_bins_of_a_column_of_which_nearly_all_values_are_equal(most):
  column = {"rain": np.r_[np.full(9990, most), most + np.arange(1.0, 11.0) / 4]}
  data, _ = (p.get_data() for p in plots.marginals(column, column).axes[0].patches)
  np.testing.assert_allclose(data.edges[[0, -1]], [most - 0.5, most + 0.5])
  np.testing.assert_allclose(data.values[[12, 18, -1]], [0.999, 1e-4, 9e-4])


def test_bins_may_end_at_zero():
  column = {"debt": np.linspace(-10.0, 0.0, 201)}
  column["debt"][-3:] = 0.0
  data, _ = (p.get_data() for p in plots.marginals(column, column).axes[0].patches)
  assert data.edges[-1] == 0.0


def test_the_legend_explains_the_outermost_bins_of_histograms():
  def legend(names):
    columns = {name: DATA[name] for name in names}
    return [
      text.get_text() for text in plots.marginals(columns, columns).legends[0].texts
    ]

  note = "outermost bins hold all values beyond them"
  assert legend(["pet", "height"]) == ["data", "samples", note]
  assert legend(["pet"]) == ["data", "samples"]


def test_bars_are_the_shares_of_levels_by_frequency():
  samples = {**DATA, "pet": np.array(["cat", "cat", "hen", "dog"])}
  axes = plots.marginals(DATA, samples).axes[1]
  heights = [bar.get_height() for bar in axes.patches]
  np.testing.assert_allclose(heights, [2 / 3, 1 / 3, 1 / 4, 2 / 4])
  assert [t.get_text() for t in axes.get_xticklabels()] == ["dog", "cat"]


def test_panels_are_named_and_limited():
  figure = plots.marginals(DATA, DATA)
  assert [axes.get_title() for axes in figure.axes] == ["height", "pet", "day"]
  many = {f"c{i}": np.arange(20.0) for i in range(33)}
  figure = plots.marginals(many, many, title="T")
  assert figure.get_suptitle() == "T (first 30 of 33 columns)"


@pytest.mark.parametrize(
  "data, samples, message",
  [
    ({}, {}, "data has no columns"),
    (DATA, {"height": [1.0]}, "samples has no column 'pet'"),
    ({"a": [np.nan]}, {"a": [1.0]}, "column 'a' has no values"),
  ],
)
def test_marginals_that_cannot_be_drawn(data, samples, message):
  with pytest.raises(ValueError, match=message):
    plots.marginals(data, samples)


def test_rank_correlations():
  from scipy import stats

  rows = np.random.default_rng(0).normal(size=(40, 3)) @ np.triu(np.ones((3, 3)))
  found = tables.rank_correlations(np.exp(rows))
  np.testing.assert_allclose(found, stats.spearmanr(rows).statistic, rtol=1e-10)
  rows[:, 0] = 1.0
  assert np.isnan(tables.rank_correlations(rows)[0]).all()
  x = np.array([[1, 1], [2, np.nan], [3, 2], [np.nan, 9], [4, 3]], float)
  np.testing.assert_allclose(tables.rank_correlations(x)[0, 1], 1.0, atol=0.1)


def test_correlations_are_drawn_side_by_side():
  rng = np.random.default_rng(0)
  data, samples = rng.normal(size=(30, 3)), rng.normal(size=(20, 3))
  figure = plots.correlations(data, samples, ["a", "b", "c"])
  for axes, title, rows in zip(
    figure.axes, ("data", "samples"), (data, samples), strict=False
  ):
    assert axes.get_title() == title
    image = axes.get_images()[0]
    np.testing.assert_allclose(image.get_array(), tables.rank_correlations(rows))
    assert image.get_clim() == (-1, 1)
  with pytest.raises(ValueError, match=r"samples has shape \(3, 30\)"):
    plots.correlations(data, samples.T[:, :30].repeat(2, 1)[:, :30], ["a", "b", "c"])
  with pytest.raises(ValueError, match="one column"):
    plots.correlations(data[:, :1], data[:, :1], ["a"])
