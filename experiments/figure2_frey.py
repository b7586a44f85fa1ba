"""Figure 2, Frey Face: the bound against training samples, AEVB and wake-sleep.

200 hidden units; a Gaussian decoder whose means are held in (0, 1) by a sigmoid. The
paper does not state its split; ours is random, and documented with the data set.
"""

import pathlib

from experiments import figure2, figure2_mnist, runs
from experiments.published import FIGURE2_FREY
from experiments.trajectory import Run

NAME = "figure2_frey"
TITLE = "Figure 2, Frey Face, real values, Gaussian likelihood"
_CHANGES = (
  "jit_compile=on",
  "dataset=frey_face",
  "hidden_units=200,",
  "likelihood={'name': 'gaussian', 'unit_mean': True, 'scale': 'per_pixel'}",
)


def paper(data_dir: str = "", changes: tuple[str, ...] = ()) -> Run:
  """A run on the Frey faces with the paper's settings."""
  return Run("aevb", runs.config("mnist_paper", (*_CHANGES, *changes), data_dir))


def scales(data_dir: str) -> dict[str, figure2.Scale]:
  """How much of the figure each scale runs."""
  run, dims = paper(data_dir), (10, 20, 5, 2)
  # The same likelihood on data that come with the package.
  tiny = Run(
    "aevb",
    runs.config("mnist_paper", (*_CHANGES[3:], "dataset=digits", "hidden_units=8,")),
    first=500,
    per_decade=2,
    chunk=500,
  )
  return {
    "smoke": figure2.Scale(tiny, (2,), 500, ()),
    "default": figure2.Scale(run, dims, 10**7, figure2_mnist.PILOTS),
    "full": figure2.Scale(run, dims, 10**8, figure2_mnist.PILOTS),
  }


def run(
  workdir: pathlib.Path, scale: str, data_dir: str
) -> tuple[pathlib.Path, pathlib.Path]:
  """Trains, measures and draws; arguments and results as in `figure2_mnist.run`."""
  return figure2.run(NAME, scales(data_dir)[scale], workdir, TITLE, FIGURE2_FREY)
