"""Requests, the weights of all contenders, and the expected results."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import worker

INPUT, HIDDEN, LATENT = 784, 500, 20


@dataclasses.dataclass(frozen=True)
class Request:
  """A request to the paper's perceptrons, 784-500-20-500-784.

  Attributes:
    what: `"encode"`, x -> mean and stddev; `"decode"`, z -> x_mean; `"reconstruct"`,
      x -> mean -> x_mean.
    batch_size: Number of rows.
  """

  what: str = "decode"
  batch_size: int = 1

  def inputs(self) -> np.ndarray:
    """float32 `[batch_size, 784 or 20]`."""
    size = LATENT if self.what == "decode" else INPUT
    return np.random.default_rng(1).random((self.batch_size, size), np.float32)

  def check(self, answer: np.ndarray) -> None:
    """Raises an AssertionError if an answer differs from that of NumPy."""
    np.testing.assert_allclose(answer, _EXACT[self.what](self.inputs()), atol=1e-4)

  def repeated(self, answer: Callable[[], Any]) -> Callable[[], dict]:
    """A run for the worker that repeats an answer, which is checked once, now."""
    self.check(np.asarray(answer()))
    return worker.repeated(answer)


def weights() -> dict[str, tuple[np.ndarray, np.ndarray]]:
  """Kernel and bias of each layer, float32; the head is mean, then log-variance."""
  rng = np.random.default_rng(0)
  sizes = {
    "hidden": (INPUT, HIDDEN),
    "head": (HIDDEN, 2 * LATENT),
    "back": (LATENT, HIDDEN),
    "logits": (HIDDEN, INPUT),
  }
  return {
    name: (
      np.float32(rng.normal(size=size) / np.sqrt(size[0])),
      np.float32(rng.normal(size=size[1]) / 10),
    )
    for name, size in sizes.items()
  }


def _affine(name, x):
  kernel, bias = weights()[name]
  return x @ kernel + bias


def _encode(x):
  """The mean of q(z|x)."""
  return _affine("head", np.tanh(_affine("hidden", x)))[:, :LATENT]


def _decode(z):
  return 1 / (1 + np.exp(-_affine("logits", np.tanh(_affine("back", z)))))


_EXACT = {
  "encode": _encode,
  "decode": _decode,
  "reconstruct": lambda x: _decode(_encode(x)),
}
