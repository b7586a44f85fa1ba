"""The clients and the check, against server processes on the loopback device.

KServe's model server covers the REST requests and answers of TensorFlow Serving's
predict, in rows and in columns, and its errors 400 and 404; base64 is read and written
by our script in it; not versions, labels, model status or metadata. The gRPC test
server covers `Predict` on the official stubs, with versions, labels and error codes;
not the other methods, batching or reloading.
Both load the published SavedModel in processes that do not import this package.
"""

import re
import socket
import time

import numpy as np
import pytest

from aevb_tf.export import client
from aevb_tf.export.client import images
from aevb_tf.export.serving import main, warmup
from tests.export.serving.conftest import NAME


@pytest.fixture(scope="module")
def over_rest(kserve_url):
  return client.RestClient(kserve_url, NAME, deadline=120)


@pytest.fixture(scope="module")
def over_grpc(grpc_address):
  created = client.GrpcClient(grpc_address, NAME, deadline=120)
  yield created
  created.close()


@pytest.fixture(params=["over_rest", "over_grpc"])
def served(request):
  return request.getfixturevalue(request.param)


def test_every_signature_answers_as_the_model(served, expected):
  """The gRPC server refuses the first two requests: they are sent again."""
  for name, (inputs, outputs) in expected.items():
    result = getattr(served, name)(**inputs)
    assert set(result) == set(outputs), name
    for key, value in outputs.items():
      np.testing.assert_allclose(result[key], value, 1e-5, 1e-5, err_msg=name)


def test_the_same_seed_gives_the_same_digits(served, vae):
  x_mean = served.sample(3, seed=2**40 + 7)["x_mean"]
  np.testing.assert_allclose(x_mean, vae.sample(3, seed=2**40 + 7), 1e-5, 1e-5)


def test_files_in_and_files_out(served, x):
  """Base64 over REST, bytes over gRPC."""
  files = [images.encode(image) for image in x]
  pixels = images.decode(np.array(files, object))
  result = served.reconstruct_png(files)["png_bytes"]
  right = served.reconstruct(pixels)["x_mean"]
  np.testing.assert_allclose(images.decode(result), right, 0, 1.01 / 255)
  result = served.sample_png(3, seed=7)["png_bytes"]
  right = served.sample(3, seed=7)["x_mean"]
  np.testing.assert_allclose(images.decode(result), right, 0, 1.01 / 255)
  result, right = served.elbo_png(files, seed=7), served.elbo(pixels, seed=7)
  np.testing.assert_allclose(result["elbo"], right["elbo"], 1e-5)


def test_refusals_are_typed(served):
  with pytest.raises(client.InvalidRequest, match="between 1 and 50"):
    served.sample(51, seed=0)
  with pytest.raises(client.InvalidRequest):
    served.call("no_such_signature", x=[[0.0]])


def test_a_model_that_is_not_there(over_rest, over_grpc, grpc_address):
  for other in (
    client.RestClient(over_rest.url, "letters"),
    client.GrpcClient(grpc_address, "letters"),
    client.GrpcClient(grpc_address, NAME, version=9),
    client.GrpcClient(grpc_address, NAME, label="tested"),
  ):
    with pytest.raises(client.NotFound):
      other.sample(1, seed=0)


def test_versions_and_labels(grpc_address):
  for which in ({"version": 1}, {"label": "stable"}):
    assert client.GrpcClient(grpc_address, NAME, **which).sample(1, 0)["z"].shape


def test_the_check_passes(bundle, over_rest, over_grpc, capsys):
  argv = ["aevb-serving", "check", f"--base_path={bundle}", f"--rest={over_rest.url}"]
  assert main.main([*argv, f"--grpc={over_grpc.address}"]) == 0
  result = capsys.readouterr().out
  assert result.endswith("PASS\n")
  assert len(re.findall("^rest .* ok", result, re.M)) == 24, result
  assert len(re.findall("^grpc .* ok", result, re.M)) == 24, result


def test_the_check_passes_with_only_grpc(bundle, over_grpc, capsys):
  argv = ["aevb-serving", "check", f"--base_path={bundle}"]
  assert main.main([*argv, f"--grpc={over_grpc.address}", "--deadline=120"]) == 0
  printed = capsys.readouterr().out
  assert printed.endswith("PASS\n")
  assert len(re.findall("^grpc .* ok", printed, re.M)) == 24, printed


def test_the_check_says_what_differs(bundle, over_rest, monkeypatch, capsys):
  """A server that answers otherwise, and one that refuses nothing."""
  honest = client.RestClient.call

  def wrong(self, signature, **inputs):
    if signature == "no_such_signature":
      return {}
    result = honest(self, signature, **inputs)
    return {k: v + 0.01 for k, v in result.items()} if signature == "decode" else result

  monkeypatch.setattr(client.RestClient, "call", wrong)
  lines = warmup.check(bundle / NAME / "1", {"rest": over_rest})
  assert {(line.what, line.wrong) for line in lines if line.wrong} == {
    ("decode, 1 rows", "x_mean differs by 0.01"),
    ("decode, 4 rows", "x_mean differs by 0.01"),
    ("an unknown signature", "was answered, and must be refused"),
  }


def _free_port():
  with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    return free.getsockname()[1]


def test_a_server_that_is_not_there():
  port = _free_port()
  for absent in (
    client.RestClient(f"http://127.0.0.1:{port}", NAME, deadline=0.3),
    client.GrpcClient(f"127.0.0.1:{port}", NAME, deadline=0.3),
  ):
    start = time.monotonic()
    with pytest.raises((client.Unavailable, client.DeadlineExceeded)):
      absent.sample(1, seed=0)
    assert time.monotonic() - start < 5


def test_a_server_that_does_not_answer():
  """It takes the connection, and says nothing until the deadline."""
  with socket.create_server(("127.0.0.1", 0)) as silent:
    port = silent.getsockname()[1]
    with pytest.raises(client.DeadlineExceeded):
      client.RestClient(f"http://127.0.0.1:{port}", NAME, deadline=0.2).sample(1, 0)
