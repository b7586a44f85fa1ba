"""Serves a bundle with KServe's model server.

    pip install kserve tensorflow
    python kserve_model.py --base_path=BASE --model_name=digits --http_port=8501

It answers TensorFlow Serving's REST requests, `/v1/models/NAME:predict` in rows and in
columns, for one version: there are no labels and no other versions, nothing is batched
or reloaded, and NaN is sent as null. A script that imports nothing of this package: copy
it to the server's machine.
"""

import argparse
import base64
import pathlib
from typing import Any

import kserve
import tensorflow as tf
from kserve.errors import InvalidInput
from kserve.protocol.rest.server import RESTServer


class SavedModel(kserve.Model):
  """The signatures of a SavedModel, behind KServe's first protocol.

  Args:
    name: The model's name in requests.
    folder: The SavedModel.
  """

  def __init__(self, name: str, folder: str):
    super().__init__(name)
    self._loaded = tf.saved_model.load(folder)
    self.ready = True

  def predict(self, payload: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """Answers one request, JSON to JSON.

    Args:
      payload: The request.
      *args: Headers, which are not needed.
      **kwargs: Arguments of other versions of KServe.

    Returns:
      The answer.

    Raises:
      InvalidInput: It cannot be answered; the message says why.
    """
    name = payload.get("signature_name", "serving_default")
    if name not in self._loaded.signatures:
      raise InvalidInput(f"There is no signature {name!r}.")
    signature = self._loaded.signatures[name]
    specs = signature.structured_input_signature[1]
    by_row = "instances" in payload
    try:
      if by_row:
        columns = _columns(payload["instances"], specs)
      else:
        columns = payload["inputs"]
      tensors = {key: _tensor(columns[key], specs[key].dtype) for key in specs}
      answer = {key: _json(value) for key, value in signature(**tensors).items()}
    except (KeyError, ValueError, TypeError, tf.errors.InvalidArgumentError) as error:
      raise InvalidInput(f"{type(error).__name__}: {error}") from error
    if by_row:
      return {"predictions": _rows(answer)}
    return {"outputs": answer if len(answer) > 1 else next(iter(answer.values()))}


def _tensor(value, dtype):
  if dtype == tf.string:
    value = [base64.b64decode(file["b64"]) for file in value]
  return tf.constant(value, dtype)


def _json(value):
  if value.dtype == tf.string:
    return [{"b64": base64.b64encode(file).decode()} for file in value.numpy()]
  return value.numpy().tolist()


def _columns(rows, specs):
  if not isinstance(rows[0], dict) or set(rows[0]) == {
    "b64"
  }:  # a single input may have no name
    (only,) = specs
    return {only: rows}
  return {name: [row[name] for row in rows] for name in specs}


def _rows(columns):
  if len(columns) == 1:
    return next(iter(columns.values()))
  values = zip(*columns.values(), strict=True)
  return [dict(zip(columns, row, strict=True)) for row in values]


def main() -> None:
  """Serves the given version, or the newest, until it is ended."""
  parser = argparse.ArgumentParser(parents=[kserve.model_server.parser])
  parser.add_argument("--base_path", required=True, help="Folder of the bundle.")
  parser.add_argument("--model_version", type=int, help="Version; else the newest.")
  parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 for all addresses.")
  values, _ = parser.parse_known_args()
  folder = pathlib.Path(values.base_path, values.model_name)
  versions = [int(path.name) for path in folder.iterdir() if path.name.isdecimal()]
  version = max(versions) if values.model_version is None else values.model_version
  model = SavedModel(values.model_name, str(folder / str(version)))

  class Server(RESTServer):
    # KServe listens on all addresses, and has no option for it.
    def __init__(self, *args, **kwargs: Any):
      super().__init__(*args, **kwargs)
      self.config.host = values.host

  kserve.model_server.RESTServer = Server
  # KServe's gRPC is another protocol than TensorFlow Serving's.
  kserve.ModelServer(enable_grpc=False).start([model])


if __name__ == "__main__":
  main()
