import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from aevb_tf.evidence import pareto
from tests import stats


def reference(log_weights):
  """k-hat of one example's log-weights, as ArviZ and the R package loo compute it."""
  x = np.sort(np.asarray(log_weights, np.float64)) - np.max(log_weights)
  tail_size = int(np.ceil(min(len(x) / 5, 3 * len(x) ** 0.5)))
  y = np.exp(x[-tail_size:]) - np.exp(x[-tail_size - 1])
  n = len(y)
  m = 30 + int(n**0.5)
  b = 1 - np.sqrt(m / (np.arange(1, m + 1) - 0.5))
  b = b / (3 * y[int(n / 4 + 0.5) - 1]) + 1 / y[-1]
  k = np.array([np.mean(np.log1p(-each * y)) for each in b])
  log_likelihood = n * (np.log(-b / k) - k - 1)
  weights = np.array(
    [1 / np.sum(np.exp(log_likelihood - one)) for one in log_likelihood]
  )
  k = np.mean(np.log1p(-np.sum(b * weights) * y))
  return (n * k + 10 * 0.5) / (n + 10)


def log_of_pareto(rng, k, shape):
  """Logs of draws from the generalized Pareto distribution of shape k and scale 1."""
  return np.log(scipy.stats.genpareto(k).rvs(shape, random_state=rng))


def k_hat(log_weights):
  return pareto.k_hat(pareto.tail_of(tf.constant(log_weights, tf.float32))).numpy()


@pytest.mark.parametrize("num_samples", [96, 225, 3000])
@pytest.mark.parametrize("k", [-0.3, 0.5, 1.5])
def test_it_is_the_reference(num_samples, k, seeds):
  rng = np.random.default_rng(seeds())
  log_weights = log_of_pareto(rng, k, (num_samples, 6)).astype(np.float32) - 500
  expected = [reference(column) for column in log_weights.T]
  np.testing.assert_allclose(k_hat(log_weights), expected, rtol=1e-5, atol=1e-6)


def test_ratios_of_two_densities_are_the_reference(seeds):
  """Student's t in place of a wider normal, and the other way round."""
  rng = np.random.default_rng(seeds())
  normal, student = scipy.stats.norm(), scipy.stats.t(2)
  z = rng.normal(size=(1000, 4))
  heavy = student.logpdf(z) - normal.logpdf(z)
  z = student.rvs((1000, 4), random_state=rng)
  light = normal.logpdf(z) - student.logpdf(z)
  log_weights = np.concatenate([heavy, light], axis=1).astype(np.float32)
  expected = np.array([reference(column) for column in log_weights.T])
  np.testing.assert_allclose(k_hat(log_weights), expected, rtol=1e-4, atol=1e-4)
  assert expected[:4].min() > expected[4:].max()


@pytest.mark.parametrize("k", [0.1, 0.5, 0.9])
def test_a_known_shape_is_found(k, seeds):
  """Above any threshold, a generalized Pareto distribution has the same shape."""
  num_samples, batch = 20_000, 100
  log_weights = log_of_pareto(np.random.default_rng(seeds()), k, (num_samples, batch))
  size = pareto.tail_size(num_samples)
  # Exact but for the prior, which draws k to 1/2, and a bias of order 1 / M.
  found = (k_hat(log_weights) * (size + 10) - 5) / size
  stats.assert_mean(found, k, standard_error=1 / size)
  # The maximum likelihood estimate has this error, for k > -1/2.
  assert found.std(ddof=1) < 1.3 * (1 + k) / np.sqrt(size)


def test_the_tail_is_that_of_all_chunks(seeds):
  log_weights = np.random.default_rng(seeds()).normal(size=(500, 3)).astype(np.float32)
  whole = pareto.tail_of(tf.constant(log_weights))
  size = pareto.tail_size(500)
  assert size == 68 and whole.shape == (3, 69)
  np.testing.assert_array_equal(whole, -np.sort(-log_weights, axis=0)[:69].T)
  tail = pareto.empty(3, 500)
  none = np.full((9, 3), -np.inf, np.float32)
  for chunk in (*np.split(log_weights, [1, 90, 300]), none):
    tail = pareto.add(tail, tf.constant(chunk))
  np.testing.assert_array_equal(tail, whole)


def test_compiled_it_is_the_same(seeds):
  log_weights = log_of_pareto(np.random.default_rng(seeds()), 0.4, (400, 3))
  compiled = tf.function(lambda w: pareto.k_hat(pareto.tail_of(w)), jit_compile=True)
  ours = compiled(tf.constant(log_weights, tf.float32))
  np.testing.assert_allclose(ours, k_hat(log_weights), rtol=1e-5)


def test_without_a_tail_there_is_no_shape():
  rng = np.random.default_rng(0)
  assert np.all(np.isnan(k_hat(rng.normal(size=(95, 3)))))
  assert np.all(np.isfinite(k_hat(rng.normal(size=(96, 3)))))
  assert np.all(np.isnan(k_hat(rng.normal(size=(1, 3)))))
  assert np.all(np.isnan(k_hat(np.full((300, 2), -700.0))))
  assert np.all(np.isnan(k_hat(np.full((300, 2), -np.inf))))


def test_a_few_weights_that_carry_all_have_the_heaviest_tail():
  log_weights = np.zeros((300, 2), np.float32)
  log_weights[:3, 0] = 2e4
  log_weights[:3, 1] = [1e30, 1e29, 1e28]
  np.testing.assert_array_equal(k_hat(log_weights), np.inf)
