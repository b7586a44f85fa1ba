"""Tables that are shown as they are, and that of what the paper leaves open."""

import csv
import math
import pathlib
from collections.abc import Sequence

from experiments.choices import Choice
from experiments.results import markdown as md


def rows(table: pathlib.Path) -> list[dict]:
  """Reads any table."""
  with open(table, encoding="utf-8", newline="") as file:
    return list(csv.DictReader(file))


def plain(found: Sequence[dict]) -> list[str]:
  """A table as it stands in its file."""
  header = [key.replace("_", " ") for key in found[0]]
  return [md.table(header, [list(row.values()) for row in found])]


def choices(found: Sequence[Choice]) -> list[str]:
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
  return [
    "Each alternative differs from ours in what its row says. Bounds on binary and on grey"
    " data are bounds of different data, and cannot be compared. Answers to one question"
    " share their test data, so that the error over examples of a difference is smaller than"
    " those of its two numbers. It does not include what another seed changes.",
    md.table(header, lines),
  ]


def _numbers(row: Choice, ours: Choice) -> list[str]:
  if math.isnan(row.value):
    return ["diverged", "", ""]
  minus = "" if row is ours else md.difference(row.value - ours.value, 2)
  return [md.nats(row.value), md.nats(row.error, 2), minus]
