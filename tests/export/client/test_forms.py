"""What the clients send and read: the documented JSON forms, the official messages."""

import json
import math

import numpy as np
import pytest

import aevb_tf
from aevb_tf.export import client
from aevb_tf.export.client import base, messages, over_rest

X = np.array([[0.0, 0.25], [0.5, 1.0]], np.float32)


def test_a_request_in_rows():
  """An object of named inputs for each example, as TensorFlow Serving documents it."""
  result = json.loads(json.dumps(over_rest.body("encode", {"x": X})))
  assert result == {
    "signature_name": "encode",
    "instances": [{"x": [0.0, 0.25]}, {"x": [0.5, 1.0]}],
  }


def test_a_request_in_columns():
  """For inputs without a common batch: a value for each name."""
  inputs = {"num": np.int32(3), "seed": np.array([0, -7], np.int32)}
  result = json.loads(json.dumps(over_rest.body("sample", inputs)))
  assert result == {"signature_name": "sample", "inputs": {"num": 3, "seed": [0, -7]}}


@pytest.mark.parametrize(
  "signature, answer, right",
  [
    ("decode", {"predictions": [[1.0], [2.0]]}, {"x_mean": [[1.0], [2.0]]}),
    (
      "encode",
      {"predictions": [{"mean": [1], "stddev": [2]}, {"mean": [3], "stddev": [4]}]},
      {"mean": [[1], [3]], "stddev": [[2], [4]]},
    ),
    ("log_marginal", {"outputs": [1.0, None]}, {"log_marginal": [1.0, math.nan]}),
    ("elbo", {"outputs": {"elbo": [1], "kl": [2]}}, {"elbo": [1], "kl": [2]}),
  ],
)
def test_answers(signature, answer, right):
  result = over_rest.outputs(signature, answer)
  assert set(result) == set(right)
  for name, value in right.items():
    assert result[name].dtype == np.float32
    np.testing.assert_array_equal(result[name], np.asarray(value, np.float32))


FILES = [b"\x89PNG\r\n\x1a\n\xff", b"\x89PNG;"]


def test_files_are_base64_both_ways():
  """`{"b64": ...}`, as TensorFlow Serving documents it for names with `_bytes`."""
  coded = [{"b64": "iVBORw0KGgr/"}, {"b64": "iVBORzs="}]
  files = np.array(FILES, object)
  result = json.loads(
    json.dumps(over_rest.body("reconstruct_png", {"png_bytes": files}))
  )
  assert result == {
    "signature_name": "reconstruct_png",
    "instances": [{"png_bytes": file} for file in coded],
  }
  seed = np.array([0, 7], np.int32)
  inputs = {"png_bytes": files, "seed": seed}
  result = json.loads(json.dumps(over_rest.body("elbo_png", inputs)))
  assert result["inputs"] == {"png_bytes": coded, "seed": [0, 7]}
  for answer in ({"predictions": coded}, {"outputs": coded}):
    (files,) = over_rest.outputs("sample_png", answer).values()
    assert files.tolist() == FILES


def test_a_message_holds_files_unchanged():
  inputs = {"png_bytes": np.array(FILES, object)}
  created = messages.request("digits", "reconstruct_png", inputs)
  result = messages.predict_pb2.PredictRequest.FromString(created.SerializeToString())
  assert list(result.inputs["png_bytes"].string_val) == FILES
  assert messages.arrays(result.inputs)["png_bytes"].tolist() == FILES


def test_conditions_are_classes_or_numbers():
  client_ = Flaky(0)
  for value, right in ((7, [7]), ([1, 2], [1, 2]), (np.int64(3), [3])):
    sent = client_.sample(2, 0, condition=value)["condition"]
    assert sent.dtype == np.int32 and sent.tolist() == right
  for value in ([[0.5, -1.0]], [[1, 2]], X):
    sent = client_.reconstruct(X, condition=value)["condition"]
    assert sent.dtype == np.float32 and sent.tolist() == np.asarray(value).tolist()
  assert "condition" not in client_.encode(X)


def test_one_condition_for_all_is_sent_in_columns():
  inputs = {"x": X, "condition": np.array([1, 0], np.int32)}
  assert over_rest.body("encode", inputs)["instances"] == [
    {"x": [0.0, 0.25], "condition": 1},
    {"x": [0.5, 1.0], "condition": 0},
  ]
  inputs["condition"] = np.array([1], np.int32)
  assert over_rest.body("encode", inputs)["inputs"]["condition"] == [1]


def test_paths():
  assert over_rest.path("digits") == "/v1/models/digits"
  assert over_rest.path("digits", version=3) == "/v1/models/digits/versions/3"
  assert over_rest.path("digits", label="stable") == "/v1/models/digits/labels/stable"


def test_a_message_is_the_official_one():
  created = messages.request("digits", "encode", {"x": X}, label="stable")
  result = messages.predict_pb2.PredictRequest.FromString(created.SerializeToString())
  assert result.model_spec.name == "digits"
  assert result.model_spec.version_label == "stable"
  assert result.model_spec.signature_name == "encode"
  np.testing.assert_array_equal(messages.arrays(result.inputs)["x"], X)
  created = messages.request("digits", "encode", {"x": X}, version=3)
  assert created.model_spec.version.value == 3


@pytest.mark.parametrize(
  "seed", [0, 42, -1, 2**31 + 5, -(2**40) - 3, 2**63 + 11, [0, -7], np.int32(3)]
)
def test_a_seed_is_that_of_the_package(seed):
  words = base.seed_words(seed)
  np.testing.assert_array_equal(words, aevb_tf.random.as_seed(seed))
  assert words.dtype == np.int32
  np.testing.assert_array_equal(base.seed_words(words), words)


@pytest.mark.parametrize("seed", [True, 1.5, "7", [1, 2, 3], [0.0, 1.0]])
def test_what_is_not_a_seed_is_refused(seed):
  for convert in (base.seed_words, aevb_tf.random.as_seed):
    with pytest.raises(TypeError, match="an int or a pair of int32"):
      convert(seed)


def test_invalid_arguments():
  with pytest.raises(ValueError, match="not for both"):
    client.RestClient("http://127.0.0.1:1", "digits", version=1, label="stable")
  with pytest.raises(ValueError, match="positive"):
    client.RestClient("http://127.0.0.1:1", "digits", deadline=0)
  with pytest.raises(ValueError, match="http://"):
    client.RestClient("127.0.0.1:8501", "digits")


class Flaky(client.Client):
  """Is not ready for some requests, then answers with its name's length."""

  def __init__(self, refusals, **options):
    super().__init__("digits", **options)
    self.refusals, self.num_requests = refusals, 0

  def _ask(self, signature, inputs, seconds):
    self.num_requests += 1
    assert 0 < seconds <= self.deadline
    if self.num_requests <= self.refusals:
      raise client.Unavailable("not yet")
    return inputs


def test_a_server_that_is_not_ready_is_asked_again():
  flaky = Flaky(3)
  result = flaky.sample(2, seed=2**32 + 5)
  assert flaky.num_requests == 4
  assert result["num"] == 2 and result["num"].dtype == np.int32
  assert result["seed"].tolist() == [1, 5]


def test_but_not_past_the_deadline():
  flaky = Flaky(10**6, deadline=0.2)
  with pytest.raises(client.Unavailable):
    flaky.sample(2, seed=0)
  assert 1 < flaky.num_requests < 10
