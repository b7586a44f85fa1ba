import numpy as np
import scipy.special
import tensorflow as tf

from aevb_tf.evidence import log_mean


def log_weights(seed=0, spread=30.0):
  rng = np.random.default_rng(seed)
  return (spread * rng.normal(size=(40, 6))).astype(np.float32)


def sums_of(chunks):
  sums = log_mean.empty(6)
  for chunk in chunks:
    sums = log_mean.add(sums, tf.constant(chunk))
  return sums


def test_log_mean_and_effective_size_are_their_formulas():
  w = log_weights().astype(np.float64)
  sums = log_mean.sums_of(tf.constant(log_weights()))
  exact = scipy.special.logsumexp(w, axis=0) - np.log(40)
  np.testing.assert_allclose(sums.log_mean(40), exact, rtol=1e-6)
  ess = 2 * scipy.special.logsumexp(w, axis=0) - scipy.special.logsumexp(2 * w, axis=0)
  np.testing.assert_allclose(sums.effective_sample_size(), np.exp(ess), rtol=1e-4)


def test_chunks_add_up_to_the_whole():
  w = log_weights(1)
  whole = log_mean.sums_of(tf.constant(w))
  for cuts in ([1], [39], [7, 8, 31]):
    sums = sums_of(np.split(w, cuts))
    np.testing.assert_allclose(sums.log_mean(40), whole.log_mean(40), rtol=1e-6)
    np.testing.assert_allclose(
      sums.effective_sample_size(), whole.effective_sample_size(), rtol=1e-5
    )


def test_equal_weights_are_all_effective_and_extreme_ones_stay_finite():
  equal = log_mean.sums_of(tf.fill([50, 3], -2e4))
  np.testing.assert_array_equal(equal.effective_sample_size(), 50)
  np.testing.assert_array_equal(equal.log_mean(50), -2e4)
  lone = np.full((50, 1), -1e30, np.float32)
  lone[17] = 1e30
  np.testing.assert_array_equal(
    log_mean.sums_of(tf.constant(lone)).effective_sample_size(), 1
  )


def test_weights_of_zero_count_as_zero():
  w = log_weights(2)
  none = np.full((3, 6), -np.inf, np.float32)
  padded = sums_of([none, w, none])
  np.testing.assert_array_equal(
    padded.log_mean(40), log_mean.sums_of(tf.constant(w)).log_mean(40)
  )
  np.testing.assert_array_equal(sums_of([none, none]).log_mean(6), -np.inf)
  np.testing.assert_array_equal(sums_of([none]).effective_sample_size(), 0)


def test_a_nan_is_not_lost():
  w = log_weights(3)
  w[5, 2] = np.nan
  result = np.isnan(log_mean.sums_of(tf.constant(w)).log_mean(40))
  np.testing.assert_array_equal(result, np.arange(6) == 2)


def test_the_error_is_that_of_a_mean_of_weights():
  """To first order, of a log: the standard error relative to the mean."""
  w = log_weights(4, spread=1.0)
  weights = np.exp(w.astype(np.float64))
  expected = weights.std(axis=0, ddof=1) / np.sqrt(40) / weights.mean(axis=0)
  error = log_mean.sums_of(tf.constant(w)).error(40)
  np.testing.assert_allclose(error, expected, rtol=1e-5)
  chains = log_mean.error_over_chains(tf.constant(w), 40)
  np.testing.assert_allclose(chains, expected, rtol=1e-5)


def test_an_error_that_is_not_known_is_not_zero():
  one = tf.constant(log_weights()[:1])
  assert np.all(np.isnan(log_mean.sums_of(one).error(1)))
  assert np.all(np.isnan(log_mean.error_over_chains(tf.constant(log_weights()), 1)))
  none = tf.fill([40, 6], float("-inf"))
  np.testing.assert_array_equal(log_mean.sums_of(none).error(40), np.inf)
  equal = log_mean.sums_of(tf.fill([50, 3], -2e4))
  np.testing.assert_array_equal(equal.error(50), 0)


def test_chains_vary_as_wholes():
  """Chains of 6 or 7 samples, whose sums are what is random."""
  w = log_weights(5, spread=1.0)
  share = np.exp(w.astype(np.float64))
  share = share / share.sum(axis=0) - 1 / 40
  sums = np.stack([share[chain::6].sum(axis=0) for chain in range(6)])
  expected = np.sqrt(6 / 5 * np.sum(sums**2, axis=0))
  ours = log_mean.error_over_chains(tf.constant(w), 6)
  np.testing.assert_allclose(ours, expected, rtol=1e-4)
  # Copies of a sample add no information.
  copied = np.repeat(w[np.newaxis], 3, axis=0).reshape(120, 6)
  ours = log_mean.error_over_chains(tf.constant(copied), 40)
  expected = log_mean.sums_of(tf.constant(w)).error(40)
  np.testing.assert_allclose(ours, expected, rtol=1e-4)
