"""Figure 4: the manifolds of two latents, of MNIST and of the Frey faces.

A grid on the unit square through the inverse Gaussian CDF, decoded (App. A). The models
are those of figure 2, which are trained unless they are in the same folder.
"""

from aevb_tf import plots
from experiments import settings
from experiments.figure import Figure
from experiments.plots.mosaics import mosaics
from experiments.sweep import Job


def figure(scale: str, data_dir: str) -> Figure:
  """The figure at one of `experiments.SCALES`."""
  runs = {
    "MNIST": settings.mnist(data_dir),
    "Frey Face": settings.frey_face(data_dir),
  }

  def paper(samples):
    return {title: Job(run, samples, settings.PILOTS) for title, run in runs.items()}

  # The title of each panel -> what trains its model; images along a side.
  jobs, side = {
    "smoke": ({"Digits": Job(settings.digits(), 1_000, (500,))}, 4),
    "default": (paper(10**7), 20),
    "full": (paper(10**8), 20),
  }[scale]
  jobs = {title: job.change(latent_dim=2) for title, job in jobs.items()}

  def draw(_, sweep):
    z = plots.manifold_grid(side)
    panels = {
      title: sweep.model(job).decode(z).mean().numpy() for title, job in jobs.items()
    }
    return mosaics(panels, side, title="Figure 4: manifolds, $N_z$ = 2")

  return Figure(list(jobs.values()), draw)
