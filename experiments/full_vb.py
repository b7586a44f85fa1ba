"""Full variational Bayes (App. F) beside AEVB, with few examples and with many.

The paper derives this bound and reports no experiment with it. Here both train the
networks of figure 3. The curves are the bound at the mean weights; the bound of App. F,
which pays for the weights' KL, is measured at their end.
"""

from experiments import curves, settings
from experiments.figure import Figure
from experiments.sweep import Curve, Job, Point, Sweep

TITLE = "Full variational Bayes, MNIST, grey values as Bernoulli targets, $N_z$ = 3"
_MEASURES = {"aevb": "bound", "full_vb": "with_full_bound"}


def figure(scale: str, data_dir: str) -> Figure:
  """The experiment at one of `experiments.SCALES`."""
  run = settings.mnist(data_dir, ("latent_dim=3", "hidden_units=100,"))
  # A job, for each method and for each N.
  job, sizes = {
    "smoke": (Job(settings.digits().change(latent_dim=2), 500), (200,)),
    "default": (Job(run, 2 * 10**6, settings.PILOTS), (1000, 50_000)),
    "full": (Job(run, 6 * 10**7, settings.PILOTS), (1000, 50_000)),
  }[scale]
  jobs = [
    job._replace(
      run=job.run._replace(method=method, train_examples=size, measure=measure)
    )
    for size in sizes
    for method, measure in _MEASURES.items()
  ]
  return Figure(
    jobs, lambda rows, _: curves.draw(rows, TITLE, by="train_examples"), _tabulate
  )


def _tabulate(sweep: Sweep) -> list[Point]:
  ends = [_end(curve) for curve in sweep.curves if curve.run.method == "full_vb"]
  return [*sweep.points(), *ends]


def _end(curve: Curve) -> Point:
  """The bound of App. F at the end of a run."""
  row = curve.rows[-1]
  columns = ("train", "train_error", "test", "test_error")
  return curve.point(row | {c: row[f"full_{c}"] for c in columns}, "full_bound")
