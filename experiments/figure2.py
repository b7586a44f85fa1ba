"""Figure 2, for either data set: the bound against training samples evaluated.

The curves are AEVB and wake-sleep with the same networks and the paper's settings, AEVB
with a narrow start, and AEVB with the settings that this package recommends.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from experiments import curves
from experiments.figure import Figure
from experiments.published import Value
from experiments.run import Run
from experiments.sweep import Job

METHODS = ("aevb", "wake_sleep")


def figure(title: str, published: Sequence[Value], jobs: Sequence[Job]) -> Figure:
  """The figure of a data set; the arguments are those of `jobs_of` and `curves.draw`."""
  return Figure(
    jobs,
    lambda rows, _: curves.draw(rows, title, by="latent_dim", published=published),
    live=True,
  )


def jobs_of(
  run: Run,
  latent_dims: Sequence[int],
  samples: int,
  pilots: tuple[int, ...] = (),
  longer: Mapping[int, int] | None = None,
  modern: Sequence[Job] = (),
  begin: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[Job]:
  """The jobs of a figure, in order.

  Args:
    run: A run with the paper's settings; its method and number of latents are replaced.
    latent_dims: Nz, in the order in which they are run.
    samples: Training samples of every curve.
    pilots: Samples at which step sizes are compared.
    longer: Nz -> samples, curves that are resumed when all have come so far.
    modern: Jobs with settings of ours.
    begin: What the table calls other beginnings of AEVB -> the config's values.
  """

  def job(method, latent_dim, samples=samples):
    start = Job(run._replace(method=method), samples, pilots)
    return start.change(latent_dim=latent_dim)

  first, *rest = latent_dims
  # One panel is complete before the others begin.
  return [
    *(job(method, first) for method in METHODS),
    *modern,
    *(job(method, dim) for method in METHODS for dim in rest),
    *(
      job("aevb", dim).change(**values)._replace(settings=settings)
      for settings, values in (begin or {}).items()
      for dim in latent_dims
    ),
    *(job(method, *pair) for pair in (longer or {}).items() for method in METHODS),
  ]
