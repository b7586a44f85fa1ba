"""What the clients have in common: the calls, and when they are repeated."""

import abc
import random
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from aevb_tf.export.client.errors import Unavailable
from aevb_tf.random import as_seed

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0  # seconds


class Client(abc.ABC):
  """Calls the signatures of one model.

  Args:
    name: The model.
    version: Its version.
    label: The label of a version, in place of its number; the newest without either.
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
      raise ValueError(f"deadline={deadline} has to be positive, in seconds.")
    self.name, self.version, self.label = name, version, label
    self.deadline = deadline

  def encode(self, x: Any) -> dict[str, np.ndarray]:
    """The parameters of q(z|x), by name, for `x` `[batch, *event_shape]`."""
    return self.call("encode", x=x)

  def decode(self, z: Any) -> dict[str, np.ndarray]:
    """`x_mean`, the mean of p(x|z), for `z` `[batch, latent_dim]`."""
    return self.call("decode", z=z)

  def sample(self, num: int, seed: Any) -> dict[str, np.ndarray]:
    """`z` from the prior, and `x_mean`; equal seeds give equal numbers."""
    return self.call("sample", num=num, seed=seed)

  def reconstruct(self, x: Any) -> dict[str, np.ndarray]:
    """`x_mean` at the point that stands for q(z|x)."""
    return self.call("reconstruct", x=x)

  def elbo(self, x: Any, seed: Any) -> dict[str, np.ndarray]:
    """`elbo`, `kl` and `log_likelihood` of each datum, nats, `[batch]`."""
    return self.call("elbo", x=x, seed=seed)

  def log_marginal(self, x: Any, seed: Any) -> dict[str, np.ndarray]:
    """`log_marginal` of each datum, nats, `[batch]`."""
    return self.call("log_marginal", x=x, seed=seed)

  def reconstruct_png(self, files: Sequence[bytes]) -> dict[str, np.ndarray]:
    """`png_bytes`, PNG files, of what `reconstruct` gives for the images in others."""
    return self.call("reconstruct_png", png_bytes=files)

  def sample_png(self, num: int, seed: Any) -> dict[str, np.ndarray]:
    """`png_bytes`, PNG files, of what `sample` gives."""
    return self.call("sample_png", num=num, seed=seed)

  def elbo_png(self, files: Sequence[bytes], seed: Any) -> dict[str, np.ndarray]:
    """As `elbo`, for the images in PNG files."""
    return self.call("elbo_png", png_bytes=files, seed=seed)

  def call(self, signature: str, **inputs: Any) -> dict[str, np.ndarray]:
    """Calls a signature.

    A server that cannot be reached, or says that it is not ready, has not begun to
    compute: it is asked again, after pauses that double.

    Args:
      signature: Its name.
      **inputs: Its inputs by name; a seed is an int or a pair of int32.

    Returns:
      Its outputs by name.

    Raises:
      ClientError: It was not answered; the class says why.
    """
    arrays = {name: _array(name, value) for name, value in inputs.items()}
    end, pause = time.monotonic() + self.deadline, _FIRST_PAUSE
    while True:
      try:
        return self._ask(signature, arrays, max(1e-3, end - time.monotonic()))
      except Unavailable:
        # Not in step: clients that lost a server together must not come together.
        wait = pause * random.uniform(0.5, 1.5)
        if time.monotonic() + wait >= end:
          raise
        time.sleep(wait)
        pause = min(2 * pause, _LONGEST_PAUSE)

  @abc.abstractmethod
  def _ask(
    self, signature: str, inputs: dict[str, np.ndarray], seconds: float
  ) -> dict[str, np.ndarray]:
    """Asks once, and raises a `ClientError` when it is not answered in time."""


def _array(name, value):
  if name == "seed":
    return np.asarray(as_seed(value))
  if name == "png_bytes":
    return np.array([bytes(content) for content in value], object)
  return np.asarray(value, np.int32 if name == "num" else np.float32)
