import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from aevb_tf import posteriors, priors, random
from tests import stats


@pytest.mark.parametrize("name", posteriors.names())
def test_shapes(name):
  posterior = posteriors.get(name)
  posterior.build((3,))
  params = tf.ones((5, posterior.params_size(3)))
  q = posterior.distribution(params)
  assert q.batch_shape == (5,) and q.event_shape == (3,)
  z = posterior.sample(q, tf.zeros((2, 5, 3)))
  assert z.shape == (2, 5, 3) and q.log_prob(z).shape == (2, 5)
  assert posterior.point_estimate(q).shape == (5, 3)


def test_gaussian_reads_means_then_log_variances():
  rng = np.random.default_rng(0)
  mean, log_variance = rng.normal(size=(2, 4, 3))
  params = tf.constant(np.concatenate([mean, log_variance], 1), tf.float32)
  posterior = posteriors.get("gaussian")
  q = posterior.distribution(params)
  z = rng.normal(size=(4, 3))
  exact = scipy.stats.norm.logpdf(z, mean, np.exp(log_variance / 2)).sum(1)
  np.testing.assert_allclose(q.log_prob(tf.constant(z, tf.float32)), exact, rtol=1e-5)
  noise = rng.normal(size=(2, 4, 3)).astype(np.float32)
  expected = mean + np.exp(log_variance / 2) * noise
  np.testing.assert_allclose(posterior.sample(q, noise), expected, rtol=1e-5, atol=1e-6)


def test_gaussian_samples_carry_the_gradient_of_their_expectation(seeds):
  # E[z^2] = mu^2 + sigma^2, so d/dmu = 2 mu and d/dlog sigma^2 = sigma^2.
  n = 100000
  params = tf.repeat(tf.constant([[0.7, -0.4]]), n, axis=0)
  posterior = posteriors.get("gaussian")
  noise = random.normal(seeds(0), tf.range(n), 1)[tf.newaxis]
  with tf.GradientTape() as tape:
    tape.watch(params)
    z = posterior.sample(posterior.distribution(params), noise)
    square = tf.reduce_sum(z**2)
  gradient = tape.gradient(square, params).numpy()
  stats.assert_mean(gradient, [1.4, np.exp(-0.4)])


def test_standard_normal_prior(seeds):
  prior = priors.get("standard_normal")
  prior.build((3,))
  p = prior.distribution()
  z = prior.sample(seeds(0), tf.range(20000)).numpy()
  assert p.event_shape == (3,) and z.shape == (20000, 3)
  exact = scipy.stats.norm.logpdf(z).sum(1)
  np.testing.assert_allclose(p.log_prob(z), exact, rtol=2e-6, atol=2e-6)
  stats.assert_ks(z.ravel(), scipy.stats.norm.cdf)
