import numpy as np
import pytest
import tensorflow as tf

from aevb_tf import evidence
from aevb_tf.evidence import hmc, paths
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


def test_transitions_leave_the_posterior_as_it_is(linear, seeds):
  """From exact posterior draws, to posterior draws; without acceptance it is not so."""
  oracle, x, vae = linear
  mean, covariance = oracle.posterior(x.astype(np.float64))
  rng = np.random.default_rng(seeds())
  n = 4000
  z = rng.multivariate_normal(mean[0], covariance, size=(1, n)).astype(np.float32)
  path = paths.Path(vae, tf.repeat(tf.constant(x), n, axis=0), "prior")

  @tf.function(jit_compile=True, autograph=False)
  def walk(point, always):
    for i in range(3):
      kick = hmc.kicks(tf.constant([seeds(1), 0]), tf.constant(i), tf.range(n), 1, 2)
      kick = kick._replace(chance=tf.where(always, 0.0, kick.chance))
      point, _ = hmc.transition(path, point, 1.0, tf.fill([n], 0.45), kick, 3)
    return point.u[0]

  def check(u):
    centred = np.asarray(u, np.float64) - mean[0]
    stats.assert_mean(centred, np.zeros(2))
    stats.assert_mean(centred[:, :, None] * centred[:, None, :], covariance)

  start = hmc.at(path, tf.constant(z))
  check(walk(start, tf.constant(False)))
  with pytest.raises(AssertionError, match="standard errors"):
    check(walk(start, tf.constant(True)))


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
