"""A model with a condition on a server, over both protocols."""

import json
import re

import numpy as np
import PIL.Image
import pytest

import aevb_tf.export as export
from aevb_tf.export import client
from aevb_tf.export.client import main as client_main
from aevb_tf.export.saved_model import METADATA
from aevb_tf.export.serving import batching, main
from aevb_tf.training.configuration import ConfigError
from tests.export.conftest import OPTIONS, answers_of, small_vae
from tests.export.serving.conftest import NAME, grpc_server, kserve_server

CLASSES = ["cat", "dog"]


@pytest.fixture(scope="module")
def conditional():
  return small_vae(condition=CLASSES, prior="conditional")


@pytest.fixture(scope="module")
def answers(conditional, x, seed):
  return answers_of(conditional, x, seed, np.array(CLASSES)[[1, 0, 1, 1, 0]])


@pytest.fixture(scope="module")
def base(conditional, x, tmp_path_factory):
  base = tmp_path_factory.mktemp("conditional") / "bundle"
  examples = [(x, np.array(CLASSES)[[1, 0, 1, 1, 0]])]
  export.serving_bundle(conditional, base, NAME, examples=examples, **OPTIONS)
  return base


@pytest.fixture(scope="module")
def over_grpc(base):
  with grpc_server(base) as address:
    yield client.GrpcClient(address, NAME, deadline=120)


@pytest.fixture(scope="module")
def over_rest(base):
  with kserve_server(base) as url:
    yield client.RestClient(url, NAME, deadline=120)


@pytest.fixture(params=["over_grpc", "over_rest"])
def served(request):
  return request.getfixturevalue(request.param)


def _flag(served):
  if isinstance(served, client.RestClient):
    return f"--rest={served.url}"
  return f"--grpc={served.address}"


def test_every_signature_answers_as_the_model(served, answers):
  for name, (inputs, outputs) in answers.items():
    result = getattr(served, name)(**inputs)
    assert set(result) == set(outputs), name
    for key, value in outputs.items():
      np.testing.assert_allclose(result[key], value, 1e-5, 1e-5, err_msg=name)


def test_one_class_is_for_all(served, conditional, x):
  for name, arguments in (("sample", (3, 7)), ("reconstruct", (x,))):
    right = getattr(conditional, name)(*arguments, condition="dog")
    result = getattr(served, name)(*arguments, condition=1)["x_mean"]
    np.testing.assert_allclose(result, right, 1e-5, 1e-5)


@pytest.mark.parametrize(
  "condition, message",
  [
    (2, "invalid values"),
    ([0, 1], "one for all rows, or one for each"),
    (None, "condition"),
  ],
)
def test_wrong_conditions_are_refused(served, condition, message):
  with pytest.raises(client.InvalidRequest, match=message):
    served.sample(3, seed=0, condition=condition)


def test_the_check_passes(base, served, capsys):
  argv = ["aevb-serving", "check", f"--base_path={base}", _flag(served)]
  assert main.main([*argv, "--deadline=120"]) == 0
  printed = capsys.readouterr().out
  assert "an invalid condition" in printed
  assert len(re.findall("^(rest|grpc) .* ok", printed, re.M)) == 23, printed


def test_the_command_sends_names(base, served, conditional, tmp_path, capsys):
  metadata = base / NAME / "1" / METADATA
  assert json.loads(metadata.read_text())["condition"]["levels"] == CLASSES
  argv = ["aevb-client", "sample", _flag(served), f"--name={NAME}", f"--to={tmp_path}"]
  argv += ["--num=2", "--seed=7", "--deadline=120"]
  client_main.main([*argv, "--condition=dog", f"--metadata={metadata}"])
  right = conditional.sample(2, seed=7, condition="dog")
  for i in range(2):
    with PIL.Image.open(tmp_path / f"sample-{i:04d}.png") as image:
      pixels = np.asarray(image, np.float32)[..., np.newaxis] / 255
    np.testing.assert_allclose(pixels, right[i], 0, 0.51 / 255)
  files = [str(tmp_path / f"sample-{i:04d}.png") for i in range(2)]
  more = ["aevb-client", "reconstruct", _flag(served), f"--name={NAME}", *files]
  more += [f"--to={tmp_path / 'more'}", "--deadline=120", "--as_png"]
  client_main.main([*more, "--condition=1", "--condition=0"])
  with pytest.raises(ConfigError, match="This model has a condition: pass --condition"):
    client_main.main([*argv, "--deadline=5"])


def test_a_batched_model_is_measured_with_conditions(base):
  (point,) = batching.measure(base / NAME / "1", sizes=(3,), repeats=1)
  assert point.rows == 3 and point.seconds > 0
