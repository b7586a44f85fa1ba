"""A process that answers TensorFlow Serving's gRPC `Predict` with a SavedModel.

    python grpc_server.py BASE REFUSALS

The stubs and messages are the official ones. Of the API, it has versions, labels (as
`models.config` says them) and the errors of models, versions, signatures and inputs;
it has no other method than `Predict`, no output filter, no batching and no reloading.
The first REFUSALS requests are answered with UNAVAILABLE, as by a server that starts.
It prints its port.
"""

import concurrent.futures
import pathlib
import sys

import grpc
import tensorflow as tf
from google.protobuf import text_format
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc
from tensorflow_serving.config import model_server_config_pb2


class Service(prediction_service_pb2_grpc.PredictionServiceServicer):
  def __init__(self, base, refusals):
    self.base, self.refusals, self.loaded = base, refusals, {}

  def Predict(self, request, context):
    if self.refusals:
      self.refusals -= 1
      context.abort(grpc.StatusCode.UNAVAILABLE, "not yet")
    spec = request.model_spec
    folder = self.folder(spec, context)
    if folder not in self.loaded:
      self.loaded[folder] = tf.saved_model.load(str(folder))
    signatures = self.loaded[folder].signatures
    if spec.signature_name not in signatures:
      context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no such signature")
    try:
      inputs = {k: tf.constant(tf.make_ndarray(v)) for k, v in request.inputs.items()}
      outputs = signatures[spec.signature_name](**inputs)
    except (tf.errors.InvalidArgumentError, TypeError, ValueError) as error:
      context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error)[:500])
    response = predict_pb2.PredictResponse(model_spec=spec)
    for name, value in outputs.items():
      response.outputs[name].CopyFrom(tf.make_tensor_proto(value))
    return response

  def folder(self, spec, context):
    config = model_server_config_pb2.ModelServerConfig()
    text_format.Parse((self.base / "models.config").read_text(), config)
    for model in config.model_config_list.config:
      if model.name == spec.name:
        choice = spec.WhichOneof("version_choice")
        if choice == "version_label":
          version = model.version_labels.get(spec.version_label, 0)
        elif choice == "version":
          version = spec.version.value
        else:
          folders = (self.base / spec.name).iterdir()
          version = max(int(p.name) for p in folders if p.name.isdecimal())
        folder = self.base / spec.name / str(version)
        if folder.is_dir():
          return folder
    context.abort(grpc.StatusCode.NOT_FOUND, f"Servable not found: {spec.name}")


def main(base, refusals):
  pool = concurrent.futures.ThreadPoolExecutor(2)
  server = grpc.server(pool)
  service = Service(pathlib.Path(base), int(refusals))
  prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(service, server)
  print(server.add_insecure_port("127.0.0.1:0"), flush=True)
  server.start()
  server.wait_for_termination()


if __name__ == "__main__":
  main(*sys.argv[1:])
