"""The signature `anomaly` answers as the detector does, for every score."""

import json

import numpy as np
import pytest
import tensorflow as tf

import aevb_tf as aevb
import aevb_tf.export as export
from aevb_tf.export import conversion, exporting, runtimes, signatures
from aevb_tf.export.config import ExportConfig
from aevb_tf.export.saved_model import METADATA, write
from aevb_tf.tasks import AnomalyDetector, scores
from aevb_tf.training.configuration import ConfigError
from tests.export.conftest import small_vae
from tests.tasks import harness

NORMAL, RATE, SEED = harness.X, 0.2, 2**33 + 5
# Others: the score of an example of `NORMAL` is equal to one of those that set the
# threshold up to rounding, which decides then.
X = np.random.default_rng(1).random((20, *NORMAL.shape[1:])).astype(np.float32)


def detector_of(vae, score=None, condition=None):
  first, second = (
    {} if condition is None else {"condition": condition[rows]}
    for rows in (slice(30), slice(30, None))
  )
  detector = AnomalyDetector(vae, score, seed=SEED).fit(NORMAL[:30], **first)
  return detector.fit_threshold(NORMAL[30:], RATE, **second)


def wanted(detector, x, **given):
  return {
    "score": detector.scores(x, **given),
    "p_value": detector.p_values(x, **given),
    "is_anomaly": np.float32(detector.predict(x, **given)),
  }


def answers(detector, folder, **inputs):
  """What TensorFlow and LiteRT answer, and what LiteRT leaves out."""
  inputs["seed"] = np.asarray(aevb.random.as_seed(SEED))
  requested = signatures.build(detector, only=["decode", "anomaly"])
  frozen = write(detector, requested, folder / "1", default=False)
  saved = tf.saved_model.load(folder / "1").signatures["anomaly"]
  found = [saved(**{name: tf.constant(value) for name, value in inputs.items()})]
  content, left_out = conversion.convert(
    folder / "1", frozen.functions, lambda converter, names: None
  )
  if not left_out:
    (folder / "a.tflite").write_bytes(content)
    calls = [runtimes.Call("anomaly", inputs)]
    found += [a.outputs for a in runtimes.run("litert", folder / "a.tflite", calls)]
  return found, left_out


def assert_equal(found, wanted):
  assert set(found) == set(wanted)
  np.testing.assert_allclose(found["score"], wanted["score"], 1e-4, 1e-4)
  for name in ("p_value", "is_anomaly"):
    np.testing.assert_allclose(found[name], wanted[name], 1e-6)


@pytest.mark.parametrize("name", scores.names())
def test_it_answers_as_the_detector(name, tmp_path):
  score = {"name": name}
  if name == "likelihood_ratio":
    score["background"] = harness.small_vae(seed=1)
  detector = detector_of(harness.small_vae(), score)
  found, left_out = answers(detector, tmp_path, x=X)
  for each in found:
    assert_equal(each, wanted(detector, X))
  # The gradients of the bound have no builtins; all other scores have.
  reason = "LiteRT has no builtin BroadcastGradientArgs"
  assert left_out == ({"anomaly": reason} if name == "likelihood_regret" else {})


def test_the_verdicts_are_not_all_the_same():
  detector = detector_of(harness.small_vae())
  far = np.concatenate([X, np.ones_like(X)])
  assert set(wanted(detector, far)["is_anomaly"]) == {0.0, 1.0}


def test_with_a_condition_it_is_an_input(tmp_path):
  vae = harness.small_vae(condition=3)
  detector = detector_of(vae, condition=np.arange(60) % 3)
  c = np.arange(20, dtype=np.int32) % 3
  found, left_out = answers(detector, tmp_path, x=X, condition=c)
  assert len(found) == 2 and not left_out
  for each in found:
    assert_equal(each, wanted(detector, X, condition=c))


def test_what_was_not_observed_is_not_scored_and_nan_is_no_verdict(tmp_path):
  x = X.copy()
  x[1, 0, 0], x[3, 2, 1] = np.nan, 2.0
  complete = signatures.build(detector_of(harness.small_vae()))["anomaly"].function
  missing = detector_of(harness.small_vae(missing=True))
  whole, broken = (complete(tf.constant(data), [0, 1]) for data in (X, x))
  for key, values in broken.items():
    values = np.asarray(values)
    assert np.isnan(values[[1, 3]]).all(), key
    np.testing.assert_allclose(values[[0, 2]], whole[key].numpy()[[0, 2]], 1e-6)
  x[3] = X[3]
  for found in answers(missing, tmp_path, x=x)[0]:
    assert_equal(found, wanted(missing, x))


def test_the_metadata_describe_the_detector(tmp_path):
  detector = detector_of(harness.small_vae())
  path = export.saved_model(detector, tmp_path / "1", only=["anomaly"])
  found = json.loads((path / METADATA).read_text())
  assert found["anomaly"] == {
    "score": "nearest_features",
    "false_alarm_rate": RATE,
    "num_calibration": 30,
    "seed": SEED,
  }
  outputs = found["signatures"]["anomaly"]["outputs"]
  assert {name: spec["shape"] for name, spec in outputs.items()} == {
    "score": [-1],
    "p_value": [-1],
    "is_anomaly": [-1],
  }


def test_an_export_without_a_threshold_is_refused(tmp_path):
  detector = AnomalyDetector(harness.small_vae()).fit(NORMAL)
  with pytest.raises(ValueError, match="no threshold: before the export, call"):
    export.saved_model(detector, tmp_path / "1")
  assert "anomaly" not in signatures.build(harness.small_vae())


def test_a_detector_of_another_model_is_refused(
  run_folder, vae, detector, detector_file, tmp_path
):
  def load(path):
    return exporting.load_job(run_folder.path, ExportConfig(detector=str(path))).vae

  loaded = load(detector_file)
  np.testing.assert_array_equal(loaded.calibration, detector.calibration)
  other = AnomalyDetector(small_vae(seed=1), "elbo")
  other.save(tmp_path / "other.keras")
  with pytest.raises(
    ConfigError, match="other.keras: its model is not that of the run"
  ):
    load(tmp_path / "other.keras")
  vae.save(tmp_path / "model.keras")
  with pytest.raises(ConfigError, match="model.keras: this is a VAE; give a file"):
    load(tmp_path / "model.keras")
