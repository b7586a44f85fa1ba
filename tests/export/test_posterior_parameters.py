"""`encode` returns parameters from which q(z|x) can be restored."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from aevb_tf import posteriors
from aevb_tf.export.posterior_parameters import parameters

tfd = tfp.distributions
J, BATCH = 3, 4


def drawn(name):
  posterior = posteriors.get(name)
  posterior.build((J,))
  rng = np.random.default_rng(0)
  params = rng.normal(size=(BATCH, posterior.params_size(J))).astype(np.float32)
  q = posterior.distribution(tf.constant(params))
  noise = posterior.noise(1, tf.range(BATCH), 1)
  return posterior, q, posterior.sample(q, noise)[0]


@pytest.mark.parametrize("name", posteriors.names())
def test_every_posterior_has_its_own_parameters(name):
  posterior, q, _ = drawn(name)
  result = parameters(posterior, q)
  for key, value in result.items():
    assert value.dtype == tf.float32, key
    assert value.shape[0] == BATCH, key
    assert np.isfinite(value).all(), key
  z = result["mean" if name == "gaussian" else "z"]
  np.testing.assert_array_equal(z, posterior.point_estimate(q))


def test_a_gaussian_has_mean_and_stddev():
  posterior, q, z = drawn("gaussian")
  result = parameters(posterior, q)
  assert set(result) == {"mean", "stddev"}
  again = tfd.MultivariateNormalDiag(result["mean"], result["stddev"])
  np.testing.assert_allclose(again.log_prob(z), q.log_prob(z), rtol=1e-5)


def test_a_full_gaussian_has_its_factor():
  posterior, q, z = drawn("full_gaussian")
  result = parameters(posterior, q)
  again = tfd.MultivariateNormalTriL(result["loc"], result["scale_tril"])
  np.testing.assert_allclose(again.log_prob(z), q.log_prob(z), rtol=1e-5)


@pytest.mark.parametrize("name", ["laplace", "gamma", "rayleigh", "f"])
def test_independent_latents_have_their_familys(name):
  posterior, q, z = drawn(name)
  result = parameters(posterior, q)
  family = posterior.family
  assert set(result) == {*family.parameters, "z"}
  again = family.distribution(*(result[key] for key in family.parameters))
  np.testing.assert_allclose(
    tf.reduce_sum(again.log_prob(z), axis=-1), q.log_prob(z), rtol=1e-5
  )


def test_a_posterior_of_ones_own_answers_with_what_it_knows():
  class Own(posteriors.Posterior):
    def point_estimate(self, posterior):
      return posterior.mode()

  result = parameters(Own(), tfd.Independent(tfd.Normal(tf.zeros((2, 3)), 1.0), 1))
  assert set(result) == {"z", "mean", "stddev"}
  cauchy = tfd.Independent(tfd.Cauchy(tf.zeros((2, 3)), 1.0), 1)
  assert "z" in parameters(Own(), cauchy)


def test_a_registered_function_replaces_them_for_its_class():
  class Own(posteriors.Gaussian):
    pass

  parameters.register(Own, lambda posterior, q: {"middle": q.mean()})
  q = tfd.Independent(tfd.Normal(tf.zeros((2, 3)), 1.0), 1)
  assert set(parameters(Own(), q)) == {"middle"}
  assert set(parameters(posteriors.Gaussian(), q)) == {"mean", "stddev"}
