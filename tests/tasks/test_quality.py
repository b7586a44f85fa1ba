"""Measures of samples against loops that are written out, and closed forms."""

import numpy as np
import pytest
import scipy.linalg
import scipy.spatial
from sklearn.neural_network import MLPClassifier

import aevb_tf as aevb
from aevb_tf import tasks
from aevb_tf.tasks import quality
from tests.oracle import LinearGaussian
from tests.tasks import harness


@pytest.fixture(scope="module")
def rng():
  return np.random.default_rng(0)


def test_a_manifold_is_made_of_balls(rng):
  points, others = rng.normal(size=(50, 2)), rng.normal(size=(40, 2)) + 0.5
  for k in (1, 3):
    count = 0
    radii = [sorted(np.linalg.norm(others - o, axis=1))[k] for o in others]
    for point in points:
      distances = np.linalg.norm(others - point, axis=1)
      count += any(d <= r for d, r in zip(distances, radii, strict=True))
    assert 0 < count < 50
    assert quality.share_within(points, others, k) == count / 50


def test_two_modes_of_which_samples_have_one(rng):
  """Every sample is good, and half of the examples are missed."""
  test = rng.normal(size=(400, 2)) + np.repeat([[0, 0], [50, 0]], 200, axis=0)
  samples = 0.2 * rng.normal(size=(400, 2))
  assert quality.share_within(samples, test, 3) == 1
  assert quality.share_within(test, samples, 3) < 0.5


def test_copies_are_closer_to_training_examples(rng, seeds):
  draws = np.random.default_rng(seeds())
  train, test, fresh = (draws.normal(size=(n, 3)) for n in (500, 300, 300))
  tree = scipy.spatial.cKDTree(train)
  ours, theirs = tree.query(fresh)[0], tree.query(test)[0]
  found = quality.closer(fresh, test, train)
  assert found == pytest.approx(np.mean(ours[:, None] < theirs), abs=1e-9)
  # Samples like test examples: the U statistic of Mann and Whitney has this spread.
  spread = np.sqrt((300 + 300 + 1) / (12 * 300 * 300))
  assert abs(found - 0.5) < 5 * spread
  assert quality.closer(train[:100], test, train) == 1
  assert quality.closer(train[:100], train[:50], train) == 0.5


def test_a_frechet_distance_is_that_of_two_gaussians(rng):
  a = rng.normal(size=(60, 4)) @ rng.normal(size=(4, 4)) + 1
  b = rng.normal(size=(50, 4))
  of_a, of_b = (np.cov(x, rowvar=False) for x in (a, b))
  root = scipy.linalg.sqrtm(of_a @ of_b).real
  wanted = np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(of_a + of_b - 2 * root)
  assert quality.frechet_distance(a, b) == pytest.approx(wanted, rel=1e-6)
  assert quality.frechet_distance(a, a + 2) == pytest.approx(16, rel=1e-6)
  # More features than examples: covariances are singular.
  assert quality.frechet_distance(b[:3], b[:3]) == pytest.approx(0, abs=1e-6)


@pytest.fixture(scope="module")
def digits():
  both = aevb.data.load("digits"), aevb.data.load("digits", split="test")
  return [(np.float32(d.x) / 255, d.y) for d in both]


def test_the_classifier_knows_digits(digits):
  x, y = digits[1]
  classifier = quality.digit_classifier()
  assert isinstance(classifier, MLPClassifier)
  flat = x.reshape(len(x), -1)
  assert classifier.score(flat, y) > 0.9
  features = quality.digit_features(x)
  assert features.shape == (1000, 32) and features.dtype == np.float32
  logits = features @ classifier.coefs_[-1] + classifier.intercepts_[-1]
  np.testing.assert_array_equal(logits.argmax(1), classifier.predict(flat))


def test_features_find_fewer_classes(digits):
  (train, _), (test, y) = digits
  features = [quality.digit_features(x) for x in (train[:1000], test, test[y < 5])]
  of_train = quality.frechet_distance(features[0], features[1])
  of_half = quality.frechet_distance(features[2], features[1])
  assert 0 < 10 * of_train < of_half


def test_samples_of_a_model_that_is_right_are_good(rng):
  exact = LinearGaussian.random(np.random.default_rng(3))
  exact.stddev = 0.01  # the means of p(x|z) are then draws
  vae = exact.vae(seed=0)
  train, test = exact.draw(rng, 900), exact.draw(rng, 400)
  found = tasks.sample_quality(vae, train, test, seed=0)
  spread = np.sqrt((400 + 400 + 1) / (12 * 400 * 400))
  assert abs(found.closer_to_train - 0.5) < 6 * spread + 0.1
  assert found.precision > 0.7 and found.recall > 0.7
  assert found.frechet_digits is None and "28 x 28" in found.refused
  assert found.report()["num_samples"] == 400
  again = tasks.sample_quality(vae, train, test, seed=0)
  assert again == found
  # Data that the model does not have.
  assert tasks.sample_quality(vae, train + 5, test + 5, seed=0).precision < 0.1


def test_digits_have_a_frechet_distance(digits):
  (train, _), (test, _) = digits
  vae = aevb.VAE(
    aevb.networks.MLPEncoder(2, (5,)),
    aevb.networks.MLPDecoder((28, 28, 1), (5,)),
    seed=0,
  )
  found = tasks.sample_quality(vae, train, test[:300], is_digits=True, seed=0)
  assert found.refused is None
  assert found.frechet_digits > 3 * found.frechet_digits_of_train > 0
  assert tasks.sample_quality(vae, train[:50], test[:50], seed=0).frechet_digits is None


def test_samples_have_the_conditions_of_the_test_examples():
  vae = harness.small_vae(condition=3)
  c = np.arange(60) % 3
  found = tasks.sample_quality(vae, harness.X, harness.X, seed=0, condition=c)
  assert found.num_samples == 60
  with pytest.raises(ValueError, match="condition"):
    tasks.sample_quality(vae, harness.X, harness.X)


def test_what_has_no_distances_is_refused():
  table = aevb.data.table({"a": [1.5, 2.5, 0.25] * 4, "b": ["x", "y", "z"] * 4})
  of_table = aevb.VAE.for_table(table, latent_dim=2, hidden_units=(3,))
  with pytest.raises(ValueError, match="columns of a table"):
    tasks.sample_quality(of_table, table.x, table.x)
  vae, x = harness.small_vae(missing=True), np.array(harness.X)
  x[0, 0] = np.nan
  with pytest.raises(ValueError, match="x_test has missing values"):
    tasks.sample_quality(vae, harness.X, x)
  with pytest.raises(ValueError, match="x_train has 3 examples: at least 4"):
    tasks.sample_quality(harness.small_vae(), harness.X[:3], harness.X)
