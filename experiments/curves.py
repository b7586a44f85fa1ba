"""Draws the curves of a table of points, beside the paper's values."""

from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.figure import Figure as Picture

from experiments import methods
from experiments.plots.bound_curves import Line, bound_curves
from experiments.published import Value
from experiments.sweep import Point

# Name in tables -> label of axes.
_NAMES = {
  "bound": r"lower bound $\mathcal{L}$",
  "log_marginal": r"$\log p(x)$",
}
_PANELS = {"latent_dim": "$N_z$ = {:,}", "train_examples": "$N$ = {:,}"}


def draw(
  points: Sequence[Point], title: str, by: str, published: Sequence[Value] = ()
) -> Picture:
  """Draws the curves of a table beside the paper's points.

  Args:
    points: The rows; those of another quantity than the first are not drawn.
    title: Title of the figure.
    by: The field that differs between panels, `latent_dim` or `train_examples`.
    published: The values of the paper's figure.
  """
  quantity = points[0].quantity
  points = [p for p in points if p.quantity == quantity]
  panels = {
    _PANELS[by].format(value): _lines(
      [p for p in points if getattr(p, by) == value],
      [v for v in published if getattr(v, by) == value],
    )
    for value in sorted({getattr(p, by) for p in points})
  }
  ylabel = f"{_NAMES[quantity]}, nats per example"
  return bound_curves(panels, title=title, ylabel=ylabel)


def _lines(points: Iterable[Point], published: Iterable[Value]) -> list[Line]:
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
