"""Figure 3: log p(x) of AEVB, wake-sleep and Monte Carlo EM, for few and many data.

100 hidden units and 3 latents; log p(x) by App. D, of the first 1000 training and test
data (App. E). Monte Carlo EM pays a whole chain for every visit of a datum, which is
why it cannot keep up where there are many data.
"""

import pathlib
from typing import NamedTuple

from aevb_tf import plots
from aevb_tf.experiments import curves, figure2_mnist, jobs
from aevb_tf.experiments.jobs import Job
from aevb_tf.experiments.published import FIGURE3
from aevb_tf.experiments.trajectory import Run

NAME = "figure3"
TITLE = "Figure 3, MNIST, grey values as Bernoulli targets, $N_z$ = 3"
METHODS = ("aevb", "wake_sleep", "mcem")
# By as many updates for each: Monte Carlo EM makes five of one minibatch.
_PILOTS = {
  "aevb": figure2_mnist.PILOTS,
  "wake_sleep": figure2_mnist.PILOTS,
  "mcem": tuple(samples // 5 for samples in figure2_mnist.PILOTS),
}
_NO_PILOTS = dict.fromkeys(METHODS, ())


class Scale(NamedTuple):
  """How much of the figure is run."""

  run: Run
  sizes: tuple[int, ...]  # N
  samples: dict[str, int]  # of each method
  pilots: dict[str, tuple[int, ...]]  # of each method


def scales(data_dir: str) -> dict[str, Scale]:
  """How much of the figure each scale runs."""
  run = figure2_mnist.paper(data_dir, ("latent_dim=3", "hidden_units=100,"))
  run = run._replace(measure="log_marginal", per_decade=2)
  tiny = figure2_mnist.tiny().change(latent_dim=2)
  tiny = tiny._replace(measure="log_marginal_of_few")
  sizes = (1000, 50_000)
  long, short = 10**7, 2 * 10**6
  return {
    "smoke": Scale(tiny, (200,), {"mcem": 500}, _NO_PILOTS),
    "default": Scale(
      run, sizes, {"aevb": long, "wake_sleep": long, "mcem": short}, _PILOTS
    ),
    "full": Scale(run, sizes, dict.fromkeys(METHODS, 6 * 10**7), _PILOTS),
  }


def jobs_of(scale: Scale) -> list[Job]:
  """The jobs of the figure, in order: the quick methods first."""
  return [
    Job(
      scale.run._replace(method=method, train_examples=size),
      scale.samples[method],
      scale.pilots[method],
    )
    for method in scale.samples
    for size in scale.sizes
  ]


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
    jobs.write_table(table, found)
    draw(table)

  jobs.execute(jobs_of(scales(data_dir)[scale]), workdir, keep)
  return table, table.with_suffix(".png")


def draw(table: pathlib.Path) -> pathlib.Path:
  """Draws the picture of a table beside it, and returns its path."""
  points = curves.read(table)
  panels = {
    f"$N$ = {size:,}": curves.panel(
      [p for p in points if p.train_examples == size],
      [v for v in FIGURE3 if v.train_examples == size],
    )
    for size in sorted({p.train_examples for p in points})
  }
  ylabel = f"{curves.NAMES['log_marginal']}, nats per datum"
  figure = plots.bound_curves(panels, title=TITLE, ylabel=ylabel)
  return plots.save(figure, table.with_suffix(".png"))
