"""What every score satisfies: `check_member`, or one check at a time."""

import tempfile

import keras
import numpy as np
import pytest

import aevb_tf as aevb
from aevb_tf.tasks import AnomalyDetector, scores

X = np.random.default_rng(0).random((60, 4, 3, 1)).astype(np.float32)


def check_member(make):
  """All checks of one score."""
  for check in CHECKS:
    check(make)


def small_vae(seed=0, **options):
  keras.utils.set_random_seed(seed)
  return aevb.VAE(
    aevb.networks.MLPEncoder(2, (5,)),
    aevb.networks.MLPDecoder((4, 3, 1), (5,)),
    seed=0,
    **options,
  )


def fitted(make, vae=None, x=X[:30], **given):
  return AnomalyDetector(vae or small_vae(), make()).fit(x, **given)


def a_batch_has_the_scores_of_its_rows(make):
  detector = fitted(make)
  found = detector.scores(X)
  assert found.shape == (60,) and found.dtype == np.float32
  assert np.isfinite(found).all() and len(np.unique(found)) > 50
  np.testing.assert_array_equal(detector.scores(X), found)
  np.testing.assert_allclose(detector.scores(X, batch_size=7), found, 1e-4, 1e-4)
  np.testing.assert_allclose(detector(X), found, 1e-4, 1e-4)


def unfitted_ones_are_refused(make):
  detector = AnomalyDetector(small_vae(), make())
  if detector.score.needs_fit:
    for answer in (detector.scores, detector, detector.maps, detector.fit_threshold):
      with pytest.raises(ValueError, match="call `fit"):
        answer(X)
  else:
    np.testing.assert_array_equal(detector.scores(X), fitted(make).scores(X))


def it_is_saved_and_loaded(make):
  detector = fitted(make).fit_threshold(X[30:], 0.2)
  detector.fit(X[:20]).fit_threshold(X[20:], 0.2)  # in place of the first
  with tempfile.TemporaryDirectory() as folder:
    detector.save(f"{folder}/detector.keras")
    again = aevb.load(f"{folder}/detector.keras")
  assert again.score.get_config().keys() == detector.score.get_config().keys()
  assert again.threshold == detector.threshold
  np.testing.assert_array_equal(again.scores(X), detector.scores(X))
  np.testing.assert_array_equal(again.p_values(X), detector.p_values(X))
  np.testing.assert_array_equal(again.predict(X), detector.predict(X))


def maps_have_the_shape_of_the_data_or_are_refused(make):
  detector = fitted(make)
  if type(detector.score).of_features is scores.Score.of_features:
    with pytest.raises(ValueError, match="no parts of features"):
      detector.maps(X)
  else:
    found = detector.maps(X, batch_size=7)
    assert found.shape == X.shape and np.isfinite(found).all()
    assert len(np.unique(found)) > 60


def a_condition_is_that_of_each_example(make):
  c = np.arange(60) % 3
  vae = small_vae(condition=3, prior="conditional")
  vae.prior.head.kernel.assign_add(np.arange(12.0).reshape(3, 4) / 10)
  if "background" in make().get_config():
    return  # its background has no condition
  detector = fitted(make, vae, condition=c[:30])
  found = detector.scores(X, condition=c)
  assert np.mean(found != detector.scores(X, condition=(c + 1) % 3)) > 0.9
  np.testing.assert_allclose(
    detector.scores(X, condition=c, batch_size=7), found, 1e-4, 1e-4
  )
  np.testing.assert_allclose(detector((X, c)), found, 1e-4, 1e-4)
  with pytest.raises(ValueError, match="condition"):
    detector.scores(X)


def missing_values_are_not_observed(make):
  if "background" in make().get_config():
    return  # its background takes complete examples
  vae = small_vae(missing=True)
  x = np.where(np.random.default_rng(1).random(X.shape) < 0.3, np.nan, X)
  assert np.isfinite(fitted(make, vae, x[:30]).scores(x)).all()


CHECKS = (
  a_batch_has_the_scores_of_its_rows,
  unfitted_ones_are_refused,
  it_is_saved_and_loaded,
  maps_have_the_shape_of_the_data_or_are_refused,
  a_condition_is_that_of_each_example,
  missing_values_are_not_observed,
)
