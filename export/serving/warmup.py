"""Recorded requests: a server warms up with them, and its answers are checked with them.

TensorFlow compiles and allocates at the first request of every signature; a server
that finds `assets.extra/tf_serving_warmup_requests` sends itself these requests first.
Each record is a `PredictionLog` with a request as clients send it, and with the
response of the SavedModel itself. `check` sends every recorded request to a server over
each protocol and compares the answer with the recorded one; then it sends requests that
the server must refuse. It computes nothing.
"""

import os
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from aevb_tf import random
from aevb_tf.export import examples as choose
from aevb_tf.export.client import Client, ClientError, Unavailable, images, messages
from aevb_tf.export.saved_model import load
from aevb_tf.export.signatures import ExportableModel, Signature
from aevb_tf.types import Examples

FILE = pathlib.PurePath("assets.extra", "tf_serving_warmup_requests")
ROWS = (1, 4)  # one request of each size for every signature
_SEED = 0
# Other kernels, other threads, sums in another order; and numbers printed in JSON.
RELATIVE = ABSOLUTE = 1e-4
LEVEL = 1.01 / 255  # of a PNG file's pixels: a number near its middle may go either way


class Line(NamedTuple):
  """The result of one request: protocol, request, difference, and error or None."""

  protocol: str
  what: str
  largest: float
  wrong: str | None

  def __str__(self) -> str:
    result = self.wrong or f"ok, largest difference {self.largest:.1e}"
    return f"{self.protocol:<6}{self.what:<28}{result}"


def make_requests(
  vae: ExportableModel,
  signatures: Mapping[str, Signature],
  examples: Examples | None = None,
) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
  """Requests to all signatures.

  Args:
    vae: The model.
    signatures: Its signatures.
    examples: Typical examples, float32 `[n, *event_shape]`, or batches `(x, c)` for a
      model with a condition; by default the model draws some.

  Yields:
    A signature's name, and its inputs by name.
  """
  most = max(ROWS)
  if examples is None:
    taken = choose.draw(vae, most, _SEED)
  else:
    taken = choose.take(vae, examples, most, "examples")
  z = np.asarray(choose.latents(vae, taken.condition, most, _SEED))
  for name, signature in signatures.items():
    for rows in ROWS:
      values: dict[str, Any] = {
        **taken.inputs(np.arange(rows) % taken.num),
        "z": z[:rows],
        "seed": np.asarray(random.as_seed(rows)),
        "num": np.int32(rows),
      }
      if any(spec.name == "png_bytes" for spec in signature.inputs):
        values["png_bytes"] = np.array([images.encode(x) for x in values["x"]], object)
      yield name, {spec.name: values[spec.name] for spec in signature.inputs}


def write(
  folder: pathlib.Path,
  name: str,
  requests: Sequence[tuple[str, dict[str, np.ndarray]]],
) -> None:
  """Answers requests with a SavedModel, and writes both beside it.

  Args:
    folder: The SavedModel.
    name: Its name on the server.
    requests: What `make_requests` yields.
  """
  signatures = load(folder).signatures
  path = folder / FILE
  path.parent.mkdir(exist_ok=True)
  with tf.io.TFRecordWriter(str(path)) as writer:
    for signature, values in requests:
      log = messages.prediction_log_pb2.PredictionLog()
      request = messages.request(name, signature, values)
      log.predict_log.request.CopyFrom(request)
      response = log.predict_log.response
      response.model_spec.CopyFrom(request.model_spec)
      tensors = {key: tf.constant(value) for key, value in values.items()}
      for key, value in signatures[signature](**tensors).items():
        response.outputs[key].CopyFrom(tf.make_tensor_proto(value))
      writer.write(log.SerializeToString(deterministic=True))


def read(folder: str | os.PathLike) -> list[messages.prediction_log_pb2.PredictLog]:
  """The `PredictLog`s, request and response, in a version's folder.

  Raises:
    FileNotFoundError: There are none.
  """
  path = pathlib.Path(folder, FILE)
  if not path.exists():
    raise FileNotFoundError(f"{folder} has no requests to warm up with.")
  return [
    messages.prediction_log_pb2.PredictionLog.FromString(record.numpy()).predict_log
    for record in tf.data.TFRecordDataset(str(path))
  ]


def check(folder: str | os.PathLike, clients: Mapping[str, Client]) -> list[Line]:
  """Checks a server.

  Args:
    folder: The version's folder, BASE/NAME/VERSION.
    clients: Protocol to a client of the server.

  Returns:
    A line for each request and protocol.

  Raises:
    FileNotFoundError: The folder has no recorded requests.
  """
  logs = read(folder)
  recorded = {
    log.request.model_spec.signature_name: messages.arrays(log.request.inputs)
    for log in logs
  }
  lines = []
  for protocol, client in clients.items():
    lines += [_check_answer(protocol, client, log) for log in logs]
    lines += _check_refusals(protocol, client, recorded)
  return lines


def _check_answer(protocol, client, log):
  signature = log.request.model_spec.signature_name
  values = messages.arrays(log.request.inputs)
  (rows,) = (
    value if name == "num" else len(value)
    for name, value in values.items()
    if name not in ("seed", "condition")
  )
  what = f"{signature}, {int(rows)} rows"
  try:
    answer = client.call(signature, **values)
  except ClientError as error:
    return Line(protocol, what, np.nan, f"{type(error).__name__}: {error}")
  return Line(protocol, what, *_compare(answer, messages.arrays(log.response.outputs)))


def _compare(answer, recorded):
  """The largest difference, and an error or None."""
  if set(answer) != set(recorded):
    return np.nan, f"outputs {sorted(answer)} instead of {sorted(recorded)}"
  largest = 0.0
  for name, expected in recorded.items():
    actual = answer[name]
    if expected.dtype == object:  # PNG files, which may be compressed differently
      try:
        actual, expected = images.decode(actual), images.decode(expected)
      except ValueError as error:
        return np.nan, f"{name}: {error}"
    if actual.shape != expected.shape:
      return np.nan, f"{name} has shape {actual.shape} instead of {expected.shape}"
    absolute = LEVEL if name == "png_bytes" else ABSOLUTE
    close = np.isclose(actual, expected, RELATIVE, absolute, equal_nan=True)
    difference = np.nan_to_num(np.abs(actual - expected))
    largest = max(largest, float(difference.max(initial=0.0)))
    if not close.all():
      return largest, f"{name} differs by {largest:.3g}"
  return largest, None


def _check_refusals(protocol, client, recorded):
  requests: dict[str, tuple[str, dict[str, Any]]] = {
    "an unknown signature": ("no_such_signature", {"x": [[0.0]]})
  }
  if "sample" in recorded:
    requests["sample of none"] = ("sample", {**recorded["sample"], "num": 0})
  for signature, values in recorded.items():
    if "condition" in values:
      invalid = -1 if values["condition"].dtype == np.int32 else np.nan
      condition = np.full_like(values["condition"], invalid)
      requests["an invalid condition"] = signature, {**values, "condition": condition}
  for what, (signature, values) in requests.items():
    wrong: str | None = "was answered, and must be refused"
    try:
      client.call(signature, **values)
    except Unavailable as error:
      wrong = f"{type(error).__name__}: {error}"
    except ClientError:
      wrong = None
    yield Line(protocol, what, 0.0, wrong)
