"""TensorFlow Serving's gRPC API, `tensorflow.serving.PredictionService.Predict`."""

from typing import Any

from aevb_tf.export.client import base

_LARGEST_MESSAGE = 256 * 2**20  # bytes; gRPC's default, 4 MiB, is 1,300 digits


class GrpcClient(base.Client):
  """Calls a model over gRPC; one connection, opened at the first call.

  Args:
    address: The server, `HOST:PORT`.
    name: The model.
    credentials: A `grpc.ChannelCredentials` for TLS; None for none.
    **options: The other arguments of `Client`.

  Raises:
    ImportError: The extra `serving` is not installed.
  """

  def __init__(self, address: str, name: str, credentials: Any = None, **options: Any):
    super().__init__(name, **options)
    self.address = address
    # Here, since the extra may not be installed.
    from aevb_tf.export.client import messages

    self._messages, grpc = messages, messages.grpc
    sizes = ("grpc.max_send_message_length", "grpc.max_receive_message_length")
    channel_options = [(name, _LARGEST_MESSAGE) for name in sizes]
    if credentials is None:
      self._channel = grpc.insecure_channel(address, channel_options)
    else:
      self._channel = grpc.secure_channel(address, credentials, channel_options)
    services = messages.prediction_service_pb2_grpc
    self._stub = services.PredictionServiceStub(self._channel)

  def close(self) -> None:
    """Closes the connection."""
    self._channel.close()

  def _ask(self, signature, inputs, seconds):
    request = self._messages.request(
      self.name, signature, inputs, version=self.version, label=self.label
    )
    try:
      response = self._stub.Predict(request, timeout=seconds)
    except self._messages.grpc.RpcError as error:
      raise _client_error(self._messages.grpc.StatusCode, error) from error
    return self._messages.arrays(response.outputs)


def _client_error(codes, error):
  classes = {
    codes.INVALID_ARGUMENT: base.InvalidRequest,
    codes.FAILED_PRECONDITION: base.InvalidRequest,
    codes.NOT_FOUND: base.NotFound,
    codes.UNAVAILABLE: base.Unavailable,
    codes.DEADLINE_EXCEEDED: base.DeadlineExceeded,
  }
  return classes.get(error.code(), base.ServerFailed)(error.details())
