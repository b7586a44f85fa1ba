"""Figure 2, Frey Face: the bound against training samples, AEVB and wake-sleep.

200 hidden units; a Gaussian decoder whose means are held in (0, 1) by a sigmoid. The
paper does not state its split; ours is random, and documented with the data set.
"""

from experiments import figure2, settings
from experiments.figure import Figure
from experiments.published import FIGURE2_FREY

TITLE = "Figure 2, Frey Face, real values, Gaussian likelihood"


def figure(scale: str, data_dir: str) -> Figure:
  """The figure at one of `experiments.SCALES`."""
  run, dims = settings.frey_face(data_dir), (10, 20, 5, 2)
  # The same likelihood on data that come with the package.
  digits = settings.digits((settings.UNIT_GAUSSIAN,))
  jobs = {
    "smoke": figure2.jobs_of(digits, (2,), 500),
    "default": figure2.jobs_of(run, dims, 10**7, settings.PILOTS),
    "full": figure2.jobs_of(run, dims, 10**8, settings.PILOTS),
  }
  return figure2.figure(TITLE, FIGURE2_FREY, jobs[scale])
