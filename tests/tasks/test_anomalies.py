"""The threshold of an `AnomalyDetector` keeps its false alarm rate."""

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

import aevb_tf as aevb
from aevb_tf.tasks import AnomalyDetector, conformal
from tests import stats
from tests.oracle import LinearGaussian
from tests.tasks import harness


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.5])
def test_a_normal_example_is_an_alarm_as_often_as_promised(rate, seeds):
  n, trials = 99, 20_000
  draws = np.random.default_rng(seeds()).normal(size=(trials, n + 1))
  alarms = sum(
    row[0] > conformal.threshold(row[1:], rate) for row in draws.astype(np.float32)
  )
  # Exact, since (n + 1) rate is an integer and no two scores are equal.
  stats.assert_frequency(alarms, trials, rate)


def test_p_values_are_ranks():
  calibration = tf.constant([1.0, 2.0, 2.0, 5.0])
  found = conformal.p_values(
    tf.constant([6.0, 5.0, 2.0, 1.5, 0.0, np.nan]), calibration
  )
  wanted = [1 / 5, 2 / 5, 4 / 5, 4 / 5, 1, np.nan]
  np.testing.assert_allclose(found, wanted, rtol=1e-6)


@pytest.mark.parametrize("rate", [0.02, 0.1, 1 / 3])
def test_the_threshold_agrees_with_p_values(rate, seeds):
  rng = np.random.default_rng(seeds())
  calibration = np.round(rng.normal(size=50), 1).astype(np.float32)  # with ties
  x = np.round(rng.normal(size=400), 1).astype(np.float32)
  p = np.asarray(conformal.p_values(tf.constant(x), tf.constant(calibration)))
  found = x > np.float32(conformal.threshold(calibration, rate))
  np.testing.assert_array_equal(found, p <= rate + 1e-6)


def test_a_detector_keeps_its_rate_and_finds_anomalies(seeds):
  rng = np.random.default_rng(seeds())
  exact = LinearGaussian.random(np.random.default_rng(0))
  vae = exact.vae(seed=0)
  n, rate = 499, 0.1
  for score in ("nearest", "elbo"):
    detector = AnomalyDetector(vae, score).fit(exact.draw(rng, 300))
    detector.fit_threshold(exact.draw(rng, n), rate)
    alarms = detector.predict(exact.draw(rng, 4000)).sum()
    # Given the calibration, the rate has the distribution Beta(50, 450).
    law = scipy.stats.betabinom(4000, rate * (n + 1), (1 - rate) * (n + 1))
    low, high = law.ppf([stats.FAILURE_RATE / 2, 1 - stats.FAILURE_RATE / 2])
    assert low <= alarms <= high
    assert detector.predict(exact.draw(rng, 50) + 30.0).all()


def test_calibration_and_answers_do_not_share_noise():
  x = harness.X
  detector = AnomalyDetector(harness.small_vae(), "elbo").fit_threshold(x, 0.1)
  assert not np.isin(detector.scores(x), np.asarray(detector.calibration)).any()


def test_calls_in_the_wrong_order_are_errors():
  detector = AnomalyDetector(harness.small_vae())
  for answer in (detector.predict, detector.p_values):
    with pytest.raises(ValueError, match="call `fit_threshold"):
      answer(harness.X)
  with pytest.raises(ValueError, match="call `fit"):
    detector.fit_threshold(harness.X)
  assert detector.threshold is None
  detector.fit(harness.X).fit_threshold(harness.X, 0.1)
  assert detector.threshold > 0
  # Another fit changes the scores.
  assert detector.fit(harness.X[:20]).threshold is None


def test_impossible_rates_and_data_are_refused():
  detector = AnomalyDetector(harness.small_vae(), "elbo")
  with pytest.raises(ValueError, match="at least 99 normal examples, and there are 60"):
    detector.fit_threshold(harness.X)
  for rate in (0, 1, -0.1, float("nan"), "1%"):
    with pytest.raises((ValueError, TypeError), match="false_alarm_rate"):
      detector.fit_threshold(harness.X, rate)
  assert detector.threshold is None  # nothing has changed
  with pytest.raises(ValueError, match="x is empty"):
    detector.scores(harness.X[:0])
  with pytest.raises(ValueError, match="shape"):
    detector.scores(harness.X[:, :2])
  with pytest.raises(ValueError, match=r"\[0, 1\]"):
    detector.scores(harness.X + 2)


def test_models_without_an_encoder_are_refused():
  decoder = aevb.networks.MLPDecoder((5,), (3,))
  with pytest.raises(ValueError, match="MonteCarloEM, which has no encoder"):
    AnomalyDetector(aevb.MonteCarloEM(decoder, latent_dim=2))
  unbuilt = aevb.VAE(aevb.networks.MLPEncoder(2), harness.small_vae().decoder)
  unbuilt.built = False
  with pytest.raises(ValueError, match="not built"):
    AnomalyDetector(unbuilt)


@pytest.mark.parametrize("cls", [aevb.WakeSleep, aevb.FullVB])
def test_every_model_with_an_encoder_has_one(cls):
  vae = cls(
    aevb.networks.MLPEncoder(2, (5,)),
    aevb.networks.MLPDecoder((4, 3, 1), (5,)),
    dataset_size=60,
    seed=0,
  )
  detector = AnomalyDetector(vae).fit(harness.X).fit_threshold(harness.X, 0.1)
  assert detector.predict(harness.X).shape == (60,)
