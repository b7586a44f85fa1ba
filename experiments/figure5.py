"""Figure 5: samples of models of MNIST with 2, 5, 10 and 20 latents.

The mean of p(x|z), for z drawn from the prior.
"""

import pathlib
from typing import NamedTuple

from aevb_tf import plots
from experiments import figure2_mnist, jobs
from experiments.jobs import Job
from experiments.plots.mosaics import mosaics

NAME = "figure5"


class Scale(NamedTuple):
  """How much of the figure is run."""

  jobs: list[Job]
  side: int  # samples along a side


def scales(data_dir: str) -> dict[str, Scale]:
  """How much of the figure each scale runs."""
  default = figure2_mnist.scales(data_dir)["default"]

  def of(run, samples, pilots, dims):
    return [Job(run.change(latent_dim=dim), samples, pilots) for dim in dims]

  def paper(samples):
    return of(default.run, samples, default.pilots, (2, 5, 10, 20))

  return {
    "smoke": Scale(of(figure2_mnist.tiny(), 1_000, (500,), (2,)), 3),
    "default": Scale(paper(10**7), 10),
    "full": Scale(paper(10**8), 10),
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
  curves = jobs.execute(settings.jobs, workdir)
  jobs.write_table(table, curves)
  panels = {}
  for job in settings.jobs:
    model = jobs.final(job, workdir, curves)
    images = model.sample(settings.side**2, seed=0).numpy()
    panels[f"$N_z$ = {job.run.config.latent_dim}"] = images
  figure = mosaics(panels, settings.side, title="Figure 5: samples, MNIST")
  return table, plots.save(figure, table.with_suffix(".png"))
