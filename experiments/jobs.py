"""The runs of a figure, one after another, and the table of their curves.

Section 5 chooses the step size of Adagrad from 0.01, 0.02 and 0.1 by how the first
iterations go on the training set. So does a job: it begins a run with each; the one with
the worst training bound at the first of its `pilots` leaves, and at the last of them the
best goes on alone. The others stay in the table, with `chosen` no.
"""

import math
import pathlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import keras
import tqdm

from aevb_tf.models import NonFiniteError
from experiments import methods, runs, trajectory
from experiments.trajectory import Run

STEPS = (0.01, 0.02, 0.1)
# What the columns of a measure are.
_QUANTITIES = {
  "bound": "bound",
  "with_full_bound": "bound",
  "log_marginal": "log_marginal",
  "log_marginal_of_few": "log_marginal",
}


class Job(NamedTuple):
  """A curve of a figure.

  Attributes:
    run: The run; its step size, too, if there are no `pilots`.
    samples: How far it goes, in visits of data.
    pilots: Samples at which steps are compared; none leaves the run's own.
    settings: "paper", or what else the table calls it.
  """

  run: Run
  samples: int
  pilots: tuple[int, ...] = ()
  settings: str = "paper"

  def change(self, **values: Any) -> "Job":
    """The job with other values of its run's config."""
    return self._replace(run=self.run.change(**values))

  def same_as(self, other: "Job") -> bool:
    """Whether both ask for the same."""
    return (self.run.key, *self[1:]) == (other.run.key, *other[1:])


class Point(NamedTuple):
  """A row of the table; values are means over data, nats per datum."""

  method: str
  settings: str
  dataset: str
  binarization: str
  train_examples: int
  latent_dim: int
  step: float
  chosen: str
  samples: int  # evaluated: visits of data times `methods.evaluations`
  quantity: str
  train: float
  train_error: float  # standard error over data
  test: float
  test_error: float
  seconds: float  # of training, up to here
  device: str  # that trained: "CPU", the name of a GPU, or several, in order


class Curve(NamedTuple):
  """A run that a job has made."""

  job: Job
  run: Run
  chosen: bool
  rows: list[dict]

  def points(self) -> list[Point]:
    """Its rows of the table."""
    return [self.point(row, _QUANTITIES[self.run.measure]) for row in self.rows]

  def point(self, row: dict, quantity: str) -> Point:
    """A row of the table, from the columns of a measure."""
    config = self.run.config
    grey = "grey" if config.likelihood.name == "bernoulli" else "real"
    return Point(
      self.run.method,
      self.job.settings,
      config.dataset,
      grey if config.binarization == "none" else config.binarization,
      self.run.train_examples,
      config.latent_dim,
      config.learning_rate,
      "yes" if self.chosen else "no",
      row["samples"] * methods.evaluations(self.run.method),
      quantity,
      *(row[key] for key in ("train", "train_error", "test", "test_error")),
      row["seconds"],
      row["device"],
    )


def execute(
  jobs: Sequence[Job],
  workdir: pathlib.Path,
  keep: Callable[[list[Curve]], None] = lambda curves: None,
) -> list[Curve]:
  """Runs jobs that are not done yet, in order, with one progress bar for all.

  Args:
    jobs: The jobs.
    workdir: Folder of the experiments.
    keep: Called after every job with all curves so far: a table can be looked at while
      the rest is still running.

  Returns:
    The curves: of every job, those of its pilots and then its own.
  """
  curves: list[Curve] = []
  with _progress(jobs) as report:
    for job in jobs:
      curves += _curves(job, workdir, report)
      tqdm.tqdm.write(_ending(curves[-1]))
      keep(curves)
  return curves


def final(job: Job, workdir: pathlib.Path, curves: Iterable[Curve]) -> keras.Model:
  """The model that a job has left; `curves` as `execute` gave them."""
  curve = curve_of(job, curves)
  return trajectory.load(curve.run, job.samples, workdir)


def curve_of(job: Job, curves: Iterable[Curve]) -> Curve:
  """The chosen curve of a job; `curves` as `execute` gave them."""
  return next(c for c in curves if c.chosen and c.job.same_as(job))


def write_table(
  path: pathlib.Path, curves: Iterable[Curve], more: Iterable[Point] = ()
) -> None:
  """Writes the points of all curves, of each run once, and more of them."""
  points = [point for curve in _longest(curves) for point in curve.points()]
  runs.write_csv(path, [*points, *more])


def _curves(job, workdir, report) -> list[Curve]:
  """Those of the pilots that left, and then that of the job."""
  candidates = [job.run.change(learning_rate=step) for step in STEPS]
  pilots: list[Curve] = []
  left: list[Curve] = []
  for samples in job.pilots:
    tried = [_curve(job, run, samples, workdir, report, False) for run in candidates]
    tried.sort(key=_score)
    if _score(tried[-1]) == -math.inf:
      raise NonFiniteError(f"{_title(job.run)}: diverges with every step of {STEPS}.")
    keep = 1 if samples == job.pilots[-1] else len(tried) - 1
    left += tried[:-keep]
    pilots += tried[-keep:]
    candidates = [curve.run for curve in tried[-keep:]]
  run = candidates[0] if job.pilots else job.run
  curve = _curve(job, run, job.samples, workdir, report)
  # Where it was compared with the others, it may have a point beside those of a curve.
  own = [row for pilot in pilots if pilot.run.key == run.key for row in pilot.rows]
  rows = {row["samples"]: row for row in (*own, *curve.rows)}
  return [*left, curve._replace(rows=[rows[samples] for samples in sorted(rows)])]


def _curve(job, run, samples, workdir, report, chosen=True) -> Curve:
  def tell(done):
    report(run, done)

  try:
    rows = trajectory.advance(run, samples, workdir, tell)
  except NonFiniteError as error:
    if chosen and job.pilots:
      raise
    # To diverge is an answer to the question which step size is good.
    tqdm.tqdm.write(f"{_title(run)}: {error}")
    rows = []
  return Curve(job, run, chosen, rows)


def _score(curve):
  score = curve.rows[-1]["train"] if curve.rows else math.nan
  return -math.inf if math.isnan(score) else score


def _longest(curves: Iterable[Curve]) -> list[Curve]:
  """Of curves of one run, the longest: it has the points of the others."""
  found: dict[tuple, Curve] = {}
  for curve in curves:
    key = curve.run.key, curve.chosen
    if key not in found or len(found[key].rows) <= len(curve.rows):
      found[key] = curve
  return list(found.values())


def _ending(curve: Curve) -> str:
  if not curve.rows:
    return f"{_title(curve.run)}: diverged"
  last = curve.rows[-1]
  return (
    f"{_title(curve.run)}: {last['samples']:,} samples, train {last['train']:z.1f}, test"
    f" {last['test']:z.1f} nats per datum"
  )


def _title(run: Run) -> str:
  config = run.config
  return (
    f"{methods.TITLES[run.method]}, {config.dataset}, Nz {config.latent_dim}, "
    f"step {config.learning_rate:g}"
  )


@contextmanager
def _progress(jobs: Sequence[Job]) -> Iterator[Callable[[Run, int], None]]:
  """A bar over the samples of all jobs."""
  total: dict[str, int] = {}
  for job in jobs:
    # At each of the pilots one leaves, at the last all but one.
    leave = [*job.pilots, *job.pilots[-1:] * 2][: len(STEPS) - 1]
    total[job.run.key] = max(total.get(job.run.key, 0), job.samples + sum(leave))
  seen: dict[str, int] = {}
  with tqdm.tqdm(
    total=sum(total.values()), unit="sample", unit_scale=True, disable=None
  ) as bar:

    def report(run, done):
      bar.set_description(_title(run), refresh=False)
      bar.update(max(0, done - seen.get(run.key, 0)))
      seen[run.key] = max(done, seen.get(run.key, 0))

    yield report
