"""KL per dimension: order, who is active and by which criterion, and the ticks."""

import numpy as np
import pytest

from aevb_tf import plots

KL = np.array([0.001, 2.0, 0.01, 0.5])


def test_active_units_exceed_the_threshold():
  np.testing.assert_array_equal(plots.active_units(KL), [False, True, False, True])
  np.testing.assert_array_equal(
    plots.active_units(KL, threshold=1.0), [False, True, False, False]
  )
  # Per example: averaged over the data first.
  np.testing.assert_array_equal(
    plots.active_units(np.stack([KL * 2, KL * 0])), [False, True, False, True]
  )


def test_the_variance_decides_where_given():
  variance = np.array([0.5, 0.02, 0.01, 0.0])
  np.testing.assert_array_equal(
    plots.active_units(KL, variance=variance), [True, True, False, False]
  )
  (axes,) = plots.kl_per_dimension(KL, variance=variance).axes
  assert r"2 of 4 units active ($Var_x(E[z_j\,|\,x])$ > 0.01)" in axes.get_title()


def test_bars_descend_and_say_which_they_are():
  (axes,) = plots.kl_per_dimension(KL, title="KL").axes
  bars = sorted(axes.patches, key=lambda bar: bar.get_x())
  np.testing.assert_array_equal([b.get_height() for b in bars], [2.0, 0.5, 0.01, 0.001])
  assert [t.get_text() for t in axes.get_xticklabels()] == ["1", "3", "2", "0"]
  assert [b.get_hatch() for b in bars] == [None, None, "////", "////"]
  (crosses,) = axes.get_lines()
  np.testing.assert_array_equal(crosses.get_xdata(), [2, 3])
  assert axes.get_title() == (
    "KL: 2 of 4 units active (mean KL > 0.01 nats), 2.5 nats in all"
  )
  assert axes.get_ylabel() == r"mean $KL(q(z_j\,|\,x)\,\|\,p(z_j))$, nats"
  assert "latent dimension" in axes.get_xlabel()
  texts = [text.get_text() for text in axes.get_legend().get_texts()]
  assert texts == ["active (2)", "inactive (2)"]
  (axes,) = plots.kl_per_dimension(KL + 1).axes
  assert axes.get_legend() is None  # bars of one kind need none


@pytest.mark.parametrize("latent_dim", [1, 2, 25, 26, 200])
def test_ticks_are_thinned(latent_dim, tmp_path):
  figure = plots.kl_per_dimension(np.arange(latent_dim) / 10.0)
  (axes,) = figure.axes
  ticks = axes.get_xticks()
  assert 1 <= len(ticks) <= 25
  assert (len(ticks) == latent_dim) == (latent_dim <= 25)
  names = [int(t.get_text()) for t in axes.get_xticklabels()]
  np.testing.assert_array_equal(names, latent_dim - 1 - ticks)
  plots.save(figure, tmp_path / "kl.png")


@pytest.mark.parametrize(
  "kl, variance, message",
  [
    (1.0, None, r"kl must be \[latent_dim\]"),
    ([], None, r"kl must be \[latent_dim\]"),
    ([1.0, np.nan], None, "kl has values that are not finite"),
    ([1.0, 2.0], [1.0], r"variance must be \[2\]"),
    ([1.0], [np.inf], "variance has values that are not finite"),
  ],
)
def test_errors_name_what_is_wrong(kl, variance, message):
  with pytest.raises(ValueError, match=message):
    plots.kl_per_dimension(kl, variance=variance)
