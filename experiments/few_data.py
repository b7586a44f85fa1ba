"""Figure 3 for few data, with one thing changed: what Monte Carlo EM's win depends on.

Where N is 1,000 Monte Carlo EM ends above AEVB on test data in the paper. Here both are
trained as figure 3 says, but for what may be the reason that it does not: their prior,
where they begin, their steps, their seed. And their models of figure 3 are measured
otherwise: App. D does not say where its chains begin.
"""

import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from aevb_tf import plots
from experiments import (
  curves,
  datasets,
  figure2_mnist,
  figure3,
  jobs,
  measures,
  runs,
  trajectory,
)
from experiments.jobs import Curve, Job, Point
from experiments.plots.alternatives import alternatives as draw_alternatives
from experiments.published import FIGURE3

NAME = "few_data"
SIZE = min(figure3.SIZES)
# The step that all methods choose for so few data.
_STEP = 0.1
NO_PRIOR = "no prior of the weights"
_SEEDS = {f"seed {seed}": {"seed": seed} for seed in range(1, 5)}
# Settings that differ in the seed alone.
SEEDS = ("paper", *_SEEDS)
# What a setting changes of a run's config.
CHANGES = _SEEDS | {
  f"a {figure2_mnist.NARROW_START}": figure2_mnist.BEGIN[figure2_mnist.NARROW_START],
  "step 0.02": {"learning_rate": 0.02},
  "weights' prior of deviation 3": {"parameter_prior_stddev": 3.0},
  "weights' prior of deviation 10": {"parameter_prior_stddev": 10.0},
  NO_PRIOR: {"parameter_prior_stddev": 0.0},
}
# What a setting changes of App. D.
_OF_1000 = {"candidates": 1000}
_OF_ENCODER = {"start": "encoder", "candidates": 1}
STARTS = {
  "App. D from one of 1,000 draws": dict.fromkeys(figure3.METHODS, _OF_1000),
  "App. D from the encoder": {
    "aevb": _OF_ENCODER,
    "wake_sleep": _OF_ENCODER,
    "mcem": _OF_1000,
  },
}


class Scale(NamedTuple):
  """How much of the experiment is run."""

  ours: list[Job]
  changed: list[Job]
  starts: Mapping[str, Mapping[str, Mapping[str, Any]]]
  examples: int  # measured anew, of train and of test data


def scales(data_dir: str) -> dict[str, Scale]:
  """How much of the experiment each scale runs."""
  ours = {m: figure3.job(data_dir, m, SIZE) for m in figure3.METHODS}
  others = [
    changed(ours[method], settings)
    for settings in CHANGES
    for method in figure3.METHODS
    # Whether wake-sleep wins is no question; without the prior it comes close.
    if method != "wake_sleep" or settings == NO_PRIOR
  ]
  default = Scale(list(ours.values()), others, STARTS, 1000)
  (tiny,) = figure3.scales(data_dir)["smoke"]
  smoke = [tiny._replace(run=tiny.run._replace(method=m)) for m in ("aevb", "mcem")]
  return {
    "smoke": Scale(smoke, [], dict(list(STARTS.items())[-1:]), 10),
    "default": default,
    "full": default,
  }


def changed(ours: Job, settings: str) -> Job:
  """The end of a curve, with what these settings change."""
  there = ours._replace(settings=settings, pilots=())
  there = there.change(**{"learning_rate": _STEP} | CHANGES[settings])
  return there._replace(run=there.run._replace(first=there.samples))


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
  found = jobs.execute([*settings.ours, *settings.changed], workdir)
  ends = [curve._replace(rows=curve.rows[-1:]) for curve in found if curve.chosen]
  ends += [
    _measured(curve, name, options[curve.run.method], settings.examples, workdir)
    for name, options in settings.starts.items()
    for curve in (jobs.curve_of(job, ends) for job in settings.ours)
  ]
  table = workdir / f"{NAME}.csv"
  points = [point for curve in ends for point in curve.points()]
  runs.write_csv(table, [*points, *figure3.differences(ends)])
  return table, draw(table)


def _measured(
  curve: Curve, settings: str, options: Mapping[str, Any], examples: int, workdir
) -> Curve:
  """The end of a curve, by App. D with other options; what is known stays."""
  (end,) = curve.rows
  options = measures.APP_D | options
  folder = trajectory.Folder(workdir, curve.run).path
  name = f"{end['samples']} {json.dumps(options, sort_keys=True)} of {examples}"

  def columns():
    model = trajectory.load(curve.run, end["samples"], workdir)
    data = datasets.load(curve.run.config, curve.run.train_examples, curve.run.split)
    return measures.log_marginal(model, data, examples, options)

  row = end | runs.remembered(folder / "starts.json", name, columns)
  return curve._replace(job=curve.job._replace(settings=settings), rows=[row])


def draw(table: pathlib.Path) -> pathlib.Path:
  """Draws the picture of a table beside it, and returns its path."""
  groups = {}
  for split in ("train", "test"):
    answers = {"published (read off)": (published(split), 0.0, False)}
    for point in less_aevb(curves.read(table)):
      error = getattr(point, f"{split}_error")
      answers[label(point.settings)] = (
        getattr(point, split),
        error,
        point.settings == "paper",
      )
    groups[f"{split} data"] = answers
  figure = draw_alternatives(
    groups,
    title=f"$N$ = {SIZE:,}: Monte Carlo EM less AEVB",
    xlabel=r"difference of $\log p(x)$, nats per datum",
  )
  return plots.save(figure, table.with_suffix(".png"))


def label(settings: str) -> str:
  """What tables and pictures call settings."""
  return "as the paper says, seed 0" if settings == "paper" else settings


def less_aevb(points: Sequence[Point]) -> list[Point]:
  """Of each setting, how far Monte Carlo EM is above AEVB."""
  return [p for p in points if (p.method, p.quantity) == ("mcem", figure3.LESS_AEVB)]


def published(split: str) -> float:
  """How far Monte Carlo EM is above AEVB in the paper."""
  values = {
    v.method: v.value for v in FIGURE3 if (v.train_examples, v.split) == (SIZE, split)
  }
  return values["mcem"] - values["aevb"]
