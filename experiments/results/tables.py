"""The tables of figures 4 and 5, of full VB, of gradients, and of what is left open."""

import math
from collections.abc import Sequence

from experiments.choices import Choice
from experiments.gradient_variance import Variance
from experiments.methods import TITLES
from experiments.results import compared
from experiments.results import markdown as md
from experiments.sweep import Point


def models(points: Sequence[Point]) -> str:
  """A figure of pictures: the bounds of the models that made them."""
  header = ("data", "N_z", "samples", "step", "train", "test", "error", "time")
  rows = [
    [
      end.dataset,
      str(end.latent_dim),
      md.samples(end.samples),
      f"{end.step:g}",
      md.nats(end.train),
      md.nats(end.test),
      md.nats(end.test_error, 2),
      md.took(end.seconds, end.device),
    ]
    for data, dim in dict.fromkeys((p.dataset, p.latent_dim) for p in points)
    if (end := compared.last(points, "aevb", dataset=data, latent_dim=dim))
  ]
  return md.table(header, rows)


def full_vb(points: Sequence[Point]) -> str:
  """Full variational Bayes: both methods at their end."""
  header = ("N", "method", "samples", "what", "train", "test", "error", "time")
  names = {"bound": "bound, mean weights", "full_bound": "bound of App. F, over N"}
  sizes = sorted({p.train_examples for p in points})
  kinds = dict.fromkeys((p.method, p.quantity) for p in points)
  ends = [
    compared.last(points, method, train_examples=size, quantity=quantity)
    for size in sizes
    for method, quantity in kinds
  ]
  rows = [
    [
      f"{end.train_examples:,}",
      TITLES[end.method],
      md.samples(end.samples),
      names[end.quantity],
      md.nats(end.train),
      # App. F pays for what the weights know of these data: no bound of other data.
      *(
        ("", "")
        if end.quantity == "full_bound"
        else (md.nats(end.test), md.nats(end.test_error, 2))
      ),
      md.took(end.seconds, end.device),
    ]
    for end in ends
    if end
  ]
  return md.table(header, rows)


def variances(rows: Sequence[Variance]) -> str:
  """The variance of gradients, to the digits of its file."""
  header = [key.replace("_", " ") for key in Variance._fields]
  return md.table(
    header,
    [
      [
        row.estimator,
        str(row.num_samples),
        f"{row.variance:.6g}",
        f"{row.standard_error:.6g}",
      ]
      for row in rows
    ],
  )


def choices(found: Sequence[Choice]) -> str:
  """Each question with its answers; the difference is to ours."""
  ours = {row.question: row for row in found if row.ours == "yes"}
  header = ("question", "answer", "of", "samples", "value", "error", "minus ours")
  lines = []
  for row in found:
    mine = row is ours[row.question]
    lines.append(
      [
        row.question if mine else "",
        f"**{row.answer}** (ours)" if mine else row.answer,
        {"bound": "test bound", "log_marginal": "test log p(x)"}[row.quantity],
        md.samples(row.samples),
        *_numbers(row, ours[row.question]),
      ]
    )
  return md.table(header, lines)


def _numbers(row: Choice, ours: Choice) -> list[str]:
  if math.isnan(row.value):
    return ["diverged", "", ""]
  minus = "" if row is ours else md.difference(row.value - ours.value, 2)
  return [md.nats(row.value), md.nats(row.error, 2), minus]
