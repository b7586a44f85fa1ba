"""The settings of section 5 as runs, and what the experiments change of them."""

from collections.abc import Sequence

import ml_collections

from aevb_tf.training import configuration, overrides
from experiments.run import Run

# Samples at which step sizes are compared: the first 2,000 iterations show which is
# impossible, and 10,000 which is best.
PILOTS = (200_000, 1_000_000)
# The other reading of N(0, 0.01), 0.01 the deviation.
NARROW = dict.fromkeys(
  ("kernel_initializer", "bias_initializer"), {"name": "random_normal", "stddev": 0.01}
)
# The decoder's output starts there, so that narrow weights need not find it first.
AT_MEAN = {"output_bias": "data_mean"}
# What tables call both.
NARROW_START = "narrow start"
# Means in (0, 1), and a variance for each pixel.
UNIT_GAUSSIAN = (
  "likelihood={'name': 'gaussian', 'unit_mean': True, 'scale': 'per_pixel'}"
)


def mnist(data_dir: str = "", changes: Sequence[str] = ()) -> Run:
  """A run on MNIST, grey values as Bernoulli targets."""
  return Run("aevb", config("mnist_paper", ("jit_compile=on", *changes), data_dir))


def frey_face(data_dir: str = "") -> Run:
  """A run on the Frey faces."""
  return mnist(data_dir, ("dataset=frey_face", "hidden_units=200,", UNIT_GAUSSIAN))


def digits(changes: Sequence[str] = ()) -> Run:
  """A run of seconds on the digits that come with the package."""
  changes = ("dataset=digits", "hidden_units=8,", *changes)
  return Run("aevb", config("mnist_paper", changes), first=500, per_decade=2, chunk=500)


def config(
  name: str, changes: Sequence[str] = (), data_dir: str = ""
) -> ml_collections.ConfigDict:
  """An installed config, changed, and without pictures of its own.

  Args:
    name: As `aevb-train --config` takes it.
    changes: `key=value`, as behind `--config.`.
    data_dir: Folder with prepared data, or "".
  """
  values = configuration.load(name)
  changes = (*changes, "plots=false")
  overrides.apply(values, [f"--config.{change}" for change in changes])
  if data_dir:
    configuration.assign(values, "data_dir", data_dir, "--data_dir")
  return values
