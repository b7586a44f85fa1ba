"""The statistical assertions can fail: they catch what a loose tolerance lets by."""

import numpy as np
import pytest
import scipy.stats

from tests import stats


def test_assert_mean_sees_a_small_bias_among_many_entries(seeds):
  samples = np.random.default_rng(seeds()).normal(size=(10_000, 50))
  stats.assert_mean(samples, np.zeros(50))
  samples[:, 7] += 0.1  # a tenth of a standard deviation: ten standard errors
  with pytest.raises(AssertionError, match=r"entry \(np.int64\(7\),\)"):
    stats.assert_mean(samples, np.zeros(50))


def test_assert_mean_holds_constants_exactly():
  stats.assert_mean(np.full((10, 2), 3.0), [3.0, 3.0])
  with pytest.raises(AssertionError):
    stats.assert_mean(np.full((10, 2), 3.0), [3.0, 3.00001])


def test_assert_ks_sees_a_wrong_scale(seeds):
  samples = np.random.default_rng(seeds()).normal(size=20_000)
  stats.assert_ks(samples, scipy.stats.norm.cdf)
  with pytest.raises(AssertionError):
    stats.assert_ks(1.1 * samples, scipy.stats.norm.cdf)


def test_assert_same_distribution_sees_a_wrong_scale(seeds):
  a, b = np.random.default_rng(seeds()).normal(size=(2, 20_000))
  stats.assert_same_distribution(a, b)
  with pytest.raises(AssertionError):
    stats.assert_same_distribution(a, 1.15 * b)


def test_assert_frequency_sees_a_loaded_coin(seeds):
  count = np.random.default_rng(seeds()).binomial(10_000, 0.5)
  stats.assert_frequency(count, 10_000, 0.5)
  with pytest.raises(AssertionError, match="not 0.45"):
    stats.assert_frequency(count, 10_000, 0.45)


def test_assert_counts_sees_a_loaded_die(seeds):
  fair = np.full(6, 1 / 6)
  counts = np.random.default_rng(seeds()).multinomial(10_000, fair, size=3)
  stats.assert_counts(counts, [fair] * 3)
  loaded = np.array([0.14, 0.16, 1 / 6, 1 / 6, 1 / 6, 0.2])
  with pytest.raises(AssertionError, match="row 2: chi-squared"):
    stats.assert_counts(counts, [fair, fair, loaded])


def test_assert_counts_sees_an_event_that_cannot_be():
  with pytest.raises(AssertionError, match="row 0: chi-squared"):
    stats.assert_counts(np.array([[500, 499, 1]]), [[0.5, 0.5, 0.0]])
