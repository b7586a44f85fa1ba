"""TensorFlow Serving's message classes, or an error that says where to get them."""

try:
  from tensorflow_serving.apis import (
    get_model_metadata_pb2,
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
  "get_model_metadata_pb2",
  "model_server_config_pb2",
  "predict_pb2",
  "prediction_log_pb2",
  "prediction_service_pb2_grpc",
]
