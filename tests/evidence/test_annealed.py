import numpy as np
import pytest
import tensorflow as tf

from aevb_tf import evidence
from aevb_tf.evidence.bidirectional import simulate
from tests import stats
from tests.evidence.xla import without_xla
from tests.oracle import LinearGaussian, tiny_vae

# Few samples: what is tested is the mean of many estimates, or that they agree.
pytestmark = pytest.mark.filterwarnings("ignore::aevb_tf.evidence.EvidenceWarning")
ROUNDING = {"rtol": 2e-4, "atol": 2e-4}  # through some hundred leapfrog steps


@pytest.fixture(scope="module")
def linear():
  rng = np.random.default_rng(0)
  oracle = LinearGaussian.random(rng)
  return oracle, oracle.draw(rng, 1), oracle.vae()


def method(start="prior", num_samples=4, num_temperatures=20):
  return evidence.Annealed(num_samples, num_temperatures, start=start)


@pytest.mark.parametrize("start", ["prior", "encoder"])
def test_weights_are_unbiased_for_the_evidence(linear, start, seeds):
  oracle, x, vae = linear
  many = np.repeat(x, 1000, axis=0)
  result = evidence.estimate(vae, many, method(start), seed=seeds(), batch_size=1000)
  exact = oracle.log_evidence(x.astype(np.float64))[0]
  stats.assert_mean(np.exp(result.log_marginal.astype(np.float64) - exact), 1.0)
  # Jensen: the log itself is below.
  assert result.mean < exact
  assert result.effective_sample_size.max() <= 4 * (1 + 1e-6)
  # The pilot run has set the step sizes for this.
  assert 0.6 < result.acceptance.mean() < 0.95


@pytest.mark.parametrize("num_temperatures", [2, 3, 5])
def test_few_temperatures_are_unbiased_too(num_temperatures, seeds):
  """Noise that chains begin with must not kick them: with T = 3 the mean was 1.5."""
  rng = np.random.default_rng(1)
  oracle = LinearGaussian.random(rng, latent_dim=1)
  x = oracle.draw(rng, 1)
  many = np.repeat(x, 20_000, axis=0)
  way = method(num_samples=1, num_temperatures=num_temperatures)
  with without_xla():
    result = evidence.estimate(oracle.vae(), many, way, seed=seeds(), batch_size=20_000)
  exact = oracle.log_evidence(x.astype(np.float64))[0]
  stats.assert_mean(np.exp(result.log_marginal.astype(np.float64) - exact), 1.0)


@pytest.mark.parametrize("start", ["prior", "encoder"])
def test_both_ways_bracket_the_evidence(linear, start, seeds):
  oracle, _, vae = linear
  bracket = evidence.bidirectional(vae, 1000, method(start), seeds(), batch_size=1000)
  exact = oracle.log_evidence(bracket.x.astype(np.float64))
  lower = bracket.lower.log_marginal.astype(np.float64)
  upper = bracket.upper.log_marginal.astype(np.float64)
  stats.assert_mean(np.exp(lower - exact), 1.0)
  stats.assert_mean(np.exp(exact - upper), 1.0)
  assert lower.mean() < exact.mean() < upper.mean()
  np.testing.assert_allclose(bracket.gap, (upper - lower).mean(), rtol=1e-5)
  assert bracket.gap > 3 * bracket.gap_standard_error


def test_simulated_data_are_the_models(linear, seeds):
  oracle, _, vae = linear
  z, x = simulate(vae, seeds(), tf.range(4000))
  stats.assert_mean(x - z @ oracle.weights.T.astype(np.float32), oracle.bias)
  stats.assert_mean(x, oracle.bias)
  covariance = oracle.weights @ oracle.weights.T + oracle.stddev**2 * np.eye(5)
  centred = x.astype(np.float64) - oracle.bias
  stats.assert_mean(centred[:, :, None] * centred[:, None, :], covariance)


def test_more_temperatures_close_the_gap(linear):
  def gap(num_temperatures):
    way = method(num_temperatures=num_temperatures)
    return evidence.bidirectional(linear[2], 1000, way, seed=1, batch_size=1000).gap

  with without_xla():
    few = gap(3)
  assert gap(20) < 0.5 * few


@without_xla()
def test_batches_change_nothing():
  vae = tiny_vae()
  x = (np.random.default_rng(0).random((5, 4, 3, 1)) > 0.5).astype(np.float32)
  results = [
    evidence.estimate(vae, x, method(num_temperatures=10), seed=2, batch_size=size)
    for size in (5, 2)
  ]
  np.testing.assert_allclose(*(r.log_marginal for r in results), **ROUNDING)


def test_temperatures_go_from_zero_to_one():
  beta = evidence.Annealed(num_temperatures=100).temperatures()
  assert beta[0] == 0 and beta[-1] == 1 and len(beta) == 101
  assert np.all(np.diff(beta) > 0)
