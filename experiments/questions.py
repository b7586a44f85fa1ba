"""What the paper leaves open, as questions with our answer and alternatives.

An alternative differs from our answer only in one setting. If it changes the training,
its step size is chosen as ours is. Another seed shows how large a difference must be to
be significant. For App. D, the same trained model is measured in different ways.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from experiments import figure3, measures, settings, sweep
from experiments.sweep import Job

_DEVIATION = {"standard deviation 0.01": settings.NARROW}
_BIAS = {"output at the data's mean": settings.AT_MEAN}
_BOTH = {
  "standard deviation 0.01, output at the data's mean": settings.NARROW
  | settings.AT_MEAN
}
# By the number of latents.
_FIRST_WEIGHTS = {
  3: _DEVIATION | _BOTH,
  20: _DEVIATION | _BOTH,
  200: _DEVIATION | _BIAS | _BOTH,
}
_APP_D = {"name": "posterior_density", **measures.APP_D}
# Each question about App. D: our answer, the others, and what they change.
_ESTIMATORS = {
  "q(z) of App. D": (
    "a Gaussian",
    {"a mixture of up to three": {"density": "mixture"}},
  ),
  "burn-in of App. D": (
    f"{measures.APP_D['burn_in']} transitions",
    {"twice as many": {"burn_in": 2 * measures.APP_D["burn_in"]}},
  ),
  "start of App. D's chains": (
    f"one of {measures.APP_D['candidates']:,} draws of the prior",
    {
      "one of 400,000 draws of the prior": {"candidates": 400_000},
      "one of 1,000 draws of the prior": {"candidates": 1000},
      "a draw of the prior": {"candidates": 1},
      "a draw of the encoder": {"start": "encoder", "candidates": 1},
    },
  ),
}
_IMPORTANCE = {"name": "importance", "num_samples": 5000}


class Answer(NamedTuple):
  """An answer to a question.

  Attributes:
    question: The question.
    answer: What is done.
    ours: Whether it is what the other experiments do.
    job: What trains the model.
    estimator: By which log p(x) of the model is measured; None takes the end of the
      job's curve.
  """

  question: str
  answer: str
  ours: bool
  job: Job
  estimator: Mapping[str, Any] | None = None


def paper(data_dir: str, samples: int) -> list[Answer]:
  """All answers, on the paper's data.

  Args:
    data_dir: Folder with prepared data, or "".
    samples: Training samples with the settings of figure 2; figure 3 has its own.
  """
  mnist = Job(settings.mnist(data_dir), samples, settings.PILOTS)
  frey = Job(settings.frey_face(data_dir), samples, settings.PILOTS)
  frey = frey.change(latent_dim=10)
  return [
    *targets(mnist),
    *(
      answer
      for dim, changes in _FIRST_WEIGHTS.items()
      for answer in _trained(
        f"initial weights, N_z = {dim}",
        "variance 0.01",
        mnist.change(latent_dim=dim),
        changes,
      )
    ),
    *_answers(
      "step size",
      "chosen by the first iterations",
      mnist,
      {
        f"fixed at {step:g}": mnist.change(learning_rate=step)._replace(pilots=())
        for step in sweep.STEPS
      },
    ),
    *_trained("the seed", "0", mnist, {"1": {"seed": 1}}),
    *(a for size in figure3.SIZES for a in _monte_carlo_em(data_dir, size)),
    *_answers(
      "test split of Frey Face",
      "200 frames at random",
      frey,
      {
        "the film's last 200 frames": frey._replace(run=frey.run._replace(split="film"))
      },
    ),
    # With few examples posteriors are sharp.
    *estimators(figure3.job(data_dir, "aevb", 1000)),
  ]


def targets(mnist: Job) -> list[Answer]:
  """What the pixels of MNIST are: grey values, or bits."""
  changes = {
    "binary values, drawn once": {"binarization": "fixed"},
    "binary values, drawn in every epoch": {"binarization": "stochastic"},
  }
  return _trained("targets of MNIST", "grey values", mnist, changes)


def estimators(job: Job) -> list[Answer]:
  """log p(x) of one trained model, by App. D as we read it and in other ways."""
  found = []
  for question, (ours, changes) in _ESTIMATORS.items():
    found.append(Answer(question, ours, True, job, _APP_D))
    found += [
      Answer(question, name, False, job, _APP_D | change)
      for name, change in changes.items()
    ]
  question = "estimator of log p(x)"
  return [
    *found,
    Answer(question, "App. D", True, job, _APP_D),
    Answer(question, "5,000 draws of the encoder", False, job, _IMPORTANCE),
  ]


def _monte_carlo_em(data_dir, size):
  """What its chains are, and how many examples an update takes."""

  def job(method, minibatches):
    return figure3.job(data_dir, method, size, minibatches=minibatches)

  others = {
    "chains resume, minibatches": job("mcem", True),
    "new chains, ten times as long, minibatches": job("mcem_fresh", True),
  }
  if size == min(figure3.SIZES):
    others["chains resume or jump, all data"] = job("mcem_jumps", False)
  question = f"Monte Carlo EM, N = {size:,}"
  return _answers(question, "chains resume, all data", job("mcem", False), others)


def _trained(
  question: str, ours: str, job: Job, changes: Mapping[str, Mapping[str, Any]]
) -> list[Answer]:
  """Our answer and its job; others, and what they change of its config."""
  others = {answer: job.change(**change) for answer, change in changes.items()}
  return _answers(question, ours, job, others)


def _answers(
  question: str, ours: str, job: Job, others: Mapping[str, Job]
) -> list[Answer]:
  """Our answer and its job; others, and theirs."""
  return [
    Answer(question, ours, True, job),
    *(Answer(question, answer, False, other) for answer, other in others.items()),
  ]
