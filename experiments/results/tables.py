"""Tables for RESULTS.md: figures 4 and 5, full VB, gradients, and open choices."""

import math
from collections.abc import Sequence

from experiments.choices import Choice
from experiments.gradient_variance import Variance
from experiments.methods import TITLES
from experiments.results import compared
from experiments.results import markdown as md
from experiments.semi_supervised import PUBLISHED, Result, summary
from experiments.sweep import Point


def models(points: Sequence[Point]) -> str:
  """The bounds of the models that a figure shows pictures of."""
  header = (
    *("data", "N_z", "samples", "step size"),
    *("train", "test", "standard error, test", "training time"),
  )
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
  header = (
    *("N", "method", "samples", "quantity"),
    *("train", "test", "standard error, test", "training time"),
  )
  names = {
    "bound": "bound at the mean weights",
    "full_bound": "bound of App. F, divided by N",
  }
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
      # The bound of App. F has the KL of the weights: it is for the training data alone.
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


def few_labels(rows: Sequence[Result]) -> str:
  """Test errors with few labels: means over seeds, beside the published ones."""
  header = (
    *("labels", "method", "epochs", "seeds"),
    *("test error, %", "published, %"),
  )
  lines = []
  for labels in dict.fromkeys(row.labels for row in rows):
    for method in dict.fromkeys(row.method for row in rows):
      own = [r for r in rows if (r.method, r.labels) == (method, labels)]
      lines.append(
        [
          f"{labels:,}",
          method,
          str(own[0].epochs),
          str(len(own)),
          _percent(*summary(rows, method, labels)),
          _percent(*PUBLISHED.get((method, labels), (math.nan, math.nan))),
        ]
      )
  return md.table(header, lines)


def _percent(mean: float, deviation: float) -> str:
  if math.isnan(mean):
    return ""
  return f"{mean:.2f}" + ("" if math.isnan(deviation) else f" \u00b1 {deviation:.2f}")


def choices(found: Sequence[Choice]) -> str:
  """Each question with its answers; the difference is to ours."""
  ours = {row.question: row for row in found if row.ours == "yes"}
  header = (
    *("question", "answer", "quantity", "samples"),
    *("value", "standard error", "difference from ours"),
  )
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
