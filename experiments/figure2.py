"""Figure 2 of either data set: the bound against training samples evaluated.

AEVB and wake-sleep with the same networks and the paper's settings; AEVB with another
beginning; and one curve beyond the paper, with the settings that this package recommends.
"""

import pathlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from aevb_tf import plots
from experiments import curves, jobs
from experiments.jobs import Job
from experiments.plots.bound_curves import bound_curves
from experiments.published import Value
from experiments.trajectory import Run


class Scale(NamedTuple):
  """How much of the figure is run.

  Attributes:
    run: A run with the paper's settings; its method and number of latents are replaced.
    latent_dims: Nz, in the order in which they are run.
    samples: Training samples of every curve.
    pilots: Samples at which step sizes are compared.
    longer: Nz -> samples, curves that go on when all have come so far.
    modern: Runs with settings of ours, and their samples.
    begin: What the table calls other beginnings of AEVB -> the config's values.
  """

  run: Run
  latent_dims: tuple[int, ...]
  samples: int
  pilots: tuple[int, ...]
  longer: tuple[tuple[int, int], ...] = ()
  modern: tuple[tuple[Run, int], ...] = ()
  begin: Mapping[str, Mapping[str, Any]] = MappingProxyType({})


METHODS = ("aevb", "wake_sleep")


def jobs_of(scale: Scale) -> list[Job]:
  """The jobs of a figure, in order."""
  first, *rest = scale.latent_dims
  modern = [Job(run, samples, settings="modern") for run, samples in scale.modern]
  # One panel is complete before the others begin.
  return [
    *(_job(scale, method, first, scale.samples) for method in METHODS),
    *modern,
    *(_job(scale, method, dim, scale.samples) for method in METHODS for dim in rest),
    *(
      job.change(**values)._replace(settings=settings)
      for settings, values in scale.begin.items()
      for job in (_job(scale, "aevb", d, scale.samples) for d in scale.latent_dims)
    ),
    *(_job(scale, method, *longer) for longer in scale.longer for method in METHODS),
  ]


def _job(scale, method, latent_dim, samples):
  job = Job(scale.run._replace(method=method), samples, scale.pilots)
  return job.change(latent_dim=latent_dim)


def run(
  name: str,
  scale: Scale,
  workdir: pathlib.Path,
  title: str,
  published: Sequence[Value],
) -> tuple[pathlib.Path, pathlib.Path]:
  """Runs the jobs of a figure, and leaves its table and its picture.

  Args:
    name: Name of the figure.
    scale: How much of it to run.
    workdir: Folder of the experiments.
    title: Above the panels.
    published: What the paper's figure reads.

  Returns:
    The paths of the table and of the picture.
  """
  table = workdir / f"{name}.csv"

  def keep(found):
    jobs.write_table(table, found)
    draw(table, title, published)

  jobs.execute(jobs_of(scale), workdir, keep)
  return table, table.with_suffix(".png")


def draw(table: pathlib.Path, title: str, published: Sequence[Value]) -> pathlib.Path:
  """Draws the picture of a table beside it, and returns its path."""
  points = curves.read(table)
  panels = {
    f"$N_z$ = {dim}": curves.panel(
      [p for p in points if p.latent_dim == dim],
      [v for v in published if v.latent_dim == dim],
    )
    for dim in sorted({p.latent_dim for p in points})
  }
  figure = bound_curves(
    panels, title=title, ylabel=f"{curves.NAMES[points[0].quantity]}, nats per datum"
  )
  return plots.save(figure, table.with_suffix(".png"))
