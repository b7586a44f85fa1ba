"""Each runtime answers alone, and says in one line what it cannot run."""

import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from aevb_tf.export import runtimes
from aevb_tf.export.client import images
from aevb_tf.export.runtimes import Call, RuntimeFailed


def test_the_c_api_answers_as_the_model_and_refuses_with_a_message(
  saved, expected, seed, tensorflow_c
):
  """One process for all: it loads as servers do, in C++."""
  calls = [Call(name, inputs) for name, (inputs, _) in expected.items()]
  x = expected["reconstruct"][0]["x"]
  calls.append(Call("serving_default", {"x": x}))
  files = np.array([images.encode(image) for image in x], object)
  calls.append(Call("reconstruct_png", {"png_bytes": files}))
  *result, pictures = runtimes.run(tensorflow_c, saved, calls, repeats=1)
  for answer, (name, (_, outputs)) in zip(result, expected.items(), strict=False):
    assert answer.seconds > 0
    assert set(answer.outputs) == set(outputs)
    for key, value in outputs.items():
      np.testing.assert_allclose(answer.outputs[key], value, 2e-6, 2e-6, err_msg=name)
  reconstructed = result[-1].outputs["x_mean"]
  np.testing.assert_array_equal(reconstructed, result[3].outputs["x_mean"])
  assert images.decode(pictures.outputs["png_bytes"]).shape == x.shape
  too_many = Call("sample", {"num": np.int32(51), "seed": seed})
  with pytest.raises(RuntimeFailed, match="between 1 and 50, and is. .51.") as error:
    runtimes.run(tensorflow_c, saved, [too_many])
  assert "\n" not in str(error.value)


def test_a_file_that_is_not_a_model_is_refused_in_one_line(tmp_path, lite):
  foreign = tmp_path / "a.tflite"
  foreign.write_text("not a model")
  with pytest.raises(RuntimeFailed) as error:
    runtimes.run("litert", foreign, [])
  assert str(error.value) and "\n" not in str(error.value)


def test_a_process_that_dies_is_reported(lite, monkeypatch):
  monkeypatch.setattr(runtimes.sys, "executable", "/bin/false")
  with pytest.raises(RuntimeFailed, match="ended with code 1"):
    runtimes.run("litert", lite, [])


def test_a_runtime_that_is_not_installed_is_named(lite, monkeypatch):
  monkeypatch.setattr(runtimes.importlib.util, "find_spec", lambda name: None)
  with pytest.raises(RuntimeFailed, match="pip install 'aevb_tf.tflite.'"):
    runtimes.run("litert", lite, [])


def test_the_c_api_of_an_older_manifest_is_not_here(saved, monkeypatch):
  """Version 0.1.0 exported with a script for it."""
  monkeypatch.delitem(runtimes.SCRIPTS, "tensorflow_c", raising=False)
  with pytest.raises(runtimes.RuntimeAbsent, match="the tests of aevb_tf run"):
    runtimes.run("tensorflow_c", saved, [])
  with pytest.raises(RuntimeFailed, match="unknown runtime 'tensorflow_d'") as error:
    runtimes.run("tensorflow_d", saved, [])
  assert not isinstance(error.value, runtimes.RuntimeAbsent)


def test_a_process_with_others_is_refused(tmp_path):
  """TensorFlow in it could be what answers."""
  script = pathlib.Path(runtimes.__file__).with_name("process.py")
  code = (
    f"import sys; sys.path.insert(0, {str(script.parent)!r}); sys.argv = ['']\n"
    "import json, process\n"
    "process.answer(None, *sys.stdin.read().split(), foreign={'json'})"
  )
  np.savez(tmp_path / "calls.npz")
  ended = subprocess.run(
    [sys.executable, "-c", code],
    input=f"{tmp_path}/calls.npz {tmp_path}/answers.npz 0",
    capture_output=True,
    text=True,
  )
  assert ended.returncode == 1
  assert "the process imported json: it is not alone" in ended.stderr
  assert not (tmp_path / "answers.npz").exists()


_BROWSER = """#!{python}
import json, sys, urllib.request
url = sys.argv[-1]
folder = url.removesuffix("verification")
def get(name):
  with urllib.request.urlopen(folder + name) as response:
    return response.read().decode()
assert "openModel" in get("verification") and json.loads(get("model.json"))
while True:
  call = json.loads(get("call"))
  kind, values = call["inputs"]["z"]
  assert kind == "float32", kind
  answer = {{"outputs": {{"x_mean": [*map(str, values), "NaN"]}}}}
  if call["signature"] == "encode":
    answer = {{"error": "LiteRT.js cannot run encode"}}
  urllib.request.urlopen(folder + "answer", json.dumps(answer).encode()).close()
"""


def test_a_browser_is_given_calls_and_posts_its_answers(tmp_path, monkeypatch):
  """A program that fetches and posts as the page does, in place of the browser."""
  browser = tmp_path / "browser"
  browser.write_text(_BROWSER.format(python=sys.executable))
  browser.chmod(0o755)
  monkeypatch.setenv("CHROME_PATH", str(browser))
  shapes = {name: {"x_mean": [1, 3]} for name in ("decode", "encode")}
  (tmp_path / "model.json").write_text(json.dumps({"signatures": shapes}))
  path = tmp_path / "model.tflite"
  calls = [
    Call("decode", {"z": np.array([[scale, 2.5]], np.float32)}) for scale in (1, 4)
  ]
  answers = runtimes.run("chromium", path, calls)
  for answer, first in zip(answers, (1, 4), strict=True):
    np.testing.assert_array_equal(answer.outputs["x_mean"], [[first, 2.5, np.nan]])
    assert answer.outputs["x_mean"].dtype == np.float32
  failing = calls[0]._replace(signature="encode")
  with pytest.raises(RuntimeFailed, match="^LiteRT.js cannot run encode$"):
    runtimes.run("chromium", path, [failing])
  monkeypatch.setenv("CHROME_PATH", "/bin/false")
  with pytest.raises(runtimes.RuntimeAbsent, match="/bin/false does not start"):
    runtimes.run("chromium", path, calls)
