"""Each runtime answers alone, and says in one line what it cannot run."""

import numpy as np
import pytest

from aevb_tf.export import runtimes
from aevb_tf.export.client import images
from aevb_tf.export.runtimes import Call, RuntimeFailed


def test_the_c_api_answers_as_the_model_and_refuses_with_a_message(
  saved, expected, seed
):
  """One process for all: it loads as servers do, in C++."""
  calls = [Call(name, inputs) for name, (inputs, _) in expected.items()]
  x = expected["reconstruct"][0]["x"]
  calls.append(Call("serving_default", {"x": x}))
  files = np.array([images.encode(image) for image in x], object)
  calls.append(Call("reconstruct_png", {"png_bytes": files}))
  *told, pictures = runtimes.run("tensorflow_c", saved, calls, repeats=1)
  for answer, (name, (_, outputs)) in zip(told, expected.items(), strict=False):
    assert answer.seconds > 0
    assert set(answer.outputs) == set(outputs)
    for key, value in outputs.items():
      np.testing.assert_allclose(answer.outputs[key], value, 2e-6, 2e-6, err_msg=name)
  reconstructed = told[-1].outputs["x_mean"]
  np.testing.assert_array_equal(reconstructed, told[3].outputs["x_mean"])
  assert images.decode(pictures.outputs["png_bytes"]).shape == x.shape
  too_many = Call("sample", {"num": np.int32(51), "seed": seed})
  with pytest.raises(RuntimeFailed, match="between 1 and 50, and is. .51.") as error:
    runtimes.run("tensorflow_c", saved, [too_many])
  assert "\n" not in str(error.value)


def test_what_is_no_model_is_refused_in_one_line(tmp_path, lite):
  foreign = tmp_path / "a.tflite"
  foreign.write_text("not a model")
  with pytest.raises(RuntimeFailed) as error:
    runtimes.run("litert", foreign, [])
  assert str(error.value) and "\n" not in str(error.value)


def test_a_process_that_dies_is_told(lite, monkeypatch):
  monkeypatch.setattr(runtimes.sys, "executable", "/bin/false")
  with pytest.raises(RuntimeFailed, match="ended with code 1"):
    runtimes.run("litert", lite, [])


def test_a_runtime_that_is_not_installed_is_named(lite, monkeypatch):
  monkeypatch.setattr(runtimes.importlib.util, "find_spec", lambda name: None)
  with pytest.raises(RuntimeFailed, match="pip install 'aevb_tf.tflite.'"):
    runtimes.run("litert", lite, [])
