"""Figure 5: samples of models of MNIST with 2, 5, 10 and 20 latents.

The mean of p(x|z), for z drawn from the prior. The models are those of figure 2, which are
trained unless they are in the same folder.
"""

from experiments import settings
from experiments.figure import Figure
from experiments.plots.mosaics import mosaics
from experiments.sweep import Job


def figure(scale: str, data_dir: str) -> Figure:
  """The figure at one of `experiments.SCALES`."""
  run, dims = settings.mnist(data_dir), (2, 5, 10, 20)
  # A job, for each of the numbers of latents; samples along a side.
  job, dims, side = {
    "smoke": (Job(settings.digits(), 1_000, (500,)), dims[:1], 3),
    "default": (Job(run, 10**7, settings.PILOTS), dims, 10),
    "full": (Job(run, 10**8, settings.PILOTS), dims, 10),
  }[scale]
  jobs = {f"$N_z$ = {dim}": job.change(latent_dim=dim) for dim in dims}

  def draw(_, sweep):
    panels = {
      title: sweep.model(job).sample(side**2, seed=0).numpy()
      for title, job in jobs.items()
    }
    return mosaics(panels, side, title="Figure 5: samples, MNIST")

  return Figure(list(jobs.values()), draw)
