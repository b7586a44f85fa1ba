import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
import tensorflow_probability as tfp

from aevb_tf import posteriors, priors
from tests import stats


def case(identifier, latent_dim=3):
  """A posterior, its distribution at one example, and mu and S in NumPy."""
  posterior = posteriors.get(identifier)
  posterior.build((latent_dim,))
  raw = np.random.default_rng(0).normal(size=posterior.params_size(latent_dim))
  q = posterior.distribution(tf.constant(raw[np.newaxis], tf.float32))
  mean, scale = q.loc[0].numpy(), q.scale.to_dense()[0].numpy()
  np.testing.assert_allclose(mean, raw[:latent_dim], rtol=1e-6)
  diagonal = np.exp(raw[latent_dim : 2 * latent_dim] / 2)
  np.testing.assert_allclose(np.diag(scale), diagonal, rtol=1e-5)
  below = scale[np.tril_indices(latent_dim, -1)]
  np.testing.assert_allclose(np.sort(below), np.sort(raw[2 * latent_dim :]), rtol=1e-5)
  np.testing.assert_array_equal(np.triu(scale, 1), 0)
  return posterior, q, mean.astype(np.float64), scale.astype(np.float64)


def draws(posterior, q, seed, n=4000):
  return posterior.sample(q, posterior.noise(seed, tf.range(1), n))


def test_full_gaussian_is_a_normal_with_that_covariance(seeds):
  posterior, q, mean, scale = case("full_gaussian")
  z = draws(posterior, q, seeds(0))
  normal = scipy.stats.multivariate_normal(mean, scale @ scale.T)
  centred = z[:, 0].numpy() - mean
  np.testing.assert_allclose(
    q.log_prob(z)[:, 0], normal.logpdf(z[:, 0]), rtol=1e-4, atol=1e-4
  )
  stats.assert_mean(centred, np.zeros(3))
  stats.assert_mean(centred[:, :, np.newaxis] * centred[:, np.newaxis], scale @ scale.T)
  np.testing.assert_allclose(posterior.point_estimate(q)[0], mean)


@pytest.mark.parametrize("latent_dim", [1, 3])
def test_full_gaussian_has_the_exact_kl(latent_dim):
  _, q, mean, scale = case("full_gaussian", latent_dim)
  prior = priors.get("standard_normal")
  prior.build((latent_dim,))
  log_det = np.log(np.diag(scale)).sum()
  exact = 0.5 * (np.sum(scale**2) + mean @ mean - latent_dim) - log_det
  kl = tfp.distributions.kl_divergence(q, prior.distribution())
  np.testing.assert_allclose(kl, [exact], rtol=1e-5)


def test_without_dependence_it_is_the_diagonal_gaussian():
  full, diagonal = posteriors.get("full_gaussian"), posteriors.get("gaussian")
  full.build((3,)), diagonal.build((3,))
  raw = np.random.default_rng(0).normal(size=(2, 6)).astype(np.float32)
  noise = full.noise(0, tf.range(2), 4)
  q = full.distribution(np.pad(raw, [(0, 0), (0, 3)]))
  p = diagonal.distribution(raw)
  z = full.sample(q, noise)
  np.testing.assert_allclose(z, diagonal.sample(p, noise), rtol=1e-5, atol=1e-6)
  np.testing.assert_allclose(q.log_prob(z), p.log_prob(z), rtol=1e-5)


def test_elliptical_is_a_multivariate_student_t(seeds):
  posterior, q, mean, scale = case({"name": "elliptical", "df": 4})
  z = draws(posterior, q, seeds(0))
  exact = scipy.stats.multivariate_t(mean, scale @ scale.T, df=4)
  np.testing.assert_allclose(
    q.log_prob(z)[:, 0], exact.logpdf(z[:, 0]), rtol=1e-4, atol=1e-4
  )
  standard = np.linalg.solve(scale, (z[:, 0].numpy() - mean).T)
  stats.assert_ks((standard**2).sum(0) / 3, scipy.stats.f(3, 4).cdf)
  with pytest.raises(ValueError, match="df=2"):
    posteriors.get({"name": "elliptical", "df": 2})
