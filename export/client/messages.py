"""TensorFlow Serving's messages, or an error that says how to install them.

They import TensorFlow, and nothing else in the client does.
"""

from collections.abc import Mapping

import numpy as np

try:
  import grpc
  import tensorflow as tf
  from tensorflow.core.framework.tensor_pb2 import TensorProto
  from tensorflow_serving.apis import (
    predict_pb2,
    prediction_log_pb2,
    prediction_service_pb2_grpc,
  )
  from tensorflow_serving.config import model_server_config_pb2
except ImportError as error:
  raise ImportError(
    "TensorFlow Serving's API is not installed; pip install 'aevb_tf[serving]', or "
    "tensorflow-serving-api."
  ) from error

__all__ = [
  "arrays",
  "grpc",
  "model_server_config_pb2",
  "predict_pb2",
  "prediction_log_pb2",
  "prediction_service_pb2_grpc",
  "request",
]


def request(
  name: str, signature: str, inputs: Mapping[str, np.ndarray], **spec: int | str | None
) -> predict_pb2.PredictRequest:
  """Builds a request for gRPC.

  Args:
    name: The model.
    signature: Its signature.
    inputs: Inputs by name.
    **spec: `version`, an int, or `label`, a string; neither for the newest version.

  Returns:
    A `PredictRequest`.
  """
  message = predict_pb2.PredictRequest()
  message.model_spec.name = name
  message.model_spec.signature_name = signature
  if spec.get("version") is not None:
    message.model_spec.version.value = spec["version"]
  if spec.get("label") is not None:
    message.model_spec.version_label = spec["label"]
  for key, value in inputs.items():
    message.inputs[key].CopyFrom(tf.make_tensor_proto(value))
  return message


def arrays(tensors: Mapping[str, TensorProto]) -> dict[str, np.ndarray]:
  """The arrays in the `inputs` or `outputs` of a message."""
  return {name: tf.make_ndarray(tensors[name]) for name in sorted(tensors)}
