"""The calls of both clients, their errors, and their retries."""

import abc
import numbers
import random
import time
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

# c of each example, or of one for all, as a model with a condition takes it: codes of
# classes, whole numbers `[n]` or a single one; or numbers `[n, *shape]`.
Condition: TypeAlias = npt.ArrayLike
# An int, of which the low 64 bits count, or a pair of int32.
Seed: TypeAlias = int | Sequence[int] | np.ndarray

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0  # seconds


class ClientError(RuntimeError):
  """A request was not answered; the message is the server's own."""


class InvalidRequest(ClientError):
  """The server rejected the request: unknown signature, wrong shape, too large `num`."""


class NotFound(ClientError):
  """There is no such model, version or label."""


class Unavailable(ClientError):
  """The server could not be reached, or did not accept the request, by the deadline."""


class DeadlineExceeded(ClientError):
  """The server accepted the request, but did not answer in time."""


class ServerFailed(ClientError):
  """The server failed, or its answer cannot be read."""


class Client(abc.ABC):
  """Calls the signatures of one model.

  Args:
    name: The model.
    version: Its version.
    label: The label of a version, instead of its number; without either, the newest
      version answers.
    deadline: Seconds for a call with all its repetitions.

  Raises:
    ValueError: Both a version and a label are given, or the deadline is not positive.
  """

  def __init__(
    self,
    name: str,
    version: int | None = None,
    label: str | None = None,
    deadline: float = 10.0,
  ):
    if version is not None and label is not None:
      raise ValueError("A request is for a version or for a label, not for both.")
    if deadline <= 0:
      raise ValueError(f"deadline={deadline} must be positive, in seconds.")
    self.name, self.version, self.label = name, version, label
    self.deadline = deadline

  def encode(
    self, x: npt.ArrayLike, condition: Condition | None = None
  ) -> dict[str, np.ndarray]:
    """The parameters of q(z|x), by name, for `x` `[batch, *event_shape]`."""
    return self.call("encode", x=x, condition=condition)

  def decode(
    self, z: npt.ArrayLike, condition: Condition | None = None
  ) -> dict[str, np.ndarray]:
    """`x_mean`, the mean of p(x|z), for `z` `[batch, latent_dim]`."""
    return self.call("decode", z=z, condition=condition)

  def sample(
    self, num: int, seed: Seed, condition: Condition | None = None
  ) -> dict[str, np.ndarray]:
    """`z` from the prior, and `x_mean`; equal seeds give equal numbers."""
    return self.call("sample", num=num, seed=seed, condition=condition)

  def reconstruct(
    self, x: npt.ArrayLike, condition: Condition | None = None
  ) -> dict[str, np.ndarray]:
    """`x_mean` at the point estimate of q(z|x)."""
    return self.call("reconstruct", x=x, condition=condition)

  def elbo(
    self, x: npt.ArrayLike, seed: Seed, condition: Condition | None = None
  ) -> dict[str, np.ndarray]:
    """`elbo`, `kl` and `log_likelihood` of each example, nats, `[batch]`."""
    return self.call("elbo", x=x, seed=seed, condition=condition)

  def log_marginal(
    self, x: npt.ArrayLike, seed: Seed, condition: Condition | None = None
  ) -> dict[str, np.ndarray]:
    """`log_marginal` of each example, nats, `[batch]`."""
    return self.call("log_marginal", x=x, seed=seed, condition=condition)

  def classify(self, x: npt.ArrayLike, seed: Seed) -> dict[str, np.ndarray]:
    """`probs` of the classes of a model whose condition is a class, `[batch, classes]`."""
    return self.call("classify", x=x, seed=seed)

  def anomaly(
    self, x: npt.ArrayLike, seed: Seed, condition: Condition | None = None
  ) -> dict[str, np.ndarray]:
    """`score`, `p_value` and `is_anomaly` (1 or 0) of each example, `[batch]`."""
    return self.call("anomaly", x=x, seed=seed, condition=condition)

  def reconstruct_png(
    self, files: Sequence[bytes], condition: Condition | None = None
  ) -> dict[str, np.ndarray]:
    """`png_bytes`, PNG files of the reconstructions of the images in PNG files."""
    return self.call("reconstruct_png", png_bytes=files, condition=condition)

  def sample_png(
    self, num: int, seed: Seed, condition: Condition | None = None
  ) -> dict[str, np.ndarray]:
    """`png_bytes`, PNG files of the images that `sample` returns."""
    return self.call("sample_png", num=num, seed=seed, condition=condition)

  def elbo_png(
    self, files: Sequence[bytes], seed: Seed, condition: Condition | None = None
  ) -> dict[str, np.ndarray]:
    """As `elbo`, for the images in PNG files."""
    return self.call("elbo_png", png_bytes=files, seed=seed, condition=condition)

  def anomaly_png(
    self, files: Sequence[bytes], seed: Seed, condition: Condition | None = None
  ) -> dict[str, np.ndarray]:
    """As `anomaly`, for the images in PNG files."""
    return self.call("anomaly_png", png_bytes=files, seed=seed, condition=condition)

  def call(self, signature: str, **inputs: Any) -> dict[str, np.ndarray]:
    """Calls a signature.

    If the server cannot be reached, or answers that it is not ready, it has not begun to
    compute: the request is repeated, after pauses that double.

    Args:
      signature: Its name.
      **inputs: Its inputs by name; a seed is an int or a pair of int32. None leaves out
        an input.

    Returns:
      Its outputs by name.

    Raises:
      ClientError: It was not answered; the subclass says why.
    """
    arrays = {
      name: _array(name, value) for name, value in inputs.items() if value is not None
    }
    end, pause = time.monotonic() + self.deadline, _FIRST_PAUSE
    while True:
      try:
        return self._ask(signature, arrays, max(1e-3, end - time.monotonic()))
      except Unavailable:
        # Random, so that clients which lost a server together do not return together.
        wait = pause * random.uniform(0.5, 1.5)
        if time.monotonic() + wait >= end:
          raise
        time.sleep(wait)
        pause = min(2 * pause, _LONGEST_PAUSE)

  @abc.abstractmethod
  def _ask(
    self, signature: str, inputs: dict[str, np.ndarray], seconds: float
  ) -> dict[str, np.ndarray]:
    """Sends a request once; raises a `ClientError` if it is not answered in time."""


def _array(name, value):
  if name == "seed":
    return seed_words(value)
  if name == "png_bytes":
    return np.array([bytes(content) for content in value], object)
  if name == "condition":
    array = np.asarray(value)
    is_class = array.dtype.kind in "iu" and array.ndim < 2
    return np.atleast_1d(array).astype(np.int32 if is_class else np.float32)
  return np.asarray(value, np.int32 if name == "num" else np.float32)


def seed_words(seed: Seed) -> np.ndarray:
  """A seed as servers take it, without TensorFlow what `aevb_tf.random.as_seed` returns.

  Args:
    seed: An int, of which the low 64 bits are used, or a pair of int32.

  Returns:
    int32 `[2]`: of an int the high and the low word.

  Raises:
    TypeError: `seed` is neither.
  """
  if isinstance(seed, numbers.Integral) and not isinstance(seed, bool):
    words = np.array([int(seed) >> 32 & 0xFFFFFFFF, int(seed) & 0xFFFFFFFF])
    return words.astype(np.uint32).astype(np.int32)
  pair = np.asarray(seed)
  if pair.shape == (2,) and pair.dtype.kind in "iu":
    return pair.astype(np.int32)
  raise TypeError(f"seed={seed!r} must be an int or a pair of int32.")
