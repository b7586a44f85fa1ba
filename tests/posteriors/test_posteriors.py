import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from aevb_tf import posteriors, random
from tests import stats
from tests.posteriors import harness


@pytest.mark.parametrize("check", harness.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", posteriors.names())
def test_members(name, check):
  check(lambda: posteriors.get(name), harness.SIZES)


def test_gaussian_noise_is_the_package_s_normal():
  posterior = posteriors.get("gaussian")
  posterior.build((3,))
  normal = random.normal(7, tf.range(4), 2 * 3).numpy()
  expected = normal.reshape(4, 2, 3).transpose(1, 0, 2)
  np.testing.assert_array_equal(posterior.noise(7, tf.range(4), 2), expected)


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
