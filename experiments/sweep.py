"""The runs of a figure, one after another, and their curves.

Section 5 chooses the step size of Adagrad from 0.01, 0.02 and 0.1 by the first iterations
on the training set. So does a job, by successive elimination: it starts a run with each,
drops the one with the worst training bound at the first of its `pilots`, and trains only
the best beyond the last. The others stay in the table, with `chosen` no.
"""

import contextlib
import math
import pathlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import keras
import tqdm

from aevb_tf.models import NonFiniteError
from experiments import methods, trajectory
from experiments.run import Run

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
    samples: How far it is trained, in visits of examples.
    pilots: Samples at which steps are compared; with none the run keeps its own.
    settings: "paper", or what else the table calls it.
  """

  run: Run
  samples: int
  pilots: tuple[int, ...] = ()
  settings: str = "paper"

  @property
  def key(self) -> tuple:
    """Equal for jobs that ask for the same."""
    return (self.run.key, *self[1:])

  def change(self, **values: Any) -> "Job":
    """The job with other values of its run's config."""
    return self._replace(run=self.run.change(**values))


class Point(NamedTuple):
  """A row of the table; values are means over examples, nats per example."""

  method: str
  settings: str
  dataset: str
  binarization: str
  train_examples: int
  latent_dim: int
  step: float
  chosen: str
  samples: int  # evaluated: visits of examples times `methods.evaluations`
  quantity: str
  train: float
  train_error: float  # standard error over examples
  test: float
  test_error: float
  seconds: float  # of training, up to here
  device: str  # that trained: "CPU", the name of a GPU, or several, in order


class Curve(NamedTuple):
  """A run of a job, and the rows that `trajectory.advance` gave of it."""

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


class Sweep(NamedTuple):
  """The curves of jobs, and the folder in which their runs lie.

  Attributes:
    curves: Of every job, those that were dropped and then the chosen one.
    workdir: Folder of the experiments.
  """

  curves: list[Curve]
  workdir: pathlib.Path

  def curve(self, job: Job) -> Curve:
    """The chosen curve of a job."""
    return next(c for c in self.curves if c.chosen and c.job.key == job.key)

  def folder(self, job: Job) -> pathlib.Path:
    """The folder of the chosen run of a job."""
    return trajectory.Folder(self.workdir, self.curve(job).run).path

  def model(self, job: Job) -> keras.Model:
    """The model of a job, at its end."""
    return trajectory.load(self.curve(job).run, job.samples, self.workdir)

  def points(self) -> list[Point]:
    """The points of all curves, of each run once."""
    longest: dict[tuple, Curve] = {}
    for curve in self.curves:
      key = curve.run.key, curve.chosen
      if key not in longest or len(longest[key].rows) <= len(curve.rows):
        longest[key] = curve  # it has the points of the others
    return [point for curve in longest.values() for point in curve.points()]


def execute(
  jobs: Sequence[Job],
  workdir: pathlib.Path,
  keep: Callable[[Sweep], None] = lambda sweep: None,
) -> Sweep:
  """Runs jobs that are not done yet, in order, with one progress bar for all.

  Args:
    jobs: The jobs.
    workdir: Folder of the experiments.
    keep: Called after every job with all curves so far.
  """
  sweep = Sweep([], workdir)
  with _progress(jobs) as report:
    for job in jobs:
      sweep.curves.extend(_curves(job, workdir, report))
      tqdm.tqdm.write(_ending(sweep.curves[-1]))
      keep(sweep)
  return sweep


def _curves(job, workdir, report) -> list[Curve]:
  """Those of the steps that were dropped, and then that of the job."""
  candidates = [job.run.change(learning_rate=step) for step in STEPS]
  pilots: list[Curve] = []
  dropped: list[Curve] = []
  for samples in job.pilots:
    tried = [_curve(job, run, samples, workdir, report, False) for run in candidates]
    tried.sort(key=_score)
    if _score(tried[-1]) == -math.inf:
      raise NonFiniteError(f"{_title(job.run)}: diverges with every step of {STEPS}.")
    keep = 1 if samples == job.pilots[-1] else len(tried) - 1
    dropped += tried[:-keep]
    pilots += tried[-keep:]
    candidates = [curve.run for curve in tried[-keep:]]
  run = candidates[0] if job.pilots else job.run
  curve = _curve(job, run, job.samples, workdir, report)
  # Where it was compared with the others, it may have a point beside those of a curve.
  own = [row for pilot in pilots if pilot.run.key == run.key for row in pilot.rows]
  rows = {row["samples"]: row for row in (*own, *curve.rows)}
  return [*dropped, curve._replace(rows=[rows[samples] for samples in sorted(rows)])]


def _curve(job, run, samples, workdir, report, chosen=True) -> Curve:
  try:
    rows = trajectory.advance(run, samples, workdir, lambda done: report(run, done))
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


def _ending(curve: Curve) -> str:
  if not curve.rows:
    return f"{_title(curve.run)}: diverged"
  last = curve.rows[-1]
  return (
    f"{_title(curve.run)}: {last['samples']:,} samples, train {last['train']:z.1f}, test"
    f" {last['test']:z.1f} nats per example"
  )


def _title(run: Run) -> str:
  config = run.config
  return (
    f"{methods.TITLES[run.method]}, {config.dataset}, Nz {config.latent_dim}, "
    f"step {config.learning_rate:g}"
  )


@contextlib.contextmanager
def _progress(jobs: Iterable[Job]) -> Iterator[Callable[[Run, int], None]]:
  """A bar over the samples of all jobs."""
  total: dict[str, int] = {}
  for job in jobs:
    # At each of the pilots one is dropped, at the last all but one.
    dropped = [*job.pilots, *job.pilots[-1:] * 2][: len(STEPS) - 1]
    total[job.run.key] = max(total.get(job.run.key, 0), job.samples + sum(dropped))
  seen: dict[str, int] = {}
  with tqdm.tqdm(
    total=sum(total.values()), unit="sample", unit_scale=True, disable=None
  ) as bar:

    def report(run, done):
      bar.set_description(_title(run), refresh=False)
      bar.update(max(0, done - seen.get(run.key, 0)))
      seen[run.key] = max(done, seen.get(run.key, 0))

    yield report
