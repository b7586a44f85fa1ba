"""What the paper leaves open: our choices, and what the alternatives do to one number.

Each alternative differs from ours in one thing, and chooses its step size as ours does.
For App. D, the same trained model is measured in other ways.
"""

import pathlib
from typing import NamedTuple

import numpy as np

from aevb_tf import evidence, plots
from aevb_tf.evidence import results
from aevb_tf.experiments import (
  datasets,
  figure2_frey,
  figure2_mnist,
  jobs,
  measures,
  runs,
)
from aevb_tf.experiments.jobs import Job

NAME = "choices"


class Choice(NamedTuple):
  """A row of the table: a number by our choice, or by an alternative to it."""

  question: str
  answer: str
  ours: str  # "yes" or "no"
  quantity: str
  samples: int
  value: float  # mean over test data, nats per datum
  error: float  # standard error over data


class Alternative(NamedTuple):
  """An answer, and the job that shows what it does."""

  question: str
  answer: str
  job: Job
  ours: bool = False


class Scale(NamedTuple):
  """How much of the experiment is run."""

  alternatives: list[Alternative]
  few_latents: Job  # whose evidence is measured
  examples: int  # of so many test data
  estimators: int  # by so many ways


def _alternatives(mnist: Job, frey: Job) -> list[Alternative]:
  def changed(job, **values):
    return job._replace(run=job.run.change(**values))

  wide = {"name": "random_normal", "stddev": 0.1}
  found = [
    Alternative("targets of MNIST", "grey values", mnist, True),
    Alternative(
      "targets of MNIST", "bits, drawn once", changed(mnist, binarization="fixed")
    ),
    Alternative(
      "targets of MNIST",
      "bits, drawn in every epoch",
      changed(mnist, binarization="stochastic"),
    ),
    Alternative("N(0, 0.01) of the first weights", "deviation 0.01", mnist, True),
    Alternative(
      "N(0, 0.01) of the first weights",
      "variance 0.01",
      changed(mnist, kernel_initializer=wide, bias_initializer=wide),
    ),
  ]
  found += [
    Alternative(
      "step size",
      f"{step:g}, always",
      changed(mnist, learning_rate=step)._replace(pilots=()),
    )
    for step in jobs.STEPS
  ]
  found.append(Alternative("step size", "by the first iterations", mnist, True))
  if frey.run.config.dataset == "frey_face":
    film = frey._replace(run=frey.run._replace(split="film"))
    found += [
      Alternative("test split of Frey Face", "200 frames at random", frey, True),
      Alternative("test split of Frey Face", "the film's last 200 frames", film),
    ]
  return found


def scales(data_dir: str) -> dict[str, Scale]:
  """How much of the experiment each scale runs."""

  def paper(samples):
    mnist = figure2_mnist.scales(data_dir)["default"]
    frey = figure2_frey.scales(data_dir)["default"]
    few = mnist.run.change(latent_dim=3)
    alternatives = _alternatives(
      Job(mnist.run, samples, mnist.pilots),
      Job(frey.run.change(latent_dim=10), samples, frey.pilots),
    )
    return Scale(alternatives, Job(few, samples, mnist.pilots), 1000, len(_ESTIMATORS))

  tiny = Job(figure2_mnist.tiny().change(latent_dim=2), 500)
  return {
    "smoke": Scale(_alternatives(tiny, tiny)[:2], tiny, 10, 0),
    "default": paper(10**6),
    "full": paper(10**7),
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
  asked = [a.job for a in settings.alternatives]
  found = jobs.execute([*asked, settings.few_latents], workdir)
  rows = [_trained(a, found) for a in settings.alternatives]
  if settings.estimators:
    rows += _evidence(jobs.final(settings.few_latents, workdir, found), settings)
  table = workdir / f"{NAME}.csv"
  runs.write_csv(table, rows)
  return table, draw(table)


def _trained(alternative: Alternative, found: list[jobs.Curve]) -> Choice:
  """The bound at the end of an alternative's curve."""
  last = jobs.curve_of(alternative.job, found).rows[-1]
  return Choice(
    alternative.question,
    alternative.answer,
    "yes" if alternative.ours else "no",
    "bound",
    last["samples"],
    last["test"],
    last["test_error"],
  )


def _evidence(model, settings: Scale) -> list[Choice]:
  """log p(x) of one model, by App. D as we read it and in other ways."""
  job = settings.few_latents
  data = datasets.load(job.run.config, job.run.train_examples)
  x = measures.first(data.test, settings.examples)
  rows = []
  for question, answer, changes in _ESTIMATORS[: settings.estimators]:
    estimator = evidence.PosteriorDensity(**measures.APP_D | changes)
    values = evidence.estimate(model, x, estimator, seed=0).log_marginal
    mean, error = float(values.mean(dtype=np.float64)), results.standard_error(values)
    ours = "no" if changes else "yes"
    rows.append(
      Choice(question, answer, ours, "log_marginal", job.samples, mean, error)
    )
  return rows


_DENSITY, _BURN_IN = "q(z) of App. D", "burn-in of App. D"
_ESTIMATORS = (
  (_DENSITY, "a Gaussian", {}),
  (_DENSITY, "a mixture of up to three", {"density": "mixture"}),
  (_BURN_IN, f"{measures.APP_D['burn_in']} transitions from the encoder", {}),
  (_BURN_IN, "twice as many", {"burn_in": 2 * measures.APP_D["burn_in"]}),
  (_BURN_IN, "as many, from the prior", {"start": "prior"}),
)


def read(table: pathlib.Path) -> list[Choice]:
  """Reads the table."""
  return runs.read_csv(table, Choice)


def draw(table: pathlib.Path) -> pathlib.Path:
  """Draws the picture of a table beside it, and returns its path."""
  groups = {}
  for row in read(table):
    answers = groups.setdefault(row.question, {})
    answers[row.answer] = (row.value, row.error, row.ours == "yes")
  figure = plots.alternatives(
    groups, title="What the paper leaves open", xlabel="test data, nats per datum"
  )
  return plots.save(figure, table.with_suffix(".png"))
