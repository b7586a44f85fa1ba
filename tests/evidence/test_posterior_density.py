import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from aevb_tf import evidence
from aevb_tf.evidence import densities, posterior_density
from tests import stats
from tests.oracle import LinearGaussian, tiny_vae


@pytest.fixture(scope="module")
def linear():
  rng = np.random.default_rng(0)
  oracle = LinearGaussian.random(rng)
  return oracle, oracle.draw(rng, 1), oracle.vae()


@pytest.mark.parametrize("start", ["encoder", "prior"])
def test_the_ratio_is_unbiased_for_the_inverse_evidence(linear, start, seeds):
  oracle, x, vae = linear
  many = np.repeat(x, 200, axis=0)
  method = evidence.PosteriorDensity(60, start=start, num_chains=10, burn_in=60)
  result = evidence.estimate(vae, many, method, seed=seeds(), batch_size=200)
  exact = oracle.log_evidence(x.astype(np.float64))[0]
  stats.assert_mean(np.exp(exact - result.log_marginal.astype(np.float64)), 1.0)
  assert abs(result.mean - exact) < 0.05
  assert 0.8 < result.acceptance.mean() < 0.97
  assert 45 < result.effective_sample_size.mean() <= 60


def test_a_mixture_does_as_well_where_a_gaussian_is_right(linear, seeds):
  oracle, x, vae = linear
  many = np.repeat(x, 200, axis=0)
  method = evidence.PosteriorDensity(60, "mixture", num_chains=10, burn_in=60)
  result = evidence.estimate(vae, many, method, seed=seeds(), batch_size=200)
  exact = oracle.log_evidence(x.astype(np.float64))[0]
  stats.assert_mean(np.exp(exact - result.log_marginal.astype(np.float64)), 1.0)


def two_modes(rng, n, batch=3):
  """Samples of `0.7 N(-3, 0.5^2) + 0.3 N(3, 1)` in two dimensions, float64."""
  left = rng.random((n, batch, 1)) < 0.7
  normal = rng.normal(size=(n, batch, 2))
  return np.where(left, -3 + 0.5 * normal, 3 + normal)


def test_a_gaussian_is_its_samples_moments():
  samples = np.random.default_rng(0).normal(size=(30, 4, 3))
  fitted = densities.fit_gaussian(tf.constant(samples))
  points = np.random.default_rng(1).normal(size=(7, 4, 3))
  ours = fitted.log_prob(tf.constant(points)).numpy()
  for b in range(4):
    normal = scipy.stats.multivariate_normal(
      samples[:, b].mean(0), np.cov(samples[:, b].T, ddof=0)
    )
    np.testing.assert_allclose(ours[:, b], normal.logpdf(points[:, b]), rtol=1e-6)


def test_a_mixture_finds_two_modes(seeds):
  samples = two_modes(np.random.default_rng(seeds()), 4000)
  fitted = densities.fit_mixture(tf.constant(samples), 2)
  order = np.argsort(fitted.means[..., 0], axis=0)
  weights = np.take_along_axis(np.exp(fitted.log_weights), order, axis=0)
  # Modes six standard deviations apart: the share on the left is a binomial frequency.
  for b in range(3):
    left = int(np.sum(samples[:, b, 0] < 0))
    np.testing.assert_allclose(weights[0, b], left / 4000, atol=2e-3)
    stats.assert_frequency(left, 4000, 0.7)
  means = np.take_along_axis(fitted.means.numpy(), order[..., None], axis=0)
  np.testing.assert_allclose(means[0], -3, atol=6 * 0.5 / np.sqrt(2800))
  np.testing.assert_allclose(means[1], 3, atol=6 / np.sqrt(1200))


def test_held_out_samples_choose_the_mixture(seeds):
  """Two modes need two components: one Gaussian over both is far less dense."""
  rng = np.random.default_rng(seeds())
  old, new = tf.constant(two_modes(rng, 400)), tf.constant(two_modes(rng, 400))
  one = posterior_density.chosen_log_prob(old, new, 1).numpy().mean()
  best = posterior_density.chosen_log_prob(old, new, 3).numpy().mean()
  x = np.asarray(new)
  left = np.prod(scipy.stats.norm.pdf(x, -3, 0.5), axis=-1)
  right = np.prod(scipy.stats.norm.pdf(x, 3, 1), axis=-1)
  entropy = np.log(0.7 * left + 0.3 * right).mean()
  assert one < entropy - 0.5
  assert abs(best - entropy) < 0.1


def of_samples(drawn, log_density):
  """The estimate of log 1 from samples `[draws, chains, batch, dim]`, half to fit."""
  num_samples = drawn.shape[0] * drawn.shape[1] // 2
  log_marginal, *_ = posterior_density._estimate(
    None, tf.constant(drawn), tf.constant(log_density, tf.float32), num_samples, 1
  )
  return log_marginal.numpy().astype(np.float64)


def test_samples_of_one_mode_give_its_share(seeds):
  """Too low by -log of the mass that was found, whatever the number of samples."""
  rng = np.random.default_rng(seeds())
  drawn = -3 + 0.5 * rng.normal(size=(40, 10, 300, 1))
  left, right = scipy.stats.norm(-3, 0.5), scipy.stats.norm(3, 0.5)
  log_density = np.log(0.7 * left.pdf(drawn) + 0.3 * right.pdf(drawn))[..., 0]
  stats.assert_mean(0.7 * np.exp(-of_samples(drawn, log_density)), 1.0)


def test_samples_of_the_fit_in_place_of_the_posterior_are_too_low(seeds):
  """By log(1 + chi^2(q || p)): q = N(0, s^2) and the posterior N(0, 1), s != 1."""
  rng = np.random.default_rng(seeds())
  for s in (0.7, 1.2):
    drawn = s * rng.normal(size=(2000, 2, 100, 1))
    found = of_samples(drawn, scipy.stats.norm.logpdf(drawn)[..., 0])
    # The integral of q^2 / p; what a fit to 2000 samples changes of it is of order 1/2000.
    expected = 1 / (s**2 * np.sqrt(2 / s**2 - 1))
    stats.assert_mean(np.exp(-found), expected, standard_error=1 / 2000)


def test_chains_that_never_move_give_no_nan():
  still = tf.zeros([20, 2, 3], tf.float64)
  for components in (1, 2):
    assert np.all(np.isfinite(densities.fit_mixture(still, components).log_prob(still)))


def test_too_few_samples_are_refused():
  x = np.zeros((1, 4, 3, 1), np.float32)
  with pytest.raises(ValueError, match="num_samples=3: to fit a gaussian of 2 latents"):
    evidence.estimate(tiny_vae(), x, "posterior_density", 3)


def test_chains_that_have_not_converged_are_found(linear):
  """Chains from the prior that hardly move stay where they started."""
  oracle, x, vae = linear
  many = np.repeat(x, 30, axis=0)
  good = evidence.PosteriorDensity(100, start="prior", num_chains=10, burn_in=60)
  found = evidence.estimate(vae, many, good, seed=0)
  assert found.warning is None and found.r_hat.shape == (30,)
  assert np.mean(found.r_hat < good.largest_r_hat) > 0.95
  bad = evidence.PosteriorDensity(
    100, start="prior", candidates=1, num_chains=10, burn_in=1, thinning=1,
    leapfrog_steps=1, target_acceptance=0.999,
  )  # fmt: skip
  with pytest.warns(evidence.EvidenceWarning, match="R-hat above"):
    found = evidence.estimate(vae, many, bad, seed=0)
  report = found.report()
  assert report["r_hat"] == pytest.approx(np.median(found.r_hat))
  assert report["largest_r_hat"] == pytest.approx(found.r_hat.max())
