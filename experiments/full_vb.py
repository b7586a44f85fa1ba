"""Full variational Bayes (App. F) beside AEVB, where the data are few and where many.

The paper derives this bound and reports no experiment with it. Here both learn the nets
of figure 3. The curves are the bound at the mean weights; the bound of App. F, which
pays for the weights' KL, is measured at their end.
"""

import pathlib
from typing import NamedTuple

from aevb_tf import plots
from experiments import curves, figure2_mnist, jobs
from experiments.jobs import Curve, Job, Point
from experiments.plots.bound_curves import bound_curves
from experiments.trajectory import Run

NAME = "full_vb"
TITLE = "Full variational Bayes, MNIST, grey values as Bernoulli targets, $N_z$ = 3"
_MEASURES = {"aevb": "bound", "full_vb": "with_full_bound"}


class Scale(NamedTuple):
  """How much of the experiment is run."""

  run: Run
  sizes: tuple[int, ...]  # N
  samples: int
  pilots: tuple[int, ...]


def scales(data_dir: str) -> dict[str, Scale]:
  """How much of the experiment each scale runs."""
  run = figure2_mnist.paper(data_dir, ("latent_dim=3", "hidden_units=100,"))
  tiny = figure2_mnist.tiny().change(latent_dim=2)
  return {
    "smoke": Scale(tiny, (200,), 500, ()),
    "default": Scale(run, (1000, 50_000), 2 * 10**6, figure2_mnist.PILOTS),
    "full": Scale(run, (1000, 50_000), 6 * 10**7, figure2_mnist.PILOTS),
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
  asked = [
    Job(
      settings.run._replace(
        method=method, train_examples=size, measure=_MEASURES[method]
      ),
      settings.samples,
      settings.pilots,
    )
    for size in settings.sizes
    for method in _MEASURES
  ]
  table = workdir / f"{NAME}.csv"
  found = jobs.execute(asked, workdir)
  ends = [_end(curve) for curve in found if curve.run.method == "full_vb"]
  jobs.write_table(table, found, ends)
  return table, draw(table)


def _end(curve: Curve) -> Point:
  """The bound of App. F at the end of a run."""
  row = curve.rows[-1]
  columns = ("train", "train_error", "test", "test_error")
  return curve.point(row | {c: row[f"full_{c}"] for c in columns}, "full_bound")


def draw(table: pathlib.Path) -> pathlib.Path:
  """Draws the picture of a table beside it, and returns its path."""
  points = [p for p in curves.read(table) if p.quantity == "bound"]
  panels = {
    f"$N$ = {size:,}": curves.panel([p for p in points if p.train_examples == size], [])
    for size in sorted({p.train_examples for p in points})
  }
  return plots.save(bound_curves(panels, title=TITLE), table.with_suffix(".png"))
