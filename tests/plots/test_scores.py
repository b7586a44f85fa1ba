"""The histogram of scores."""

import numpy as np
import pytest

from aevb_tf import plots


def test_every_score_is_in_the_histogram():
  values = np.random.default_rng(0).normal(size=300)
  (axes,) = plots.scores(values, threshold=1.5).axes
  assert sum(bar.get_height() for bar in axes.patches) == 300
  (line,) = axes.lines
  assert line.get_xdata()[0] == 1.5
  (text,) = axes.get_legend().get_texts()
  assert text.get_text() == f"threshold; {np.sum(values > 1.5)} examples above it"


@pytest.mark.parametrize("values", [[], [[1.0]], [1.0, np.nan]])
def test_scores_must_be_finite_numbers(values):
  with pytest.raises(ValueError, match=r"finite numbers \[n\]"):
    plots.scores(values)
