import numpy as np
import scipy.special
import tensorflow as tf

from aevb_tf.evidence import log_mean


def log_weights(seed=0, spread=30.0):
  rng = np.random.default_rng(seed)
  return (spread * rng.normal(size=(40, 6))).astype(np.float32)


def sums_of(chunks):
  sums = log_mean.nothing(6)
  for chunk in chunks:
    sums = log_mean.add(sums, tf.constant(chunk))
  return sums


def test_log_mean_and_effective_size_are_their_formulas():
  w = log_weights().astype(np.float64)
  sums = log_mean.of(tf.constant(log_weights()))
  exact = scipy.special.logsumexp(w, axis=0) - np.log(40)
  np.testing.assert_allclose(sums.log_mean(40), exact, rtol=1e-6)
  ess = 2 * scipy.special.logsumexp(w, axis=0) - scipy.special.logsumexp(2 * w, axis=0)
  np.testing.assert_allclose(sums.effective_sample_size(), np.exp(ess), rtol=1e-4)


def test_chunks_add_up_to_the_whole():
  w = log_weights(1)
  whole = log_mean.of(tf.constant(w))
  for cuts in ([1], [39], [7, 8, 31]):
    sums = sums_of(np.split(w, cuts))
    np.testing.assert_allclose(sums.log_mean(40), whole.log_mean(40), rtol=1e-6)
    np.testing.assert_allclose(
      sums.effective_sample_size(), whole.effective_sample_size(), rtol=1e-5
    )


def test_equal_weights_are_all_effective_and_extreme_ones_stay_finite():
  equal = log_mean.of(tf.fill([50, 3], -2e4))
  np.testing.assert_array_equal(equal.effective_sample_size(), 50)
  np.testing.assert_array_equal(equal.log_mean(50), -2e4)
  lone = np.full((50, 1), -1e30, np.float32)
  lone[17] = 1e30
  np.testing.assert_array_equal(
    log_mean.of(tf.constant(lone)).effective_sample_size(), 1
  )


def test_weights_of_zero_count_as_zero():
  w = log_weights(2)
  none = np.full((3, 6), -np.inf, np.float32)
  padded = sums_of([none, w, none])
  np.testing.assert_array_equal(
    padded.log_mean(40), log_mean.of(tf.constant(w)).log_mean(40)
  )
  np.testing.assert_array_equal(sums_of([none, none]).log_mean(6), -np.inf)
  np.testing.assert_array_equal(sums_of([none]).effective_sample_size(), 0)


def test_a_nan_is_not_lost():
  w = log_weights(3)
  w[5, 2] = np.nan
  result = np.isnan(log_mean.of(tf.constant(w)).log_mean(40))
  np.testing.assert_array_equal(result, np.arange(6) == 2)
