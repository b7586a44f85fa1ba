"""Figure 4: the manifolds of two latents, of MNIST and of the Frey faces.

A grid on the unit square through the inverse Gaussian CDF, decoded (App. A).
"""

import pathlib
from typing import NamedTuple

from aevb_tf import plots
from experiments import figure2_frey, figure2_mnist, jobs
from experiments.jobs import Job
from experiments.plots.mosaics import mosaics

NAME = "figure4"


class Scale(NamedTuple):
  """How much of the figure is run."""

  jobs: dict[str, Job]  # title of each panel -> what trains its model
  side: int  # images along a side


def scales(data_dir: str) -> dict[str, Scale]:
  """How much of the figure each scale runs."""

  def of(figure, samples):
    scale = figure.scales(data_dir)["default"]
    return Job(scale.run.change(latent_dim=2), samples, scale.pilots)

  def both(samples):
    return {
      "MNIST": of(figure2_mnist, samples),
      "Frey Face": of(figure2_frey, samples),
    }

  tiny = Job(figure2_mnist.tiny().change(latent_dim=2), 1_000, (500,))
  return {
    "smoke": Scale({"Digits": tiny}, 4),
    "default": Scale(both(10**7), 20),
    "full": Scale(both(10**8), 20),
  }


def run(
  workdir: pathlib.Path, scale: str, data_dir: str
) -> tuple[pathlib.Path, pathlib.Path]:
  """Trains, unless figure 2 has done so in the same folder, and draws.

  Args:
    workdir: Where the table, the picture and the runs' folders go.
    scale: One of `experiments.SCALES`.
    data_dir: Folder with prepared data, or "".

  Returns:
    The paths of the table and of the picture.
  """
  settings = scales(data_dir)[scale]
  table = workdir / f"{NAME}.csv"
  curves = jobs.execute(list(settings.jobs.values()), workdir)
  jobs.write_table(table, curves)
  z = plots.manifold_grid(settings.side)
  panels = {
    title: jobs.final(job, workdir, curves).decode(z).mean().numpy()
    for title, job in settings.jobs.items()
  }
  figure = mosaics(panels, settings.side, title="Figure 4: manifolds, $N_z$ = 2")
  return table, plots.save(figure, table.with_suffix(".png"))
