"""Figure 3: log p(x) of AEVB, wake-sleep and Monte Carlo EM, for few and many examples.

100 hidden units and 3 latents; log p(x) by App. D, of the first 1000 training and test
examples (App. E). The axis counts evaluations of an example's likelihood, which include
every leapfrog step and every update of Monte Carlo EM (`methods.evaluations`). It is
not an online algorithm (section 5): the chains of all examples move, and then its
updates use all examples. So it does well if there are few examples.
"""

from collections.abc import Iterable

import numpy as np

from experiments import curves, measures, methods, settings
from experiments.figure import Figure
from experiments.published import FIGURE3
from experiments.run import Run
from experiments.sweep import Curve, Job, Point, Sweep

TITLE = "Figure 3, MNIST, grey values as Bernoulli targets, $N_z$ = 3"
METHODS = ("aevb", "mcem", "wake_sleep")
SIZES = (1000, 50_000)
# Evaluations, as in the paper.
_LENGTH = 6 * 10**7
# Name in tables of the mean of differences to AEVB, example by example.
LESS_AEVB = "log_marginal_less_aevb"


def figure(scale: str, data_dir: str) -> Figure:
  """The figure at one of `experiments.SCALES`."""
  default = [job(data_dir, method, size) for method in METHODS for size in SIZES]
  jobs = {"smoke": [smoke_job("mcem")], "default": default, "full": default}
  return Figure(
    jobs[scale],
    lambda rows, _: curves.draw(rows, TITLE, by="train_examples", published=FIGURE3),
    _tabulate,
    live=True,
  )


def job(
  data_dir: str, method: str, train_examples: int, minibatches: bool = False
) -> Job:
  """The curve of a method; Monte Carlo EM may use all examples at once."""
  run = _run(data_dir, method, train_examples, minibatches)
  each = methods.evaluations(method)
  visits = _LENGTH // each // run.chunk * run.chunk
  pilots = settings.PILOTS
  if each > 1:
    # Visits after which step sizes are compared: each is good for five updates.
    pilots = max(32_000, 5 * run.chunk), max(100_000, 10 * run.chunk)
  return Job(run, visits, pilots)


def smoke_job(method: str) -> Job:
  """A curve that takes seconds."""
  run = settings.digits().change(latent_dim=2)
  run = run._replace(measure="log_marginal_of_few", train_examples=200, method=method)
  return Job(run, 500)


def differences(ends: Iterable[Curve]) -> list[Point]:
  """log p(x) at the end of each curve minus AEVB's, for the same N and settings.

  Methods are measured on the same examples: the error of the mean difference is far
  smaller than those of the two means.
  """
  last = [(curve, curve.rows[-1]) for curve in ends if curve.chosen and curve.rows]

  def key(curve):
    return curve.run.train_examples, curve.job.settings

  aevb = {key(curve): row for curve, row in last if curve.run.method == "aevb"}
  points = []
  for curve, row in last:
    base = aevb.get(key(curve))
    if base is None or base is row:
      continue
    columns = {}
    for split in ("train", "test"):
      values = np.subtract(row[f"{split}_values"], base[f"{split}_values"])
      columns |= measures.mean(split, values)
    points.append(curve.point(row | columns, LESS_AEVB))
  return points


def _tabulate(sweep: Sweep) -> list[Point]:
  return [*sweep.points(), *differences(sweep.curves)]


def _run(data_dir, method, train_examples, minibatches) -> Run:
  run = settings.mnist(data_dir, ("latent_dim=3", "hidden_units=100,"))._replace(
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
  return run.change(batch_size=train_examples)._replace(
    first=max(run.first, 2 * train_examples), chunk=max(run.chunk, train_examples)
  )
