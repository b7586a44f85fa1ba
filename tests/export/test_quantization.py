"""Quantized files: smaller, judged in nats, and with the noise of all others."""

import numpy as np
import pytest

import aevb_tf.export as export
from aevb_tf.export import flatbuffer, runtimes
from tests.export.conftest import small_vae


@pytest.fixture(scope="module")
def data():
  """Forty images for decoders with random weights."""
  return np.random.default_rng(5).random((40, 8, 6, 1)).astype(np.float32)


@pytest.fixture(scope="module")
def files(vae, data, tmp_path_factory):
  """Kind -> path and metadata."""
  folder = tmp_path_factory.mktemp("quantized")
  only = ["sample", "elbo"]
  created = {}
  for kind in ("float16", "dynamic", "int8"):
    path = folder / f"{kind}.tflite"
    result = export.tflite(vae, path, kind, data, only=only, max_nats=5.0)
    created[kind] = (path, result)
  return created


def test_weights_are_stored_smaller_and_once(files, vae):
  numbers = {  # of kernels that are large enough to be worth it
    tuple(w.shape): w.size for w in vae.get_weights() if w.size >= 1024
  }
  least = {"float16": 2, "dynamic": 1, "int8": 1}
  for kind, (path, _) in files.items():
    model = flatbuffer.read(path.read_bytes())
    sizes = [len(b.data) for b in model.buffers if b.data is not None]
    for size in numbers.values():
      stored = [s for s in sizes if s in {size * n for n in (1, 2, 4)}]
      assert stored and set(stored) == {least[kind] * size}, (kind, stored)
    assert sum(s >= 1024 for s in sizes) <= len(vae.get_weights()) + 1  # and metadata


def test_a_seed_gives_the_same_latents_in_every_kind(files, vae, seed):
  z = vae.prior.sample(seed, np.arange(4))
  call = runtimes.Call("sample", {"num": np.int32(4), "seed": seed})
  for kind, (path, _) in files.items():
    (answer,) = runtimes.run("litert", path, [call])
    np.testing.assert_allclose(answer.outputs["z"], z, 0, 2.4e-7, err_msg=kind)


def test_layers_are_int8_and_everything_else_is_float(files):
  used = {
    kind: flatbuffer.operators(path.read_bytes()) for kind, (path, _) in files.items()
  }
  assert used["float16"]["DEQUANTIZE"] > 0
  assert "QUANTIZE" not in used["dynamic"]
  layers = used["int8"]["FULLY_CONNECTED"]
  assert used["int8"]["QUANTIZE"] <= 2 * layers  # one before each, or a few more
  assert used["int8"]["LOG"] == used["dynamic"]["LOG"]
  assert flatbuffer.layer_types(files["int8"][0].read_bytes()) == {"INT8"}


def test_what_it_did_to_the_bound_is_reported(files):
  for kind, (path, metadata) in files.items():
    result = metadata["quantization"]
    assert result == flatbuffer.metadata(path.read_bytes())["quantization"]
    assert result["num_examples"] == 40
    assert abs(result["nats"]) < 5.0
    assert "densities are float32" in result["note"] or kind == "float16"
  assert abs(files["float16"][1]["quantization"]["nats"]) < 0.05


def test_a_bound_that_moved_too_far_is_refused_and_the_layer_named(vae, data, tmp_path):
  path = tmp_path / "a.tflite"
  with pytest.raises(ValueError, match=r"more than max_nats=0; most is lost in mlp_"):
    export.tflite(vae, path, "int8", data[:20], only=["elbo"], max_nats=0.0)
  assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
  ("arguments", "message"),
  [
    ({"quantize": "int4"}, "Unknown quantize='int4'. Did you mean int8"),
    ({"quantize": "int8"}, "a few hundred training examples"),
    ({"quantize": "dynamic"}, "judged by the bound: pass test_data"),
  ],
)
def test_invalid_arguments_are_refused_at_once(vae, tmp_path, arguments, message):
  with pytest.raises(ValueError, match=message):
    export.tflite(vae, tmp_path / "a.tflite", **arguments)


def test_data_that_the_model_cannot_score_are_refused(tmp_path, data):
  with pytest.raises(ValueError, match="reach from"):
    export.tflite(small_vae(), tmp_path / "a", "dynamic", test_data=data * 255)
  with pytest.raises(ValueError, match="test_data holds no examples"):
    export.tflite(small_vae(), tmp_path / "a", "dynamic", test_data=data[:0])
