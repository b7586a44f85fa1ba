"""Requests that a server answers before it takes others, with their right answers.

TensorFlow compiles and allocates at the first request of every signature; a server
that finds `assets.extra/tf_serving_warmup_requests` sends itself what is in it first.
Each record is a `PredictionLog` with a request as clients send it, and with the
response that the SavedModel itself gave: what `aevb-serving check` compares with.
"""

import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from aevb_tf import random
from aevb_tf.export.client import images
from aevb_tf.export.saved_model import load
from aevb_tf.export.serving.protos import predict_pb2, prediction_log_pb2
from aevb_tf.export.signatures import Signature

FILE = pathlib.PurePath("assets.extra", "tf_serving_warmup_requests")
ROWS = (1, 4)  # one request of each size for every signature
_SEED = 0


def inputs(
  vae: Any, asked: Mapping[str, Signature], examples: np.ndarray | None = None
) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
  """Requests to all signatures.

  Args:
    vae: The model.
    asked: Its signatures.
    examples: Data such as will be asked for, float32 `[n, *event_shape]`; by default
      the model draws some.

  Yields:
    A signature's name, and its inputs by name.
  """
  most = max(ROWS)
  if examples is None:
    examples = vae.sample(most, seed=_SEED, draw=True)
  examples = np.asarray(examples, np.float32)
  z = np.asarray(vae.prior.sample(random.as_seed(_SEED), tf.range(most)))
  for name, signature in asked.items():
    for rows in ROWS:
      values = {
        "x": np.resize(examples, (rows, *examples.shape[1:])),
        "z": z[:rows],
        "seed": np.asarray(random.as_seed(rows)),
        "num": np.int32(rows),
      }
      if any(spec.name == "png_bytes" for spec in signature.inputs):
        values["png_bytes"] = np.array([images.encode(x) for x in values["x"]], object)
      yield name, {spec.name: values[spec.name] for spec in signature.inputs}


def request(
  name: str, signature: str, values: Mapping[str, Any], **spec: Any
) -> predict_pb2.PredictRequest:
  """A request for gRPC.

  Args:
    name: The model.
    signature: Its signature.
    values: Inputs by name.
    **spec: `version`, an int, or `label`, a string; neither for the newest version.

  Returns:
    A `PredictRequest`.
  """
  made = predict_pb2.PredictRequest()
  made.model_spec.name = name
  made.model_spec.signature_name = signature
  if spec.get("version") is not None:
    made.model_spec.version.value = spec["version"]
  if spec.get("label") is not None:
    made.model_spec.version_label = spec["label"]
  for key, value in values.items():
    made.inputs[key].CopyFrom(tf.make_tensor_proto(value))
  return made


def arrays(tensors: Mapping[str, Any]) -> dict[str, np.ndarray]:
  """The arrays in the `inputs` or `outputs` of a message."""
  return {name: tf.make_ndarray(tensors[name]) for name in sorted(tensors)}


def write(
  folder: pathlib.Path,
  name: str,
  requests: Sequence[tuple[str, dict[str, np.ndarray]]],
) -> None:
  """Answers requests with a SavedModel, and writes both beside it.

  Args:
    folder: The SavedModel.
    name: What the server will call it.
    requests: What `inputs` gives.
  """
  signatures = load(folder).signatures
  path = folder / FILE
  path.parent.mkdir(exist_ok=True)
  with tf.io.TFRecordWriter(str(path)) as writer:
    for signature, values in requests:
      log = prediction_log_pb2.PredictionLog()
      log.predict_log.request.CopyFrom(request(name, signature, values))
      response = log.predict_log.response
      response.model_spec.CopyFrom(log.predict_log.request.model_spec)
      tensors = {key: tf.constant(value) for key, value in values.items()}
      for key, value in signatures[signature](**tensors).items():
        response.outputs[key].CopyFrom(tf.make_tensor_proto(value))
      writer.write(log.SerializeToString(deterministic=True))


def read(folder: pathlib.Path) -> list[Any]:
  """The `PredictLog`s, request and response, that lie in a version's folder.

  Raises:
    FileNotFoundError: There are none.
  """
  path = pathlib.Path(folder, FILE)
  if not path.exists():
    raise FileNotFoundError(f"{folder} has no requests to warm up with.")
  return [
    prediction_log_pb2.PredictionLog.FromString(record.numpy()).predict_log
    for record in tf.data.TFRecordDataset(str(path))
  ]
