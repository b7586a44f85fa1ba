"""A SavedModel answers as the model does, with TensorFlow alone."""

import contextlib
import io
import json
import os

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.tools import saved_model_cli

import aevb_tf as aevb
import aevb_tf.export as export
from aevb_tf.export import metadata
from aevb_tf.export.client import images
from aevb_tf.export.saved_model import METADATA, content_hashes
from tests.export.conftest import (
  MAX_SAMPLES,
  NUM_IMPORTANCE_SAMPLES,
  small_vae,
)

_SERVING = "serving_default"


@pytest.fixture(scope="module")
def answers(saved, expected, x):
  """What TensorFlow answers that has loaded it."""
  signatures = tf.saved_model.load(str(saved)).signatures
  requested = {name: inputs for name, (inputs, _) in expected.items()}
  return {
    name: signatures[name](**{key: tf.constant(v) for key, v in inputs.items()})
    for name, inputs in (requested | {_SERVING: {"x": x}}).items()
  }


def test_every_signature_answers_as_the_model(answers, expected):
  for name, (_, outputs) in expected.items():
    assert set(answers[name]) == set(outputs), name
    for key, value in outputs.items():
      np.testing.assert_allclose(answers[name][key], value, 2e-6, 2e-6, err_msg=name)


def test_the_default_reconstructs(answers):
  np.testing.assert_array_equal(
    answers[_SERVING]["x_mean"], answers["reconstruct"]["x_mean"]
  )


def test_weights_are_stored_once(saved, vae):
  (shard,) = (saved / "variables").glob("variables.data-*")
  weights = sum(4 * int(np.prod(w.shape)) for w in vae.weights)
  assert weights <= shard.stat().st_size < 1.2 * weights + 4096


def test_no_class_of_keras_or_of_this_package_is_in_it(saved):
  loaded = tf.saved_model.load(str(saved))
  assert type(loaded).__module__.startswith("tensorflow.")
  graph = (saved / "saved_model.pb").read_bytes()
  assert b"keras" not in graph.lower()
  assert b"aevb_tf" not in graph


def test_more_than_allowed_is_refused_with_a_message(saved, seed):
  sample = tf.saved_model.load(str(saved)).signatures["sample"]
  assert len(sample(num=tf.constant(MAX_SAMPLES), seed=seed)["z"]) == MAX_SAMPLES
  for num in (0, MAX_SAMPLES + 1):
    with pytest.raises(
      tf.errors.InvalidArgumentError, match="between 1 and 50, and is"
    ):
      sample(num=tf.constant(num), seed=seed)


def test_a_longer_request_begins_with_the_shorter_one(saved, seed):
  sample = tf.saved_model.load(str(saved)).signatures["sample"]
  short, long = (sample(num=tf.constant(num), seed=seed) for num in (3, 20))
  for key in ("z", "x_mean"):
    np.testing.assert_allclose(short[key], long[key][:3], 1e-6, 1e-6)


def test_a_second_export_has_the_same_weights_graph_and_metadata(vae, tmp_path):
  one, two = (
    export.saved_model(vae, tmp_path / name, only=["encode", "sample"])
    for name in ("one", "two")
  )
  assert content_hashes(one) == content_hashes(two)
  assert (one / METADATA).read_bytes() == (two / METADATA).read_bytes()


def test_the_hashes_tell_weights_and_graphs_apart(vae, tmp_path):
  few = {"only": ["decode"]}
  kinds = {
    "one": export.saved_model(vae, tmp_path / "one", **few),
    "other_weights": export.saved_model(small_vae(seed=1), tmp_path / "two", **few),
    "other_graph": export.saved_model(vae, tmp_path / "three", only=["encode"]),
  }
  hashes = {kind: content_hashes(path) for kind, path in kinds.items()}
  assert hashes["one"]["graph"] == hashes["other_weights"]["graph"]
  assert hashes["one"]["weights"] != hashes["other_weights"]["weights"]
  assert hashes["one"]["graph"] != hashes["other_graph"]["graph"]


def test_training_on_does_not_move_what_was_exported(x, tmp_path):
  vae = small_vae()
  before = np.asarray(vae.reconstruct(x))
  path = export.saved_model(vae, tmp_path / "1", only=["reconstruct"])
  vae.set_weights([w + 1.0 for w in vae.get_weights()])
  reconstruct = tf.saved_model.load(str(path)).signatures["reconstruct"]
  np.testing.assert_allclose(reconstruct(x=x)["x_mean"], before, 1e-6, 1e-6)


def test_nothing_is_overwritten(saved, vae):
  before = (saved / "saved_model.pb").read_bytes()
  with pytest.raises(FileExistsError, match="nothing is overwritten"):
    export.saved_model(vae, saved)
  assert (saved / "saved_model.pb").read_bytes() == before
  assert not [name for name in os.listdir(saved.parent) if name.startswith(".")]


def test_what_fails_leaves_nothing(vae, tmp_path, monkeypatch):
  def full(*args):
    raise OSError(28, "No space left on device")

  monkeypatch.setattr(metadata, "describe", full)
  with pytest.raises(OSError, match="No space left"):
    export.saved_model(vae, tmp_path / "1", only=["decode"])
  assert os.listdir(tmp_path) == []


def test_the_metadata_say_what_is_there(saved):
  result = json.loads((saved / METADATA).read_text())
  sample = result["signatures"]["sample"]
  assert sample["inputs"]["num"] == {
    "dtype": "int32",
    "shape": [],
    "doc": f"how many, from 1 to {MAX_SAMPLES}",
  }
  assert sample["outputs"]["x_mean"]["shape"] == [-1, 8, 6, 1]
  assert str(NUM_IMPORTANCE_SAMPLES) in result["signatures"]["log_marginal"]["doc"]
  assert result["x_range"] == "values in [0, 1]"
  assert result["versions"]["tensorflow"] == tf.__version__


def _cli(*argv):
  result = io.StringIO()
  with contextlib.redirect_stdout(result):
    arguments = saved_model_cli.create_parser().parse_args(list(map(str, argv)))
    arguments.func()
  return result.getvalue()


def test_the_command_line_of_tensorflow_shows_every_signature(saved, expected):
  result = _cli("show", "--dir", saved, "--all")
  for name, (inputs, outputs) in expected.items():
    part = result.split(f"signature_def['{name}']")[1].split("signature_def[")[0]
    for key in inputs:
      assert f"inputs['{key}']" in part
    for key in outputs:
      assert f"outputs['{key}']" in part


def test_the_command_line_of_tensorflow_runs_every_signature(saved, expected, tmp_path):
  for name, (inputs, outputs) in expected.items():
    for key, value in inputs.items():
      np.save(tmp_path / f"{key}.npy", value)
    fed = ";".join(f"{key}={tmp_path}/{key}.npy" for key in inputs)
    words = ["run", "--dir", saved, "--tag_set", "serve", "--signature_def", name]
    out = tmp_path / name
    _cli(*words, "--inputs", fed, "--outdir", out)
    for key, value in outputs.items():
      result = np.load(out / f"{key}.npy")
      np.testing.assert_allclose(result, value, 2e-6, 2e-6, err_msg=f"{name} {key}")


def test_the_command_line_of_tensorflow_runs_what_takes_files(saved, x, seed):
  content = repr(images.encode(x[0])).replace(";", r"\x3b")  # it splits requests
  files = f"png_bytes=[{content}]"
  noise = f"seed={seed.tolist()}"
  for name, fed in {
    "reconstruct_png": files,
    "sample_png": f"num=2;{noise}",
    "elbo_png": f"{files};{noise}",
  }.items():
    words = ["run", "--dir", saved, "--tag_set", "serve", "--signature_def", name]
    result = _cli(*words, "--inputs", "", "--outdir", "", "--input_exprs", fed)
    assert ("PNG" if name != "elbo_png" else "log_likelihood") in result, name


@pytest.mark.parametrize("name", ["encode", "reconstruct", "elbo", "log_marginal"])
def test_data_of_another_shape_are_refused(name, tmp_path, x):
  """A Gaussian likelihood would broadcast channels that come first, and score them."""
  vae = aevb.VAE(
    aevb.networks.MLPEncoder(3, (4,)),
    aevb.networks.MLPDecoder(x.shape[1:], (4,), likelihood="gaussian"),
  )
  export.saved_model(vae, tmp_path / "model", only=[name])
  answer = tf.saved_model.load(tmp_path / "model").signatures[name]
  seed = {"seed": tf.constant([0, 1])} if name in ("elbo", "log_marginal") else {}
  answer(x=tf.constant(x), **seed)
  with pytest.raises(tf.errors.InvalidArgumentError, match="not compatible with"):
    answer(x=tf.constant(np.moveaxis(x, -1, 1)), **seed)
