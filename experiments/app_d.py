"""log p(x) of one trained model, by App. D as we read it and in other ways."""

import json
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from aevb_tf import evidence
from experiments import datasets, figure3, jobs, measures, runs, trajectory
from experiments.jobs import Job

_OURS = {"name": "posterior_density", **measures.APP_D}
# Each question: our answer, the others, and what they change.
_QUESTIONS = {
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
_ESTIMATOR = "estimator of log p(x)"
_IMPORTANCE = {"name": "importance", "num_samples": 5000}


class Way(NamedTuple):
  """An answer to a question, and the options of the estimator that go with it."""

  question: str
  answer: str
  method: Mapping[str, Any]
  ours: bool


def model(data_dir: str) -> Job:
  """Whose evidence it is: figure 3's, by AEVB, of 1,000 data. Posteriors are sharp."""
  return figure3.job(data_dir, "aevb", 1000)


def ways() -> list[Way]:
  """All questions, our answer first."""
  found = []
  for question, (ours, others) in _QUESTIONS.items():
    found += [Way(question, ours, _OURS, True)]
    found += [Way(question, name, _OURS | it, False) for name, it in others.items()]
  return [
    *found,
    Way(_ESTIMATOR, "App. D", _OURS, True),
    Way(_ESTIMATOR, "5,000 draws of the encoder", _IMPORTANCE, False),
  ]


def measured(
  job: Job,
  asked: Iterable[Way],
  examples: int,
  workdir: pathlib.Path,
  found: list[jobs.Curve],
) -> list[tuple[float, float]]:
  """log p(x) by each way; what is known is not estimated again.

  Args:
    job: Leaves the model.
    asked: The ways.
    examples: Of so many test data, the first.
    workdir: Folder of the experiments.
    found: As `jobs.execute` gave it.

  Returns:
    Means and standard errors over data, nats per datum.
  """
  trained = jobs.final(job, workdir, found)
  data = datasets.load(job.run.config, job.run.train_examples)
  x = measures.first(data.test, examples)
  memory = trajectory.Folder(workdir, jobs.curve_of(job, found).run).path / "app_d.json"

  def by(method):
    name = f"{job.samples} {json.dumps(method, sort_keys=True)} of {len(x)}"
    return runs.remembered(memory, name, lambda: _mean_of(trained, x, method))

  return [by(dict(way.method)) for way in asked]


def _mean_of(trained, x, method):
  found = evidence.estimate(trained, x, method, seed=0, batch_size=measures.BATCH)
  return found.mean, found.standard_error
