"""Figure 3: log p(x) of AEVB, wake-sleep and Monte Carlo EM, for few and many data.

100 hidden units and 3 latents; log p(x) by App. D, of the first 1000 training and test
data (App. E). The axis counts how often a datum's likelihood is evaluated: Monte Carlo EM
pays for every leapfrog step and every update (`methods.evaluations`). It is no online
algorithm (section 5): the chains of all data go on, and then its updates take all of
them. So it fares well where data are few.
"""

import pathlib
from collections.abc import Iterable

import numpy as np

from aevb_tf import plots
from experiments import curves, figure2_mnist, jobs, measures, methods
from experiments.jobs import Curve, Job, Point
from experiments.plots.bound_curves import bound_curves
from experiments.published import FIGURE3
from experiments.trajectory import Run

NAME = "figure3"
TITLE = "Figure 3, MNIST, grey values as Bernoulli targets, $N_z$ = 3"
METHODS = ("aevb", "mcem", "wake_sleep")
SIZES = (1000, 50_000)
# Evaluations, as in the paper.
_LENGTH = 6 * 10**7
# Of the mean of differences to AEVB, datum by datum: what tables call it.
LESS_AEVB = "log_marginal_less_aevb"


def paper(
  data_dir: str, method: str, train_examples: int, minibatches: bool = False
) -> Run:
  """A run with the paper's settings; Monte Carlo EM takes all data at once, or not."""
  run = figure2_mnist.paper(data_dir, ("latent_dim=3", "hidden_units=100,"))
  run = run._replace(
    method=method,
    train_examples=train_examples,
    measure="log_marginal",
    first=10**6,
    per_decade=2,
  )
  if methods.evaluations(method) == 1:
    return run
  run = run._replace(first=10**4, chunk=10**3)
  if minibatches:
    return run
  run = run.change(batch_size=train_examples)
  return run._replace(
    first=max(run.first, 2 * train_examples), chunk=max(run.chunk, train_examples)
  )


def job(
  data_dir: str,
  method: str,
  train_examples: int,
  samples: int = _LENGTH,
  minibatches: bool = False,
) -> Job:
  """A curve of so many evaluations."""
  run = paper(data_dir, method, train_examples, minibatches)
  each = methods.evaluations(method)
  visits = samples // each // run.chunk * run.chunk
  pilots = figure2_mnist.PILOTS
  if each > 1:
    # Visits after which step sizes are compared: each is good for five updates.
    pilots = max(32_000, 5 * run.chunk), max(100_000, 10 * run.chunk)
  return Job(run, visits, pilots)


def scales(data_dir: str) -> dict[str, list[Job]]:
  """The jobs of each scale, in order."""
  tiny = figure2_mnist.tiny().change(latent_dim=2)
  tiny = tiny._replace(measure="log_marginal_of_few", train_examples=200)
  default = [job(data_dir, method, size) for method in METHODS for size in SIZES]
  return {
    "smoke": [Job(tiny._replace(method="mcem"), 500)],
    "default": default,
    "full": default,
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
  table = workdir / f"{NAME}.csv"

  def keep(found):
    jobs.write_table(table, found, differences(found))
    draw(table)

  jobs.execute(scales(data_dir)[scale], workdir, keep)
  return table, table.with_suffix(".png")


def differences(found: Iterable[Curve]) -> list[Point]:
  """log p(x) at the end of each curve less AEVB's, for as many data and as trained.

  Methods are measured on the same data: the error of the mean difference is far less
  than those of the two means.
  """
  ends = [(curve, curve.rows[-1]) for curve in found if curve.chosen and curve.rows]

  def of(curve):
    return curve.run.train_examples, curve.job.settings

  aevb = {of(curve): row for curve, row in ends if curve.run.method == "aevb"}
  points = []
  for curve, row in ends:
    base = aevb.get(of(curve))
    if base is None or base is row:
      continue
    columns = {}
    for split in ("train", "test"):
      values = np.subtract(row[f"{split}_values"], base[f"{split}_values"])
      columns |= measures.mean(split, values)
    points.append(curve.point(row | columns, LESS_AEVB))
  return points


def draw(table: pathlib.Path) -> pathlib.Path:
  """Draws the picture of a table beside it, and returns its path."""
  points = [p for p in curves.read(table) if p.quantity == "log_marginal"]
  panels = {
    f"$N$ = {size:,}": curves.panel(
      [p for p in points if p.train_examples == size],
      [v for v in FIGURE3 if v.train_examples == size],
    )
    for size in sorted({p.train_examples for p in points})
  }
  ylabel = f"{curves.NAMES['log_marginal']}, nats per datum"
  figure = bound_curves(panels, title=TITLE, ylabel=ylabel)
  return plots.save(figure, table.with_suffix(".png"))
