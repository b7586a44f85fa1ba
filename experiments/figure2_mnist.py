"""Figure 2, MNIST: the bound against training samples, AEVB and wake-sleep.

The targets are the grey values: the paper does not say so, but its numbers fit them.
"""

from experiments import figure2, settings
from experiments.figure import Figure
from experiments.published import FIGURE2_MNIST
from experiments.sweep import Job

TITLE = "Figure 2, MNIST, grey values as Bernoulli targets"


def figure(scale: str, data_dir: str) -> Figure:
  """The figure at one of `experiments.SCALES`."""
  return figure2.figure(TITLE, FIGURE2_MNIST, _jobs(data_dir)[scale])


def _jobs(data_dir):
  run, dims = settings.mnist(data_dir), (3, 20, 10, 5, 200)
  # What this package recommends, `configs/mnist.py`: 100 epochs of Adam.
  recommended = settings.config("mnist", ("jit_compile=on",), data_dir)
  ours = {
    "modern": [Job(run._replace(config=recommended), 6 * 10**6, settings="modern")],
    "begin": {settings.NARROW_START: settings.NARROW | settings.AT_MEAN},
  }
  return {
    "smoke": figure2.jobs_of(settings.digits(), (2,), 1_000),
    "default": figure2.jobs_of(
      run, dims, 10**7, settings.PILOTS, longer={20: 3 * 10**7}, **ours
    ),
    "full": figure2.jobs_of(run, dims, 10**8, settings.PILOTS, **ours),
  }
