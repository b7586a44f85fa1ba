"""A prior fitted after training is the aggregate posterior."""

import keras
import numpy as np
import pytest

import aevb_tf as aevb
from tests.oracle import LinearGaussian, tiny_vae


@pytest.fixture(scope="module")
def oracle():
  rng = np.random.default_rng(1)
  exact = LinearGaussian.random(rng)
  return exact, exact.vae(seed=0), exact.draw(rng, 500)


def test_a_single_gaussian_has_the_moments_of_the_aggregate_posterior(oracle):
  exact, vae, x = oracle
  prior = {"name": "mixture", "num_components": 1}
  fit = vae.fit_prior(x, prior, num_epochs=150, batch_size=250, seed=3)
  mean, stddev = exact.encoded(x)
  variance = stddev**2 + mean.var(axis=0)
  p = fit.vae.prior.distribution()
  np.testing.assert_allclose(p.mean(), mean.mean(axis=0), atol=0.1)
  np.testing.assert_allclose(p.variance(), variance, rtol=0.1)
  # The gain is that of the best Gaussian, KL(q || N(0, 1)) - KL(q || N(m, v)) on average.
  center = mean.mean(axis=0)
  gain = 0.5 * np.sum(variance + center**2 - 1 - np.log(variance))
  assert abs(fit.after - fit.before - gain) < 0.1 * gain + 0.05
  np.testing.assert_allclose(fit.before, exact.bound(x).mean(), rtol=0.05)


@pytest.mark.parametrize("prior", ["mixture", "maf", "vamp"])
def test_the_bound_rises_and_the_networks_stay(prior, tmp_path):
  rng = np.random.default_rng(0)
  x = rng.random((40, 4, 3, 1)).astype(np.float32)
  vae = tiny_vae()
  vae.encoder.head.bias.assign([2.0, -2.0, -3.0, -3.0])  # far from the old prior
  before = [w.numpy() for w in vae.weights]
  fit = vae.fit_prior(x, prior, num_epochs=20, batch_size=16, seed=1)
  assert fit.after > fit.before + 1
  for weight, value in zip(vae.weights, before, strict=True):
    np.testing.assert_array_equal(weight, value)
  np.testing.assert_array_equal(fit.vae.reconstruct(x), vae.reconstruct(x))
  # It is a model like any other.
  fit.vae.save(tmp_path / "model.keras")
  again = aevb.load(tmp_path / "model.keras")
  np.testing.assert_array_equal(again.sample(4, seed=2), fit.vae.sample(4, seed=2))
  fit.vae.compile(keras.optimizers.Adam(1e-4))
  fit.vae.fit(x, verbose=0)


def test_the_same_seed_gives_the_same_prior():
  x = np.random.default_rng(0).random((40, 4, 3, 1)).astype(np.float32)
  vae = tiny_vae()
  one, two = (
    vae.fit_prior(x, "mixture", num_epochs=2, batch_size=16, seed=5) for _ in range(2)
  )
  np.testing.assert_array_equal(one.vae.prior.means, two.vae.prior.means)
  assert one[1:] == two[1:]


def test_a_condition_is_that_of_each_example():
  x = np.random.default_rng(0).random((60, 4, 3, 1)).astype(np.float32)
  c = np.arange(60) % 3
  vae = tiny_vae(condition=3)
  kernel = vae.encoder.hidden[0].kernel
  kernel.assign_add(10 * (np.arange(15)[:, None] >= 12) * np.ones((1, 8)))
  fit = vae.fit_prior(
    x, "conditional", num_epochs=60, batch_size=20, seed=1, condition=c
  )
  assert fit.after > fit.before
  with pytest.raises(ValueError, match="condition"):
    vae.fit_prior(x, "conditional")


def test_impossible_priors_are_refused():
  x = np.zeros((4, 4, 3, 1), np.float32)
  vae = tiny_vae()
  with pytest.raises(ValueError, match="nothing to fit: use 'mixture'"):
    vae.fit_prior(x, "standard_normal")
  with pytest.raises(ValueError, match="Unknown prior"):
    vae.fit_prior(x, "mixtur")
  with pytest.raises(ValueError, match="num_epochs"):
    vae.fit_prior(x, num_epochs=0)
