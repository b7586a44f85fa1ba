"""A `.tflite` file answers as the model does, without TensorFlow."""

import hashlib
import os

import numpy as np
import pytest

import aevb_tf.export as export
from aevb_tf.export import flatbuffer, runtimes
from aevb_tf.export.conversion import check_builtins
from tests import compositions
from tests.export.conftest import MAX_SAMPLES


def run(path, *calls):
  return [answer.outputs for answer in runtimes.run("litert", path, calls)]


@pytest.fixture(scope="module")
def answers(lite, expected, seed):
  """What another process answers, without TensorFlow in it."""
  calls = [runtimes.Call(name, inputs) for name, (inputs, _) in expected.items()]
  for num in (9, MAX_SAMPLES + 1, 0):
    calls.append(runtimes.Call("sample", {"num": np.int32(num), "seed": seed}))
  return run(lite, *calls)


def test_every_signature_answers_as_the_model(answers, expected):
  for result, (name, (_, outputs)) in zip(answers, expected.items(), strict=False):
    assert set(result) == set(outputs), name
    for key, value in outputs.items():
      np.testing.assert_allclose(
        result[key], value, 1e-5, 1e-5, err_msg=f"{name} {key}"
      )


def test_the_noise_is_the_models_to_the_last_bits(answers, expected):
  z = expected["sample"][1]["z"]
  np.testing.assert_allclose(answers[2]["z"], z, rtol=0, atol=2.4e-7)


def test_a_longer_request_begins_with_the_shorter_one(answers):
  four, nine = answers[2], answers[-3]
  assert len(nine["z"]) == 9
  np.testing.assert_array_equal(nine["z"][:4], four["z"])
  np.testing.assert_allclose(nine["x_mean"][:4], four["x_mean"], 1e-6, 1e-6)


def test_a_number_out_of_bounds_is_moved_to_the_nearest(answers):
  assert len(answers[-2]["z"]) == MAX_SAMPLES
  assert len(answers[-1]["z"]) == 1


def test_only_builtin_operators_are_used(lite):
  used = flatbuffer.operators(lite.read_bytes())
  assert not [name for name in used if name.startswith("custom:")]
  assert used["BITWISE_XOR"] > 0  # the noise is there, and is ours
  assert "RANDOM_STANDARD_NORMAL" not in used


def test_an_operator_that_is_not_a_builtin_is_refused(lite, monkeypatch):
  monkeypatch.setattr(flatbuffer, "operators", lambda content: {"custom:FlexLgamma": 1})
  with pytest.raises(ValueError, match="FlexLgamma"):
    check_builtins(lite.read_bytes())


def test_weights_are_stored_once(lite, vae):
  content = lite.read_bytes()
  for weight in vae.get_weights():
    if weight.ndim == 2:  # kernels are stored transposed
      assert content.count(np.ascontiguousarray(weight.T).tobytes()) == 1


def test_weights_begin_at_multiples_of_16_bytes(lite, vae):
  content = lite.read_bytes()
  for weight in vae.get_weights():
    if weight.ndim == 2:
      assert content.index(np.ascontiguousarray(weight.T).tobytes()) % 16 == 0


def test_a_second_export_has_the_same_bytes(vae, tmp_path):
  hashes = set()
  for name in ("a", "b"):
    export.tflite(vae, tmp_path / name, only=["encode", "decode"])
    hashes.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
  assert len(hashes) == 1


def test_the_metadata_lie_in_the_file(lite, run_folder):
  result = flatbuffer.metadata(lite.read_bytes())
  config = run_folder.config.read_bytes()
  assert result["config_sha256"] == hashlib.sha256(config).hexdigest()
  assert result["x_range"] == "values in [0, 1]"
  assert {"aevb_tf", "tensorflow", "keras"} <= set(result["versions"])
  assert result["left_out"] == {}
  assert result["batch_size"] is None
  doc = result["signatures"]["sample"]["inputs"]["num"]["doc"]
  assert doc == f"how many, from 1 to {MAX_SAMPLES}, else the nearest"
  assert set(result["signatures"]) == set(flatbuffer.signature_names(lite.read_bytes()))


def test_a_fixed_batch_knows_every_shape(fixed, expected, seed):
  x, (_, outputs) = expected["reconstruct"][0]["x"], expected["reconstruct"]
  result, first, later = run(
    fixed,
    runtimes.Call("reconstruct", {"x": x}),
    runtimes.Call("sample", {"first": np.int32(0), "seed": seed}),
    runtimes.Call("sample", {"first": np.int32(2), "seed": seed}),
  )
  np.testing.assert_allclose(result["x_mean"], outputs["x_mean"], 1e-5, 1e-5)
  np.testing.assert_array_equal(first["z"][2:], later["z"][:3])
  assert "SHAPE" not in flatbuffer.operators(fixed.read_bytes())


def test_what_litert_cannot_compute_is_left_out_with_the_reason(tmp_path):
  vae = compositions.vae(*compositions.NOT_IN_LITERT)
  path = tmp_path / "model.tflite"
  result = export.tflite(vae, path, only=["decode", "elbo"])
  assert set(result["left_out"]) == {"elbo"}
  assert "no builtin MatrixDiagPartV3" in result["left_out"]["elbo"]
  assert flatbuffer.signature_names(path.read_bytes()) == ["decode"]
  with pytest.raises(ValueError, match="No signature can be converted"):
    export.tflite(vae, tmp_path / "none.tflite", only=["elbo"])
  assert os.listdir(tmp_path) == ["model.tflite"]


def test_a_library_call_does_not_change_the_file_descriptors_of_its_caller(
  tmp_path, monkeypatch
):
  def refuse(*args):
    raise AssertionError("a file descriptor was redirected")

  vae = compositions.vae(*compositions.NOT_IN_LITERT)
  with monkeypatch.context() as patch:  # pytest itself redirects them in between
    patch.setattr(os, "dup2", refuse)
    metadata = export.tflite(vae, tmp_path / "a.tflite", only=["decode", "elbo"])
  assert set(metadata["left_out"]) == {"elbo"}


def test_nothing_is_overwritten(vae, tmp_path):
  path = tmp_path / "mine.tflite"
  path.write_text("mine")
  with pytest.raises(FileExistsError, match="nothing is overwritten"):
    export.tflite(vae, path)
  assert path.read_text() == "mine"
  assert os.listdir(tmp_path) == ["mine.tflite"]
