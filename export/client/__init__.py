"""Calls the signatures of a model on a server, over REST or gRPC.

    from aevb_tf.export import client
    digits = client.RestClient("http://127.0.0.1:8501", "digits", label="stable")
    digits = client.GrpcClient("127.0.0.1:8500", "digits", label="stable")
    digits.reconstruct(x)["x_mean"]
    digits.sample(16, seed=7)["x_mean"]     # the same digits as vae.sample(16, seed=7)

Every call has a deadline, within which it is repeated while the server is not ready.
It returns arrays or raises a `ClientError`. The REST client needs NumPy alone; for gRPC
the extra `serving` brings the messages, which import TensorFlow.
"""

from aevb_tf.export.client.base import (
  Client,
  ClientError,
  DeadlineExceeded,
  InvalidRequest,
  NotFound,
  ServerFailed,
  Unavailable,
)
from aevb_tf.export.client.over_grpc import GrpcClient
from aevb_tf.export.client.over_rest import RestClient

__all__ = [
  "Client",
  "ClientError",
  "DeadlineExceeded",
  "GrpcClient",
  "InvalidRequest",
  "NotFound",
  "RestClient",
  "ServerFailed",
  "Unavailable",
]
