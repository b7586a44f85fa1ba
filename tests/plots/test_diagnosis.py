"""A panel for each array that a diagnosis has."""

import numpy as np
import pytest

from aevb_tf import plots

ARRAYS = {
  "elbo_train": np.arange(9.0),
  "elbo_test": np.arange(7.0) - 3,
  "kl_per_latent": np.array([0.5, 2.0, 0.0]),
  "mean_variance": np.array([0.1, 0.2, 0.0]),
  "coverage_levels": np.array([0.5, 0.9]),
  "coverage": np.array([0.4, 0.95]),
  "amortization_gap": np.arange(4.0),
  "approximation_gap": np.arange(4.0),
  "pareto_k": np.array([0.1, np.nan, 0.9, np.inf]),
}


def _titles(arrays):
  figure = plots.diagnosis(arrays)
  return [axes.get_title() for axes in figure.axes if axes.get_title()]


def test_every_array_has_its_panel():
  assert len(_titles(ARRAYS)) == 5
  assert _titles({"kl_per_latent": ARRAYS["kl_per_latent"]}) == [
    "KL of each latent, sorted"
  ]
  assert plots.diagnosis({}) is None


@pytest.mark.parametrize("length", [1, 5])
def test_latents_are_sorted(length):
  kl = np.arange(length, dtype=float)
  (axes,) = [a for a in plots.diagnosis({"kl_per_latent": kl}).axes if a.get_title()]
  assert [bar.get_height() for bar in axes.patches] == sorted(kl, reverse=True)
