"""Figure 2, MNIST: the bound against training samples, AEVB and wake-sleep.

The targets are the grey values: the paper does not say so, but its numbers fit them.
"""

import pathlib

from experiments import figure2, runs
from experiments.published import FIGURE2_MNIST
from experiments.trajectory import Run

NAME = "figure2_mnist"
# The first 2,000 iterations show which step cannot be, and 10,000 which is best.
PILOTS = (200_000, 1_000_000)
TITLE = "Figure 2, MNIST, grey values as Bernoulli targets"
# The other reading of N(0, 0.01), 0.01 the deviation; and where the decoder's output
# begins, so that narrow weights need not find the mean of the data first.
NARROW = dict.fromkeys(
  ("kernel_initializer", "bias_initializer"), {"name": "random_normal", "stddev": 0.01}
)
AT_MEAN = {"output_bias": "data_mean"}
# What the table calls both.
NARROW_START = "narrow start"
BEGIN = {NARROW_START: NARROW | AT_MEAN}


def paper(data_dir: str = "", changes: tuple[str, ...] = ()) -> Run:
  """A run on MNIST with the paper's settings."""
  changes = ("jit_compile=on", *changes)
  return Run("aevb", runs.config("mnist_paper", changes, data_dir))


def scales(data_dir: str) -> dict[str, figure2.Scale]:
  """How much of the figure each scale runs."""
  run = paper(data_dir)
  dims = (3, 20, 10, 5, 200)
  # What this package recommends, `configs/mnist.py`: 100 epochs of Adam.
  recommended = runs.config("mnist", ("jit_compile=on",), data_dir)
  modern = ((run._replace(config=recommended), 6 * 10**6),)
  return {
    "smoke": figure2.Scale(tiny(), (2,), 1_000, ()),
    "default": figure2.Scale(
      run, dims, 10**7, PILOTS, ((20, 3 * 10**7),), modern, BEGIN
    ),
    "full": figure2.Scale(run, dims, 10**8, PILOTS, (), modern, BEGIN),
  }


def tiny() -> Run:
  """A run of seconds on the digits that come with the package."""
  changes = ("dataset=digits", "hidden_units=8,")
  return Run(
    "aevb", runs.config("mnist_paper", changes), first=500, per_decade=2, chunk=500
  )


def run(
  workdir: pathlib.Path, scale: str, data_dir: str
) -> tuple[pathlib.Path, pathlib.Path]:
  """Trains, measures and draws.

  Args:
    workdir: Where the table, the picture and the runs' folders go.
    scale: One of `experiments.SCALES`.
    data_dir: Folder with prepared data, or "".

  Returns:
    The paths of the table and of the picture.
  """
  return figure2.run(NAME, scales(data_dir)[scale], workdir, TITLE, FIGURE2_MNIST)
