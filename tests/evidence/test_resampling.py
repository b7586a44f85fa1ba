"""Starts of chains by sampling importance resampling."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats as sps

import aevb_tf as aevb
from aevb_tf import evidence, random
from aevb_tf.evidence import paths
from aevb_tf.evidence.resampling import resampled
from tests import stats
from tests.oracle import LinearGaussian


@pytest.fixture(scope="module")
def linear():
  rng = np.random.default_rng(0)
  oracle = LinearGaussian.random(rng)
  return oracle, oracle.draw(rng, 3), oracle.vae()


def starts(vae, x, seed, chains, candidates, rows=None):
  rows = tf.range(len(x)) if rows is None else tf.constant(rows)

  @tf.function(autograph=False)
  def draw(x):
    path = paths.Path(vae, x, "prior")
    return resampled(path, random.as_seed(seed), rows, chains, candidates)

  return draw(tf.constant(x)).numpy()


def test_one_of_many_draws_is_a_draw_from_the_posterior(linear, seeds):
  oracle, x, vae = linear
  mean, covariance = oracle.posterior(x[:1].astype(np.float64))
  u = starts(vae, np.repeat(x[:1], 500, axis=0), seeds(), 1, 1000)[0]
  centred = u.astype(np.float64) - mean[0]
  stats.assert_mean(centred, np.zeros(2))
  stats.assert_mean(centred[:, :, None] * centred[:, None, :], covariance)


def test_chains_choose_by_themselves_among_the_same_draws(linear):
  _, x, vae = linear
  u = starts(vae, x, 1, 5, 30)
  assert u.shape == (5, 3, 2)
  path = paths.Path(vae, tf.constant(x), "prior")
  drawn = path.draw(random.as_seed(1), tf.range(3), 30).numpy()
  for i in range(3):
    taken = {tuple(chain) for chain in np.round(u[:, i], 5)}
    assert taken <= {tuple(draw) for draw in np.round(drawn[:, i], 5)}
    assert len(taken) > 1


def test_a_datum_has_its_own_starts_in_any_batch(linear):
  _, x, vae = linear
  whole = starts(vae, x, 1, 3, 50)
  part = starts(vae, x[1:], 1, 3, 50, rows=[1, 2])
  np.testing.assert_allclose(part, whole[:, 1:], rtol=1e-5)


class TwoModes(keras.Model):
  """x = (z^2, z/2) and noise: z and -z are both modes, and one of them has no mass."""

  def call(self, z):
    return tf.concat([z**2, 0.5 * z], axis=-1)


def test_app_d_is_right_where_one_mode_has_no_mass(seeds):
  """Chains from single draws of the prior stay in the other, and spoil the mean."""
  vae = aevb.VAE(
    aevb.networks.MLPEncoder(1, (2,)),
    TwoModes(),
    likelihood={"name": "gaussian", "scale": 0.2},
    seed=0,
  )
  vae.build((None, 2))
  x = np.repeat(np.array([[1.0, 0.5]], np.float32), 100, axis=0)
  z = np.linspace(-5, 5, 100_001)
  density = sps.norm.pdf(z) * sps.norm.pdf(1, z**2, 0.2) * sps.norm.pdf(0.5, z / 2, 0.2)
  exact = np.log(np.trapezoid(density, z))

  def log_marginal(candidates):
    method = evidence.PosteriorDensity(
      40, start="prior", num_chains=20, burn_in=20, thinning=2, candidates=candidates
    )
    found = evidence.estimate(vae, x, method, seed=seeds(), batch_size=100)
    return found.log_marginal.astype(np.float64)

  stats.assert_mean(np.exp(exact - log_marginal(400)), 1.0)
  assert log_marginal(1).mean() < exact - 10
