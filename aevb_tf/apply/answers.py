"""A function for each task of `aevb-apply`.

Each takes a `Question` and the options of the task, and returns an `Answer`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Literal

import numpy as np

from aevb_tf import checks, plots, random, tasks
from aevb_tf.apply import detectors, inputs
from aevb_tf.apply.inputs import Question
from aevb_tf.apply.restorations import denoise, inpaint, super_resolve  # noqa: F401
from aevb_tf.apply.results import MOST_DRAWN, Answer
from aevb_tf.conditions import Labels
from aevb_tf.evidence.batches import over_batches
from aevb_tf.plots import grids
from aevb_tf.random import Purpose

_MOST_ROWS = 10


def anomalies(question: Question, score: str, false_alarm_rate: float) -> Answer:
  """Scores, p-values and verdicts; the detector is kept in the run's folder."""
  examples = question.examples
  score = score or tasks.scores.default_for(question.vae)
  detector, summary = detectors.of_run(question, score, false_alarm_rate)
  given = {"x": examples.x, "condition": examples.condition}
  scores = detector.scores(**given)
  found = scores > np.float32(detector.threshold)
  maps = {}
  try:
    maps["maps"] = detector.maps(**given)
  except ValueError as error:  # this score of this model is not a sum over features
    summary = [*summary, f"No maps: {error}"]
  order = np.argsort(-scores, kind="stable")
  picture: Callable = functools.partial(
    plots.scores, scores, threshold=detector.threshold
  )
  if question.are_images:
    strangest = _drawable(examples.x[order[:MOST_DRAWN]])
    picture = functools.partial(
      plots.samples, strangest, title=f"The strangest of {len(scores):,} examples"
    )
  if examples.is_test_data:
    summary = [
      *summary,
      "These examples set it: the rate of false alarms holds for others.",
    ]
  if question.config.early_stopping or question.config.restore_best:
    summary = [
      *summary,
      "They also chose the epoch of the model, so that the rate may be a little higher.",
    ]
  return Answer(
    columns={
      "score": scores,
      "p_value": detector.p_values_of(scores),
      "is_anomaly": found,
    },
    arrays=maps,
    picture=picture,
    summary=[
      *summary,
      f"{found.sum()} of {len(found)} examples are anomalies: their score"
      f" ({score}) is above {detector.threshold:.4g}.",
    ],
  )


def classify(question: Question) -> Answer:
  """p(c|x), and the most probable class."""
  vae, examples = question.vae, question.examples
  if not isinstance(vae.condition, Labels):
    raise ValueError(
      "the model has no class as its condition: train it with --config.condition=labels."
    )
  probs = np.asarray(vae.classify(examples.x, seed=question.seed))
  levels = np.asarray([str(level) for level in vae.condition.levels])
  columns = {"class": levels[probs.argmax(axis=1)]}
  columns |= {f"p({level})": probs[:, i] for i, level in enumerate(levels)}
  summary = []
  known = examples.labels >= 0
  if known.any():
    errors = probs.argmax(axis=1)[known] != examples.labels[known]
    summary = [
      f"{errors.sum()} of {known.sum()} labelled examples are of another class."
    ]
  return Answer(columns=columns, summary=summary)


def cluster(question: Question, num_clusters: int) -> Answer:
  """The cluster of each example, and the centers."""
  vae, examples = question.vae, question.examples
  found, centers = tasks.cluster(
    vae, examples.x, num_clusters, examples.condition, question.seed
  )
  means = tasks.embed(vae, examples.x, examples.condition)
  return Answer(
    columns={"cluster": found},
    arrays={"centers": centers},
    picture=lambda: plots.latent_scatter(
      means, found, title="Posterior means and their clusters"
    ),
  )


def embed(question: Question) -> Answer:
  """The latents of each example."""
  examples = question.examples
  z = tasks.embed(question.vae, examples.x, examples.condition)
  return Answer(
    columns={f"z{j}": z[:, j] for j in range(z.shape[1])},
    arrays={"z": z},
    picture=lambda: plots.latent_scatter(
      z, examples.labels, label_names=examples.class_names
    ),
  )


def impute(question: Question, num_imputations: int, method: str) -> Answer:
  """Missing values, filled in."""
  vae, examples = question.vae, question.examples
  found = vae.impute(
    examples.x,
    num_imputations,
    method,
    seed=question.seed,
    condition=examples.condition,
  )
  filled = {"imputed": found}
  if num_imputations > 1:
    filled = {f"imputed_{i}": draw for i, draw in enumerate(found)}
  missing = np.isnan(examples.x).reshape(len(examples.x), -1).sum(axis=1)
  picture = None
  if question.are_images:
    first = next(iter(filled.values()))[:MOST_DRAWN]
    picture = functools.partial(
      plots.reconstructions,
      examples.x[:MOST_DRAWN],
      first,
      rows=("with gaps", "imputed"),
      title="Missing values (blue), and what fills them in",
    )
  return Answer(
    columns={"num_missing": missing},
    examples=filled,
    picture=picture,
    summary=[f"{missing.sum():,} of {examples.x.size:,} values were missing."],
  )


def interpolate(
  question: Question,
  start: int,
  end: int,
  steps: int,
  path: Literal["linear", "spherical"],
) -> Answer:
  """What lies between two examples."""
  vae, examples = question.vae, question.examples
  steps = checks.positive_int("--steps", steps)
  checks.one_of("--path", path, ("linear", "spherical"))
  ends = [_row(question, name, i) for name, i in (("start", start), ("end", end))]
  z_start, z_end = (_latents(question, row) for row in ends)
  found = tasks.interpolate(
    vae, z_start, z_end, steps, path, _condition(question, ends[0])
  )
  picture = None
  if question.are_images:
    title = f"From example {examples.names[start]} to {examples.names[end]}"
    picture = functools.partial(plots.samples, found, columns=len(found), title=title)
  return Answer(arrays={"interpolation": found}, picture=picture)


def nearest(question: Question, num_neighbors: int) -> Answer:
  """The training examples with the nearest latents."""
  vae, examples = question.vae, question.examples
  num_neighbors = checks.positive_int("--num_neighbors", num_neighbors)
  train = inputs.of_run(question.config, vae, "train")
  indices, distances = tasks.nearest(
    vae, examples.x, train.x, num_neighbors, examples.condition, train.condition
  )
  columns = {}
  for k in range(num_neighbors):
    columns[f"train_{k + 1}"] = np.asarray(train.names)[indices[:, k]]
    columns[f"distance_{k + 1}"] = distances[:, k]
  picture = None
  if question.are_images:
    rows = np.stack(
      [
        np.concatenate([examples.x[i : i + 1], train.x[indices[i]]])
        for i in range(min(len(examples.x), _MOST_ROWS))
      ]
    )
    picture = functools.partial(
      plots.by_condition,
      _drawable(rows),
      examples.names[: len(rows)],
      axes=("example", "the example, and its nearest in latents, from the nearest"),
      title="Examples, and the training examples with the nearest latents",
    )
  return Answer(columns=columns, picture=picture)


def reconstruct(question: Question) -> Answer:
  """Each example as the model sees it, and its bound."""
  vae, examples = question.vae, question.examples
  seed = random.derive(random.request_seed(question.seed), Purpose.ELBO)
  found = over_batches(
    vae, lambda x, rows: vae.reconstruct(x), examples.x, examples.condition, None
  )
  bound = over_batches(
    vae,
    lambda x, rows: vae.bound_parts(x, seed, rows, training=False).elbo,
    examples.x,
    examples.condition,
    None,
  )
  picture: Callable | None = None
  if question.are_images:
    picture = functools.partial(
      plots.reconstructions, examples.x[:MOST_DRAWN], found[:MOST_DRAWN]
    )
  elif vae.schema is not None:
    picture = lambda: plots.marginals(  # noqa: E731
      vae.schema.decode(examples.x),
      vae.schema.decode(found),
      title="Marginals of the data and of their reconstructions",
    )
  return Answer(
    columns={"elbo": bound},
    examples={"reconstructions": found},
    picture=picture,
    summary=[f"Mean bound of {len(bound):,} examples: {bound.mean():.4g} nats."],
  )


def traverse(question: Question, start: int) -> Answer:
  """What each latent changes in an example."""
  vae, examples = question.vae, question.examples
  row = _row(question, "start", start)
  found = tasks.traverse(
    vae, _latents(question, row), condition=_condition(question, row)
  )
  picture = None
  if question.are_images and len(examples.x) > 1:
    picture = functools.partial(
      plots.traversals, vae, examples.x, example=row, condition=examples.condition
    )
  return Answer(arrays={"traversals": found}, picture=picture)


def _drawable(x):
  """Images `[..., height, width, channels]` whose missing pixels, NaN, are blue."""
  images = x.reshape(-1, *x.shape[-3:])
  drawn, _ = grids.with_missing(images, images)
  return drawn.reshape(*x.shape[:-1], -1)


def _row(question, name, number) -> int:
  count = len(question.examples.x)
  if not 0 <= number < count:
    raise ValueError(f"--{name}={number}: the examples are 0, ..., {count - 1}.")
  return number


def _latents(question, row):
  condition = question.examples.condition
  given = None if condition is None else condition[row : row + 1]
  return tasks.embed(question.vae, question.examples.x[row : row + 1], given)[0]


def _condition(question, row):
  condition = question.examples.condition
  return None if condition is None else condition[row]
