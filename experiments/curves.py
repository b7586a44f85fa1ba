"""From a table of points to the lines of a picture."""

import pathlib
from collections.abc import Iterable

import numpy as np

from experiments import methods, runs
from experiments.jobs import Point
from experiments.plots.bound_curves import Line
from experiments.published import Value

# What tables call it, and what axes do.
NAMES = {
  "bound": r"lower bound $\mathcal{L}$",
  "log_marginal": r"$\log p(x)$",
}


def read(table: pathlib.Path) -> list[Point]:
  """Reads what `jobs.write_table` wrote."""
  return runs.read_csv(table, Point)


def panel(points: Iterable[Point], published: Iterable[Value]) -> list[Line]:
  """The lines of one panel: train and test of every method, and the paper's points."""
  points = [p for p in points if p.chosen == "yes"]
  lines = []
  for method, settings in dict.fromkeys((p.method, p.settings) for p in points):
    rows = sorted(
      (p for p in points if (p.method, p.settings) == (method, settings)),
      key=lambda p: p.samples,
    )
    name = methods.TITLES[method] + ("" if settings == "paper" else f" ({settings})")
    lines += [
      Line(name, split, np.array([(p.samples, getattr(p, split)) for p in rows]))
      for split in ("train", "test")
    ]
  for method, split in dict.fromkeys((v.method, v.split) for v in published):
    values = [
      (v.samples, v.value) for v in published if (v.method, v.split) == (method, split)
    ]
    lines.append(Line(methods.TITLES[method], split, np.array(values), published=True))
  return lines
