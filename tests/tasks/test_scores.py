"""Scores against exact values of a linear-Gaussian model, and what all satisfy."""

import keras
import numpy as np
import pytest
import scipy.spatial
import scipy.stats
import tensorflow as tf

import aevb_tf as aevb
from aevb_tf.tasks import AnomalyDetector, scores
from aevb_tf.tasks.scores import latents
from tests import stats
from tests.models.test_missing import exact_encoder
from tests.oracle import LinearGaussian
from tests.tasks import harness


def _make(name):
  def make():
    if name == "likelihood_ratio":
      return {"name": name, "background": harness.small_vae(seed=1)}
    return {"name": name}

  return lambda: scores.get(make())


@pytest.mark.parametrize("check", harness.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", scores.names())
def test_it_satisfies_what_all_do(name, check):
  check(_make(name))


@pytest.fixture(scope="module")
def oracle():
  rng = np.random.default_rng(3)
  exact = LinearGaussian.random(rng)
  return exact, exact.vae(seed=0), exact.draw(rng, 40)


def _repeated(vae, score, x, count):
  """The scores of an example with `count` draws of noise, `[count, n]`."""
  detector = AnomalyDetector(vae, score)
  return np.stack([detector.scores(np.repeat(row[None], count, 0)) for row in x], 1)


def test_elbo_is_minus_the_bound(oracle):
  exact, vae, x = oracle
  stats.assert_mean(_repeated(vae, "elbo", x[:4], 4000), -exact.bound(x[:4]))


def test_log_marginal_is_minus_log_p(oracle):
  exact, _, x = oracle
  exact = exact_encoder(exact)  # all importance weights are then p(x)
  detector = AnomalyDetector(exact.vae(seed=0), {"name": "log_marginal"})
  np.testing.assert_allclose(detector.scores(x), -exact.log_evidence(x), 1e-4, 1e-4)


def test_typicality_is_the_distance_from_the_mean_bound(oracle):
  _, vae, x = oracle
  detector = AnomalyDetector(vae, "typicality").fit(x)
  bounds = -AnomalyDetector(vae, "elbo").scores(x)
  wanted = np.abs(bounds - bounds.mean())
  np.testing.assert_allclose(detector.scores(x), wanted, 1e-4, 1e-4)


def test_mahalanobis_is_that_of_scipy(oracle):
  exact, vae, x = oracle
  detector = AnomalyDetector(vae, "mahalanobis").fit(x[:30])
  m, _ = exact.encoded(x)
  inverse = np.linalg.inv(np.cov(m[:30], rowvar=False))
  center = m[:30].mean(axis=0)
  wanted = [scipy.spatial.distance.mahalanobis(row, center, inverse) ** 2 for row in m]
  np.testing.assert_allclose(detector.scores(x), wanted, 1e-3, 1e-4)


@pytest.mark.parametrize("shift", [0.0, 300.0])
def test_nearest_is_that_of_a_search(oracle, shift):
  exact, vae, x = oracle
  x = x + np.float32(shift)
  detector = AnomalyDetector(vae, {"name": "nearest", "num_neighbors": 3}).fit(x[:30])
  m = np.float64(vae.encode(x).mean())
  distances, _ = scipy.spatial.cKDTree(m[:30]).query(m, 3)
  np.testing.assert_allclose(detector.scores(x), distances.mean(axis=1), 2e-4, 1e-4)


def test_nearest_features_compares_directions():
  """Of what the last layer gets; a longer vector in the same direction is as near."""
  x = harness.X
  vae = harness.small_vae()
  score = {"name": "nearest_features", "num_neighbors": 3}
  detector = AnomalyDetector(vae, score).fit(x[:30])
  hidden = np.tanh(x.reshape(60, -1) @ vae.encoder.weights[0] + vae.encoder.weights[1])
  h = hidden / np.linalg.norm(hidden, axis=1, keepdims=True)
  distances = np.sort(scipy.spatial.distance.cdist(h[30:], h[:30]), axis=1)
  np.testing.assert_allclose(
    detector.scores(x[30:]), distances[:, :3].mean(1), 1e-5, 1e-5
  )


def test_the_default_is_of_features_for_images_if_there_are_any():
  encoder = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(4)])
  decoder = harness.small_vae().decoder
  own = aevb.VAE(encoder, decoder, posterior="gaussian")
  own.build((None, 4, 3, 1))
  assert scores.name_of(AnomalyDetector(own).score) == "nearest"
  assert (
    scores.name_of(AnomalyDetector(harness.small_vae()).score) == "nearest_features"
  )
  row = aevb.VAE(aevb.networks.MLPEncoder(2), aevb.networks.MLPDecoder((5,), (3,)))
  assert scores.name_of(AnomalyDetector(row).score) == "nearest"
  with pytest.raises(ValueError, match="Sequential, has no `hidden_features.*nearest'"):
    AnomalyDetector(own, "nearest_features")
  with pytest.raises(ValueError, match="Sequential, has no `hidden_features"):
    own.hidden_features(tf.constant(harness.X))


def test_nearest_keeps_at_most_20_mb(monkeypatch):
  monkeypatch.setattr(latents, "_MAX_NUMBERS", 20)  # of features of size 5
  detector = AnomalyDetector(
    harness.small_vae(), {"name": "nearest_features", "num_neighbors": 2}
  )
  assert detector.fit(harness.X).score.references.shape == (4, 5)


def test_nearest_keeps_a_random_subset(oracle):
  _, vae, x = oracle
  score = {"name": "nearest", "max_references": 10, "num_neighbors": 1}
  detector = AnomalyDetector(vae, score, seed=1).fit(x)
  kept = detector.scores(x) < 1e-4
  assert kept.sum() == 10 and not kept[:10].all()
  again = AnomalyDetector(vae, score, seed=1).fit(x)
  np.testing.assert_array_equal(again.scores(x), detector.scores(x))


def test_regret_is_the_gap_to_the_best_gaussian(oracle):
  exact, vae, x = oracle
  found = _repeated(
    vae,
    {"name": "likelihood_regret", "num_steps": 400, "learning_rate": 0.02},
    x[:3],
    300,
  )
  # The best q of independent latents has the mean of p(z|x), and the variances that are
  # the inverses of the diagonal of its precision.
  mean, covariance = exact.posterior(x[:3])
  precision = np.linalg.inv(covariance)
  variance = 1.0 / np.diag(precision)
  kl = 0.5 * (np.linalg.slogdet(covariance)[1] - np.log(variance).sum())
  best = exact.log_evidence(x[:3]) - kl
  gap = best - exact.bound(x[:3])
  assert np.all(gap > 0.1)
  # What is left of the optimization's own noise is below 0.02 nats.
  error = found.std(axis=0) / np.sqrt(len(found))
  assert np.all(np.abs(found.mean(axis=0) - gap) < 6 * error + 0.02)
  assert mean.shape == (3, 2)


def test_reconstruction_is_the_squared_error(oracle):
  _, vae, x = oracle
  detector = AnomalyDetector(vae, "reconstruction")
  wanted = (x - np.asarray(vae.reconstruct(x))) ** 2
  np.testing.assert_allclose(detector.maps(x), wanted, 1e-4, 1e-5)
  np.testing.assert_allclose(detector.scores(x), wanted.sum(axis=1), 1e-4, 1e-5)


def test_the_map_of_elbo_is_of_each_feature(oracle):
  exact, vae, x = oracle
  mean, _ = exact.encoded(x)
  predicted = mean @ exact.weights.T + exact.bias
  wanted = -scipy.stats.norm.logpdf(x, predicted, exact.stddev)
  np.testing.assert_allclose(AnomalyDetector(vae, "elbo").maps(x), wanted, 1e-4, 1e-4)


def test_a_ratio_is_the_difference_of_bounds():
  vae, background = harness.small_vae(), harness.small_vae(seed=1)
  x = harness.X
  score = {"name": "likelihood_ratio", "background": background}
  found = AnomalyDetector(vae, score).scores(x)
  one, other = (AnomalyDetector(m, "elbo").scores(x) for m in (vae, background))
  np.testing.assert_allclose(found, one - other, 1e-4, 1e-4)


def test_wrong_scores_are_refused():
  vae = harness.small_vae()
  with pytest.raises(ValueError, match="Unknown score 'near'. Did you mean nearest"):
    AnomalyDetector(vae, "near")
  with pytest.raises(ValueError, match="must be a model such as a VAE"):
    AnomalyDetector(vae, {"name": "likelihood_ratio", "background": keras.Sequential()})
  other = aevb.VAE(aevb.networks.MLPEncoder(2), aevb.networks.MLPDecoder((5,)))
  with pytest.raises(ValueError, match=r"of shape \(5,\)"):
    AnomalyDetector(vae, {"name": "likelihood_ratio", "background": other})
  with pytest.raises(ValueError, match="at least num_neighbors=5 normal examples"):
    AnomalyDetector(vae).fit(harness.X[:4])
  with pytest.raises(ValueError, match="max_references=4 must be at least num_neigh"):
    AnomalyDetector(vae, {"name": "nearest", "max_references": 4})


def test_a_table_with_levels_has_no_squared_error():
  table = aevb.data.table({"a": [1.5, 2.5, 0.25] * 4, "b": ["x", "y", "z"] * 4})
  vae = aevb.VAE.for_table(table, latent_dim=2, hidden_units=(3,))
  with pytest.raises(ValueError, match="Column 'b' has levels"):
    AnomalyDetector(vae, "reconstruction")
  x = table.x
  assert AnomalyDetector(vae, "elbo").maps(x).shape == x.shape
  assert np.isfinite(AnomalyDetector(vae).fit(x).scores(x)).all()
  with pytest.raises(TypeError, match="schema.encode"):
    AnomalyDetector(vae).fit(table.schema.to_frame(x))


def test_a_score_of_a_user_is_a_member():
  @scores.register("first_pixel")
  class FirstPixel(scores.Score):
    def scores(self, model, x, seed, rows):
      return tf.reshape(x, [tf.shape(x)[0], -1])[:, 0]

  try:
    harness.a_batch_has_the_scores_of_its_rows(FirstPixel)
    harness.it_is_saved_and_loaded(FirstPixel)
  finally:
    scores.base.registry._members.pop("first_pixel")
