"""Short runs for the tests of training."""

import numpy as np

import aevb_tf as aevb
from aevb_tf.training import configuration, overrides
from aevb_tf.training.run_folder import RunFolder
from tests import oracle


def config(*changes: str, epochs: int = 4):
  """The config `test`, with everything random that a run can have, and no pictures."""
  config = configuration.load("test")
  changes = (
    f"epochs={epochs}",
    "binarization=stochastic",
    "learning_rate_schedule=cosine",
    "plots=false",
    *changes,
  )
  overrides.apply(config, [f"--config.{change}" for change in changes])
  return config


def state(workdir) -> list[np.ndarray]:
  """Weights and optimizer state of the finished model, in order."""
  return state_of(RunFolder(workdir).model)


def state_of(file) -> list[np.ndarray]:
  """Weights, number of updates and optimizer state of a saved model, in order."""
  vae = aevb.load(file)
  return oracle.state(vae)


def same(a: list[np.ndarray], b: list[np.ndarray]) -> bool:
  """Whether two states agree bit for bit."""
  return len(a) == len(b) and all(
    x.tobytes() == y.tobytes() for x, y in zip(a, b, strict=True)
  )


def history(workdir) -> list[dict]:
  """The metrics of a run, but for the times."""
  return [
    {key: value for key, value in row.items() if not key.endswith("seconds")}
    for row in RunFolder(workdir).history()
  ]
