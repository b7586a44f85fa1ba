"""What the paper leaves open, as questions with our answer and others, each a job.

An alternative differs from ours in what its answer says, and chooses its step size as
ours does. One that is another seed shows what a difference has to exceed.
"""

from collections.abc import Mapping
from types import ModuleType
from typing import Any, NamedTuple

from experiments import figure2_frey, figure2_mnist, figure3, jobs
from experiments.jobs import Job

_DEVIATION = {"deviation 0.01": figure2_mnist.NARROW}
_BIAS = {"output at the data's mean": figure2_mnist.AT_MEAN}
_BOTH = {
  "deviation 0.01, output at the data's mean": figure2_mnist.BEGIN[
    figure2_mnist.NARROW_START
  ]
}
# By the number of latents.
_FIRST_WEIGHTS = {
  3: _DEVIATION | _BOTH,
  20: _DEVIATION | _BOTH,
  200: _DEVIATION | _BIAS | _BOTH,
}


class Alternative(NamedTuple):
  """An answer, and the job that shows what it does."""

  question: str
  answer: str
  job: Job
  ours: bool = False


def paper(data_dir: str, samples: int) -> list[Alternative]:
  """All questions, on the paper's data: curves of so many samples where it is one's own.

  Args:
    data_dir: Folder with prepared data, or "".
    samples: Training samples of figure 2's settings.
  """
  mnist = figure2_job(figure2_mnist, data_dir, samples)
  frey = figure2_job(figure2_frey, data_dir, samples).change(latent_dim=10)
  return [
    *targets(mnist),
    *(
      alternative
      for dim, others in _FIRST_WEIGHTS.items()
      for alternative in _asked(
        f"first weights, N_z = {dim}",
        "variance 0.01",
        mnist.change(latent_dim=dim),
        others,
      )
    ),
    *_asked(
      "step size",
      "by the first iterations",
      mnist,
      {
        f"{step:g}, always": mnist.change(learning_rate=step)._replace(pilots=())
        for step in jobs.STEPS
      },
    ),
    *_asked("the seed", "0", mnist, {"1": {"seed": 1}}),
    *(a for size in figure3.SIZES for a in _monte_carlo_em(data_dir, size)),
    *_asked(
      "test split of Frey Face",
      "200 frames at random",
      frey,
      {
        "the film's last 200 frames": frey._replace(run=frey.run._replace(split="film"))
      },
    ),
  ]


def targets(mnist: Job) -> list[Alternative]:
  """What the pixels of MNIST are: grey values, or bits."""
  others = {
    "bits, drawn once": {"binarization": "fixed"},
    "bits, drawn in every epoch": {"binarization": "stochastic"},
  }
  return _asked("targets of MNIST", "grey values", mnist, others)


def figure2_job(figure: ModuleType, data_dir: str, samples: int) -> Job:
  """AEVB with the settings of `figure2_mnist` or `figure2_frey`, and so many samples."""
  scale = figure.scales(data_dir)["default"]
  return Job(scale.run, samples, scale.pilots)


def _monte_carlo_em(data_dir, size):
  """What its chains are, and how many data an update takes."""

  def job(method, minibatches):
    return figure3.job(data_dir, method, size, minibatches=minibatches)

  others = {
    "chains go on, minibatches": job("mcem", True),
    "new chains, ten times as long, minibatches": job("mcem_fresh", True),
  }
  if size == min(figure3.SIZES):
    others["chains go on and jump, all data"] = job("mcem_jumps", False)
  question = f"Monte Carlo EM, N = {size:,}"
  return _asked(question, "chains go on, all data", job("mcem", False), others)


def _asked(
  question: str, ours: str, job: Job, others: Mapping[str, Mapping[str, Any] | Job]
) -> list[Alternative]:
  """A question: our answer and its job; others, and what they change, or their jobs."""
  return [
    Alternative(question, ours, job, True),
    *(
      Alternative(question, answer, it if isinstance(it, Job) else job.change(**it))
      for answer, it in others.items()
    ),
  ]
