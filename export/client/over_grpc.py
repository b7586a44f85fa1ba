"""TensorFlow Serving's gRPC API, `tensorflow.serving.PredictionService.Predict`."""

from typing import Any

from aevb_tf.export.client import errors
from aevb_tf.export.client.base import Client

_LARGEST_MESSAGE = 256 * 2**20  # bytes; gRPC's own limit, 4 MiB, is 1,300 digits


class GrpcClient(Client):
  """Asks over gRPC; one connection, made at the first call.

  Args:
    address: The server, `HOST:PORT`.
    name: The model.
    credentials: A `grpc.ChannelCredentials` for TLS; None for none.
    **options: As `Client` takes them.

  Raises:
    ImportError: The extra `serving` is not installed.
  """

  def __init__(self, address: str, name: str, credentials: Any = None, **options: Any):
    super().__init__(name, **options)
    self.address = address
    # Here, since REST needs neither.
    import grpc

    from aevb_tf.export.serving import protos, warmup

    self._grpc, self._warmup = grpc, warmup
    sizes = ("grpc.max_send_message_length", "grpc.max_receive_message_length")
    channel_options = [(name, _LARGEST_MESSAGE) for name in sizes]
    if credentials is None:
      self._channel = grpc.insecure_channel(address, channel_options)
    else:
      self._channel = grpc.secure_channel(address, credentials, channel_options)
    self._stub = protos.prediction_service_pb2_grpc.PredictionServiceStub(self._channel)

  def close(self) -> None:
    """Closes the connection."""
    self._channel.close()

  def _ask(self, signature, inputs, seconds):
    request = self._warmup.request(
      self.name, signature, inputs, version=self.version, label=self.label
    )
    try:
      response = self._stub.Predict(request, timeout=seconds)
    except self._grpc.RpcError as error:
      raise _typed(self._grpc.StatusCode, error) from error
    return self._warmup.arrays(response.outputs)


def _typed(codes, error):
  known = {
    codes.INVALID_ARGUMENT: errors.InvalidRequest,
    codes.FAILED_PRECONDITION: errors.InvalidRequest,
    codes.NOT_FOUND: errors.NotFound,
    codes.UNAVAILABLE: errors.Unavailable,
    codes.DEADLINE_EXCEEDED: errors.DeadlineExceeded,
  }
  return known.get(error.code(), errors.ServerFailed)(error.details())
