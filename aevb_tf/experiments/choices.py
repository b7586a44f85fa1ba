"""What the paper leaves open: our choices, and what the alternatives do to one number.

Each alternative differs from ours in one thing, and chooses its step size as ours does.
For App. D, the same trained model is measured in other ways. A row with another seed
shows what a difference has to exceed.
"""

import json
import math
import pathlib
from collections.abc import Sequence
from typing import NamedTuple

from aevb_tf import evidence, plots
from aevb_tf.experiments import (
  datasets,
  figure2_frey,
  figure2_mnist,
  figure3,
  jobs,
  measures,
  runs,
  trajectory,
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
  value: float  # mean over test data, nats per datum; NaN if it diverged
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


def _alternatives(
  mnist: Job,
  few_latents: Job,
  many_latents: Job,
  frey: Job,
  chains: Sequence[Job],
) -> list[Alternative]:
  def changed(job, **values):
    return job._replace(run=job.run.change(**values))

  narrow = {"name": "random_normal", "stddev": 0.01}
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
  ]
  for job in (few_latents, mnist, many_latents):
    question = f"N(0, 0.01) of the first weights, N_z = {job.run.config.latent_dim}"
    other = changed(job, kernel_initializer=narrow, bias_initializer=narrow)
    found += [
      Alternative(question, "variance 0.01", job, True),
      Alternative(question, "deviation 0.01", other),
    ]
  question = (
    f"first bias of the decoder's output, N_z = {many_latents.run.config.latent_dim}"
  )
  found += [
    Alternative(question, "drawn as the others", many_latents, True),
    Alternative(
      question, "at the data's mean", changed(many_latents, output_bias="data_mean")
    ),
  ]
  found += [
    Alternative("step size", "by the first iterations", mnist, True),
    *(
      Alternative(
        "step size",
        f"{step:g}, always",
        changed(mnist, learning_rate=step)._replace(pilots=()),
      )
      for step in jobs.STEPS
    ),
    Alternative("the seed", "0", mnist, True),
    Alternative("the seed", "1", changed(mnist, seed=1)),
  ]
  found += [
    Alternative(_CHAIN, answer, job, job is chains[0])
    for answer, job in zip(_CHAINS, chains, strict=False)
  ]
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
    few, many = (
      Job(mnist.run.change(latent_dim=dim), samples, mnist.pilots) for dim in (3, 200)
    )
    alternatives = _alternatives(
      Job(mnist.run, samples, mnist.pilots),
      few,
      many,
      Job(frey.run.change(latent_dim=10), samples, frey.pilots),
      [figure3.job(data_dir, method, 1000) for method in ("mcem", "mcem_fresh")],
    )
    return Scale(alternatives, few, 1000, len(_ESTIMATORS))

  tiny = Job(figure2_mnist.tiny().change(latent_dim=2), 500)
  return {
    "smoke": Scale(_alternatives(tiny, tiny, tiny, tiny, ())[:2], tiny, 10, 0),
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
    rows += _evidence(settings, workdir, found)
  table = workdir / f"{NAME}.csv"
  runs.write_csv(table, rows)
  return table, draw(table)


def _trained(alternative: Alternative, found: list[jobs.Curve]) -> Choice:
  """What was measured at the end of an alternative's curve."""
  points = jobs.curve_of(alternative.job, found).points()
  if points:
    last = points[-1]
    told = last.quantity, last.samples, last.test, last.test_error
  else:
    told = "bound", alternative.job.samples, math.nan, math.nan
  ours = "yes" if alternative.ours else "no"
  return Choice(alternative.question, alternative.answer, ours, *told)


def _evidence(settings: Scale, workdir, found) -> list[Choice]:
  """log p(x) of one model, by App. D as we read it and in other ways."""
  job = settings.few_latents
  model = jobs.final(job, workdir, found)
  data = datasets.load(job.run.config, job.run.train_examples)
  x = measures.first(data.test, settings.examples)

  def measured(options):
    estimator = evidence.PosteriorDensity(**options)
    found = evidence.estimate(model, x, estimator, seed=0)
    return found.mean, found.standard_error

  memory = trajectory.Folder(workdir, jobs.curve_of(job, found).run).path / "app_d.json"
  rows = []
  for question, answer, changes in _ESTIMATORS[: settings.estimators]:
    options = measures.APP_D | changes
    name = f"{job.samples} {json.dumps(options, sort_keys=True)} of {len(x)}"
    told = runs.remembered(memory, name, lambda options=options: measured(options))
    ours = "no" if changes else "yes"
    rows.append(Choice(question, answer, ours, "log_marginal", job.samples, *told))
  return rows


_CHAIN = "chains of MCEM, N = 1,000"
_CHAINS = (
  "10 leapfrog steps, from where the datum's last chain ended",
  "10 times 10 leapfrog steps, from a draw of the prior",
)
_DENSITY, _BURN_IN = "q(z) of App. D", "burn-in of App. D"
_START = "start of App. D's chains"
_ESTIMATORS = (
  (_DENSITY, "a Gaussian", {}),
  (_DENSITY, "a mixture of up to three", {"density": "mixture"}),
  (_BURN_IN, f"{measures.APP_D['burn_in']} transitions", {}),
  (_BURN_IN, "twice as many", {"burn_in": 2 * measures.APP_D["burn_in"]}),
  (_START, f"one of {measures.APP_D['candidates']:,} draws of the prior", {}),
  (_START, "a draw of the prior", {"candidates": 1}),
  (_START, "a draw of the encoder", {"start": "encoder", "candidates": 1}),
)


def read(table: pathlib.Path) -> list[Choice]:
  """Reads the table."""
  return runs.read_csv(table, Choice)


def draw(table: pathlib.Path) -> pathlib.Path:
  """Draws the picture of a table beside it, and returns its path."""
  groups = {}
  for row in read(table):
    if math.isnan(row.value):
      continue
    answers = groups.setdefault(row.question, {})
    answers[row.answer] = (row.value, row.error, row.ours == "yes")
  figure = plots.alternatives(
    groups, title="What the paper leaves open", xlabel="test data, nats per datum"
  )
  return plots.save(figure, table.with_suffix(".png"))
