import numpy as np
import pytest
import tensorflow as tf

from aevb_tf import bounds, random
from tests import stats
from tests.bounds.estimators import one_sample_gradients
from tests.oracle import LinearGaussian

ESTIMATORS = [("A", 1), ("A", 3), ("B", 1), ("B", 3)]


def terms(seed=0, kl=True):
  rng = np.random.default_rng(seed)
  log_likelihood, log_prior, log_q = rng.normal(size=(3, 4, 5)).astype(np.float32)
  kl = rng.random(5).astype(np.float32) if kl else None
  return bounds.Terms(log_likelihood, log_prior, log_q, kl)


def test_estimators_are_their_equations():
  t = terms()
  a = (t.log_likelihood + t.log_prior - t.log_q).mean(0)
  np.testing.assert_allclose(bounds.sgvb_a(t), a, rtol=1e-6)
  np.testing.assert_allclose(
    bounds.sgvb_b(t), t.log_likelihood.mean(0) - t.kl, rtol=1e-5
  )
  np.testing.assert_array_equal(bounds.SGVB("A")(t), bounds.sgvb_a(t))
  np.testing.assert_array_equal(bounds.SGVB("B")(t), bounds.sgvb_b(t))


def test_b_without_an_analytic_kl_names_a():
  with pytest.raises(ValueError, match="Use SGVB-A"):
    bounds.sgvb_b(terms(kl=False))


@pytest.mark.parametrize("arguments", [("C", 1), ("B", 0), ("B", 1.5), ("B", True)])
def test_invalid_arguments_are_refused(arguments):
  with pytest.raises(ValueError, match="estimator|num_samples"):
    bounds.SGVB(*arguments)


@pytest.mark.parametrize("estimator, num_samples", ESTIMATORS)
def test_value_is_unbiased_for_the_exact_bound(estimator, num_samples, seeds):
  rng = np.random.default_rng(seeds(0))
  oracle = LinearGaussian.random(rng)
  vae = oracle.vae(bound=bounds.SGVB(estimator, num_samples))
  x = oracle.draw(rng, 1)
  many = tf.repeat(tf.constant(x), 20000, axis=0)
  seed = random.as_seed(seeds(1))
  value = vae.bound_parts(many, seed, tf.range(20000), training=True).bound
  stats.assert_mean(value.numpy(), oracle.bound(x)[0])


@pytest.mark.parametrize("estimator, num_samples", ESTIMATORS)
def test_gradient_is_unbiased_for_every_parameter(estimator, num_samples, seeds):
  rng = np.random.default_rng(seeds(0))
  oracle = LinearGaussian.random(rng, data_dim=3)
  x = oracle.draw(rng, 4)
  vae = oracle.vae(bound=bounds.SGVB(estimator, num_samples))
  ours = one_sample_gradients(oracle, vae, x, seeds(1))
  for name, exact in oracle.gradients(x).items():
    stats.assert_mean(ours[name], exact)


@pytest.mark.parametrize(
  "mutate",
  [
    lambda t: t._replace(log_q=-t.log_q),
    lambda t: t._replace(log_q=tf.stop_gradient(t.log_q)),
    lambda t: t._replace(log_likelihood=tf.stop_gradient(t.log_likelihood)),
    lambda t: t._replace(log_prior=0.5 * t.log_prior),
  ],
  ids=["wrong sign", "dropped path of q", "dropped path of x", "half the prior"],
)
def test_mutants_of_the_estimator_fail_the_gradient_test(mutate, seeds):
  rng = np.random.default_rng(seeds(0))
  oracle = LinearGaussian.random(rng, data_dim=3)
  x = oracle.draw(rng, 4)
  vae = oracle.vae(bound=bounds.SGVB("A"))
  ours = one_sample_gradients(oracle, vae, x, seeds(1), n=1000, mutate=mutate)
  with pytest.raises(AssertionError, match="standard errors"):
    for name, exact in oracle.gradients(x).items():
      stats.assert_mean(ours[name], exact)


def test_the_bound_is_below_the_evidence_and_tight_at_the_posterior():
  rng = np.random.default_rng(0)
  oracle = LinearGaussian.random(rng)
  x = oracle.draw(rng, 50).astype(np.float64)
  assert np.all(oracle.bound(x) < oracle.log_evidence(x))
  # With one latent the exact posterior is in the family.
  oracle = LinearGaussian.random(rng, latent_dim=1)
  covariance = oracle.posterior(np.zeros((1, 5)))[1]
  oracle.encoder_stddev = np.sqrt(np.diag(covariance))
  oracle.encoder_weights = covariance @ oracle.weights.T / oracle.stddev**2
  oracle.encoder_bias = -oracle.encoder_weights @ oracle.bias
  x = oracle.draw(rng, 50).astype(np.float64)
  np.testing.assert_allclose(oracle.bound(x), oracle.log_evidence(x), rtol=1e-10)
