"""Positions of chains by sampling importance resampling."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import spatial
from scipy import stats as sps

import aevb_tf as aevb
from aevb_tf import evidence, random
from aevb_tf.mcmc.annealing_path import STARTS, AnnealingPath
from aevb_tf.mcmc.resampling import resample
from tests import stats
from tests.oracle import LinearGaussian


@pytest.fixture(scope="module")
def linear():
  rng = np.random.default_rng(0)
  oracle = LinearGaussian.random(rng)
  return oracle, oracle.draw(rng, 3), oracle.vae()


def starts(vae, x, seed, chains, candidates, rows=None, start="prior", current=None):
  rows = tf.range(len(x)) if rows is None else tf.constant(rows)

  @tf.function(autograph=False)
  def draw(x):
    path = AnnealingPath(vae, x, start)
    return resample(path, random.as_seed(seed), rows, chains, candidates, current)

  return draw(tf.constant(x)).numpy()


# Posteriors of one example; the encoder's draws are each example's own, and cost more.
@pytest.mark.parametrize(
  ("start", "candidates"), [("prior", 100_000), ("encoder", 1000)]
)
def test_one_of_many_draws_is_a_draw_from_the_posterior(
  linear, seeds, start, candidates
):
  oracle, x, vae = linear
  mean, covariance = oracle.posterior(x[:1].astype(np.float64))
  x = np.repeat(x[:1], 500, axis=0)
  u = starts(vae, x, seeds(), 1, candidates, start=start)[0]
  centred = u.astype(np.float64) - mean[0]
  stats.assert_mean(centred, np.zeros(2))
  stats.assert_mean(centred[:, :, None] * centred[:, None, :], covariance)


@pytest.mark.parametrize(
  ("candidates", "under_way"),
  [(7, False), (1000, False), (2500, False), (1, True), (7, True), (2500, True)],
)
def test_chains_choose_among_shared_draws_by_their_weights(
  linear, seeds, candidates, under_way
):
  """Exactly: how often each draw is taken, given the draws, in chunks and in one."""
  _, x, vae = linear
  seed, chains = seeds(), 20_000
  point = tf.constant([0.1, -0.2])
  current = tf.broadcast_to(point, [chains, len(x), 2]) if under_way else None
  u = starts(vae, x, seed, chains, candidates, current=current)
  path = AnnealingPath(vae, tf.constant(x), "prior")
  drawn = vae.prior.sample(random.as_seed(seed), tf.range(candidates))
  if under_way:
    drawn = tf.concat([drawn, [point]], axis=0)
  repeated = tf.repeat(drawn[:, tf.newaxis], len(x), axis=1)
  weights = tf.nn.softmax(path.log_densities(repeated)[1], axis=0).numpy()
  distance, taken = spatial.KDTree(drawn.numpy()).query(u)  # [chains, batch]
  assert distance.max() < 1e-6
  counts = np.stack([np.bincount(row, minlength=len(drawn)) for row in taken.T])
  stats.assert_counts(counts, weights.T)


def test_chains_choose_among_an_example_s_own_draws_by_their_weights(linear, seeds):
  _, x, vae = linear
  seed = seeds()
  u = starts(vae, x, seed, 20_000, 30, start="encoder")
  path = AnnealingPath(vae, tf.constant(x), "encoder")
  drawn = path.draw(seed, tf.range(3), 30, purpose=random.Purpose.CANDIDATE)
  weights = tf.nn.softmax(path.log_densities(drawn)[1], axis=0).numpy()
  counts = []
  for i in range(3):
    distance, taken = spatial.KDTree(drawn[:, i].numpy()).query(u[:, i])
    assert distance.max() < 1e-5
    counts.append(np.bincount(taken, minlength=30))
  stats.assert_counts(counts, weights.T)


@pytest.mark.parametrize("start", STARTS)
def test_an_example_has_its_own_starts_in_any_batch(linear, start):
  _, x, vae = linear
  whole = starts(vae, x, 1, 3, 50, start=start)
  part = starts(vae, x[1:], 1, 3, 50, rows=[1, 2], start=start)
  np.testing.assert_allclose(part, whole[:, 1:], rtol=1e-5)
  assert len(np.unique(whole[:, 1:], axis=0)) > 1


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

  stats.assert_mean(np.exp(exact - log_marginal(None)), 1.0)
  with pytest.warns(evidence.EvidenceWarning, match="effective sample size of 40"):
    poor = log_marginal(1)
  assert poor.mean() < exact - 10
