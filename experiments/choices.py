"""What the paper leaves open: our choices, and the effect of the alternatives."""

import json
import math
import pathlib
from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.figure import Figure as Picture

from aevb_tf import evidence
from experiments import datasets, files, measures, questions, settings
from experiments.figure import Figure
from experiments.plots.intervals import intervals
from experiments.questions import Answer
from experiments.sweep import Job, Sweep

# Number of test examples for log p(x).
_EXAMPLES = 1000


class Choice(NamedTuple):
  """A row of the table: a number by our choice, or by an alternative to it."""

  question: str
  answer: str
  ours: str  # "yes" or "no"
  quantity: str
  samples: int
  value: float  # mean over test examples, nats per example; NaN if it diverged
  error: float  # standard error over examples


def figure(scale: str, data_dir: str) -> Figure:
  """The experiment at one of `experiments.SCALES`."""
  digits = Job(settings.digits().change(latent_dim=2), 500)
  requested = {
    "smoke": lambda: questions.targets(digits)[:2],
    "default": lambda: questions.paper(data_dir, 10**6),
    "full": lambda: questions.paper(data_dir, 10**7),
  }[scale]()
  jobs = {answer.job.key: answer.job for answer in requested}
  return Figure(
    list(jobs.values()),
    lambda rows, _: _draw(rows),
    lambda sweep: [choice(answer, sweep) for answer in requested],
  )


def choice(answer: Answer, sweep: Sweep, examples: int = _EXAMPLES) -> Choice:
  """The row of an answer.

  Args:
    answer: The answer.
    sweep: The sweep that runs its job.
    examples: Number of test examples for log p(x), if the answer needs it.
  """
  points = sweep.curve(answer.job).points()
  if not points:
    values = "bound", answer.job.samples, math.nan, math.nan
  elif answer.estimator is None:
    last = points[-1]
    values = last.quantity, last.samples, last.test, last.test_error
  else:
    log_marginal = _log_marginal(answer, sweep, examples)
    values = "log_marginal", points[-1].samples, *log_marginal
  return Choice(answer.question, answer.answer, "yes" if answer.ours else "no", *values)


def _log_marginal(answer: Answer, sweep: Sweep, examples: int) -> tuple[float, float]:
  """log p(x) and its standard error; known estimates are not repeated."""
  job, method = answer.job, dict(answer.estimator)

  def estimate():
    data = datasets.load(job.run.config, job.run.train_examples)
    x = measures.first(data.test, examples)
    found = evidence.estimate(
      sweep.model(job), x, method, seed=0, batch_size=measures.BATCH
    )
    return found.mean, found.standard_error

  key = f"{job.samples} {json.dumps(method, sort_keys=True)} of {examples}"
  return files.remember(sweep.folder(job) / "app_d.json", key, estimate)


def read(table: pathlib.Path) -> list[Choice]:
  """Reads the table."""
  return files.read_csv(table, Choice)


def _draw(rows: Sequence[Choice]) -> Picture:
  groups = {}
  for row in rows:
    if not math.isnan(row.value):
      values = (row.value, row.error, row.ours == "yes")
      groups.setdefault(row.question, {})[row.answer] = values
  return intervals(
    groups, title="What the paper leaves open", xlabel="test data, nats per example"
  )
