"""Why a server did not answer; the message is its own."""


class ClientError(RuntimeError):
  """A request was not answered."""


class InvalidRequest(ClientError):
  """The server refused the request: an unknown signature, a wrong shape, `num` too large."""


class NotFound(ClientError):
  """There is no such model, version or label."""


class Unavailable(ClientError):
  """The server cannot be reached, or has no place for the request, to the deadline."""


class DeadlineExceeded(ClientError):
  """The server took the request, and did not answer in time."""


class ServerFailed(ClientError):
  """The server failed, or answered something else than what was asked."""
