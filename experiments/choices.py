"""What the paper leaves open: our choices, and what the alternatives do to one number.

Each alternative is trained as ours is (`alternatives`). For App. D, the same trained model
is measured in other ways (`app_d`).
"""

import math
import pathlib
from typing import NamedTuple

from aevb_tf import plots
from experiments import alternatives, app_d, figure2_mnist, jobs, runs
from experiments.alternatives import Alternative
from experiments.app_d import Way
from experiments.jobs import Job
from experiments.plots.alternatives import alternatives as draw_alternatives

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
  model: Job  # whose evidence is measured
  ways: list[Way]  # by each of them
  examples: int  # of so many test data


def scales(data_dir: str) -> dict[str, Scale]:
  """How much of the experiment each scale runs."""

  def paper(samples):
    asked = alternatives.paper(data_dir, samples)
    return Scale(asked, app_d.model(data_dir), app_d.ways(), 1000)

  tiny = Job(figure2_mnist.tiny().change(latent_dim=2), 500)
  return {
    "smoke": Scale(alternatives.targets(tiny)[:2], tiny, [], 10),
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
  found = jobs.execute([*asked, settings.model], workdir)
  rows = [_trained(a, found) for a in settings.alternatives]
  if settings.ways:
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
  """log p(x) of one model by each way."""
  job, ways = settings.model, settings.ways
  samples = jobs.curve_of(job, found).points()[-1].samples
  values = app_d.measured(job, ways, settings.examples, workdir, found)
  return [
    Choice(
      way.question,
      way.answer,
      "yes" if way.ours else "no",
      "log_marginal",
      samples,
      *value,
    )
    for way, value in zip(ways, values, strict=True)
  ]


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
  figure = draw_alternatives(
    groups, title="What the paper leaves open", xlabel="test data, nats per datum"
  )
  return plots.save(figure, table.with_suffix(".png"))
