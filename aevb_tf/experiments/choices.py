"""What the paper leaves open: our choices, and what the alternatives do to one number.

Each alternative is trained as ours is (`alternatives`). For App. D, the same trained model
is measured in other ways.
"""

import json
import math
import pathlib
from typing import NamedTuple

from aevb_tf import evidence, plots
from aevb_tf.experiments import (
  alternatives,
  datasets,
  figure2_mnist,
  jobs,
  measures,
  runs,
  trajectory,
)
from aevb_tf.experiments.alternatives import Alternative
from aevb_tf.experiments.jobs import Job

NAME = "choices"


class Choice(NamedTuple):
  """A row of the table: a number by our choice, or by an alternative to it."""

  question: str
  answer: str
  ours: str  # "yes" or "no"
  quantity: str
  samples: int
  value: float  # mean over test data, nats per datum; NaN if it diverged
  error: float  # standard error over data


class Scale(NamedTuple):
  """How much of the experiment is run."""

  alternatives: list[Alternative]
  few_latents: Job  # whose evidence is measured
  examples: int  # of so many test data
  estimators: int  # by so many ways


def scales(data_dir: str) -> dict[str, Scale]:
  """How much of the experiment each scale runs."""

  def paper(samples):
    mnist = alternatives.figure2_job(figure2_mnist, data_dir, samples)
    asked = alternatives.paper(data_dir, samples)
    return Scale(asked, mnist.change(latent_dim=3), 1000, len(_ESTIMATORS))

  tiny = Job(figure2_mnist.tiny().change(latent_dim=2), 500)
  return {
    "smoke": Scale(alternatives.targets(tiny)[:2], tiny, 10, 0),
    "default": paper(10**6),
    "full": paper(10**7),
  }


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
  settings = scales(data_dir)[scale]
  asked = [a.job for a in settings.alternatives]
  found = jobs.execute([*asked, settings.few_latents], workdir)
  rows = [_trained(a, found) for a in settings.alternatives]
  if settings.estimators:
    rows += _evidence(settings, workdir, found)
  table = workdir / f"{NAME}.csv"
  runs.write_csv(table, rows)
  return table, draw(table)


def _trained(alternative: Alternative, found: list[jobs.Curve]) -> Choice:
  """What was measured at the end of an alternative's curve."""
  points = jobs.curve_of(alternative.job, found).points()
  if points:
    last = points[-1]
    told = last.quantity, last.samples, last.test, last.test_error
  else:
    told = "bound", alternative.job.samples, math.nan, math.nan
  ours = "yes" if alternative.ours else "no"
  return Choice(alternative.question, alternative.answer, ours, *told)


def _evidence(settings: Scale, workdir, found) -> list[Choice]:
  """log p(x) of one model, by App. D as we read it and in other ways."""
  job = settings.few_latents
  model = jobs.final(job, workdir, found)
  data = datasets.load(job.run.config, job.run.train_examples)
  x = measures.first(data.test, settings.examples)

  def measured(options):
    estimator = evidence.PosteriorDensity(**options)
    found = evidence.estimate(model, x, estimator, seed=0)
    return found.mean, found.standard_error

  memory = trajectory.Folder(workdir, jobs.curve_of(job, found).run).path / "app_d.json"
  rows = []
  for question, answer, changes in _ESTIMATORS[: settings.estimators]:
    options = measures.APP_D | changes
    name = f"{job.samples} {json.dumps(options, sort_keys=True)} of {len(x)}"
    told = runs.remembered(memory, name, lambda options=options: measured(options))
    ours = "no" if changes else "yes"
    rows.append(Choice(question, answer, ours, "log_marginal", job.samples, *told))
  return rows


_DENSITY, _BURN_IN = "q(z) of App. D", "burn-in of App. D"
_START = "start of App. D's chains"
_ESTIMATORS = (
  (_DENSITY, "a Gaussian", {}),
  (_DENSITY, "a mixture of up to three", {"density": "mixture"}),
  (_BURN_IN, f"{measures.APP_D['burn_in']} transitions", {}),
  (_BURN_IN, "twice as many", {"burn_in": 2 * measures.APP_D["burn_in"]}),
  (_START, f"one of {measures.APP_D['candidates']:,} draws of the prior", {}),
  (_START, "a draw of the prior", {"candidates": 1}),
  (_START, "a draw of the encoder", {"start": "encoder", "candidates": 1}),
)


def read(table: pathlib.Path) -> list[Choice]:
  """Reads the table."""
  return runs.read_csv(table, Choice)


def draw(table: pathlib.Path) -> pathlib.Path:
  """Draws the picture of a table beside it, and returns its path."""
  groups = {}
  for row in read(table):
    if math.isnan(row.value):
      continue
    answers = groups.setdefault(row.question, {})
    answers[row.answer] = (row.value, row.error, row.ours == "yes")
  figure = plots.alternatives(
    groups, title="What the paper leaves open", xlabel="test data, nats per datum"
  )
  return plots.save(figure, table.with_suffix(".png"))
