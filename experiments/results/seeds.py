"""How far results vary with the seed, and which differences are therefore resolved.

Almost every number of the page is of one seed. Where others were run, the tables have
them; a difference that is no larger than what another seed makes is not resolved.
"""

import math
import pathlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from experiments import few_data, files, settings
from experiments.choices import Choice
from experiments.figure3 import LESS_AEVB
from experiments.methods import TITLES
from experiments.results import markdown as md
from experiments.sweep import Point

# Questions of `questions` whose answers differ in nothing that the paper states.
SEED, SPLIT = "the seed", "test split of Frey Face"
_SPLITS = ("train", "test")


class Spread(NamedTuple):
  """How far runs are apart that the paper's settings do not tell apart.

  Attributes:
    nats: Largest minus smallest value, nats per example.
    source: What was run, as the beginning of a sentence: `Two seeds of ... differ`.
  """

  nats: float
  source: str

  def sentence(self) -> str:
    """What was run, and how far it is apart."""
    return f"{self.source} by {md.nats(self.nats)} nats."


def of_figure2_mnist(folder: pathlib.Path) -> Spread | None:
  """Figure 2 on MNIST: two seeds of one point; None if they were not run."""
  rows = _answers(folder, SEED)
  if len(rows) < 2:
    return None
  dim = settings.mnist().config.latent_dim
  return Spread(
    _range([row.value for row in rows]),
    f"For AEVB with {dim} latents after {md.samples(rows[0].samples)} samples, the test"
    f" bounds with seeds {' and '.join(row.answer for row in rows)} differ",
  )


def of_figure2_frey(folder: pathlib.Path) -> Spread | None:
  """Figure 2 on the Frey faces: two test splits; None if they were not run."""
  rows = _answers(folder, SPLIT)
  if len(rows) < 2:
    return None
  return Spread(
    _range([row.value for row in rows]),
    "No other seed was run. The paper does not state its test split. For AEVB with 10"
    f" latents after {md.samples(rows[0].samples)} samples, the test bounds on two possible"
    f" splits ({' and '.join(row.answer for row in rows)}) differ",
  )


def between_methods(folder: pathlib.Path) -> dict[str, Spread]:
  """Figure 3: how far Monte Carlo EM minus AEVB moves over seeds, by split."""
  points = few_data.less_aevb(_seeds(folder))
  if len(points) < 2:
    return {}
  return {
    split: Spread(
      _range([getattr(p, split) for p in points]),
      f"Over {len(points)} seeds with N = {few_data.SIZE:,}, the difference in log p(x)"
      f" between MCEM and AEVB on {md.SPLITS[split]} varies",
    )
    for split in _SPLITS
  }


def of_figure3(folder: pathlib.Path) -> Spread | None:
  """Figure 3: the largest of `of_log_marginals`; None if no other seed was run."""
  spreads = of_log_marginals(folder).values()
  return max(spreads, key=lambda spread: spread.nats, default=None)


def of_log_marginals(folder: pathlib.Path) -> dict[tuple[str, str], Spread]:
  """Figure 3: how far log p(x) of one method moves over seeds, by method and split."""
  points = [p for p in _seeds(folder) if p.quantity != LESS_AEVB]
  spreads = {}
  for method in dict.fromkeys(p.method for p in points):
    own = [p for p in points if p.method == method]
    if len(own) < 2:
      continue
    for split in _SPLITS:
      spreads[method, split] = Spread(
        _range([getattr(p, split) for p in own]),
        f"Over {len(own)} seeds with N = {few_data.SIZE:,}, log p(x) of {TITLES[method]}"
        f" on {md.SPLITS[split]} varies",
      )
  return spreads


def measured(folder: pathlib.Path) -> str:
  """All that was measured of other seeds, as a list; "" if nothing was."""
  spreads = [
    of_figure2_mnist(folder),
    *of_log_marginals(folder).values(),
    *between_methods(folder).values(),
  ]
  return "\n".join(f"- {spread.sentence()}" for spread in spreads if spread)


def against(
  differences: Mapping[str, float], spread: Spread | None, not_run: int
) -> str:
  """At which points ours is not the paper's, in either direction.

  Args:
    differences: Name of a point -> ours minus the paper's, nats per example.
    spread: What these runs can resolve; None if nothing is known of it.
    not_run: How many points are missing.
  """
  missing = f" Points that were not run yet: {not_run}." if not_run else ""
  if spread is None:
    return (
      "No other seed was run, so it is not known which differences from the paper another"
      f" seed would cause.{missing}"
    )
  limit = spread.nats
  within = [name for name, d in differences.items() if abs(d) <= limit]
  above = {name: d for name, d in differences.items() if d > limit}
  below = {name: d for name, d in differences.items() if d < -limit}
  names = f" ({', '.join(within)})" if 0 < len(within) < len(differences) else ""
  text = (
    f"{spread.sentence()} At {len(within)} of {_points(len(differences))}{names}, our value"
    " and the paper's differ by no more than that, so these differences are not resolved."
  )
  for far, where in ((above, "higher"), (below, "lower")):
    if far:
      text += f" Our value is {where} by more than that at {_points(len(far))}: {_named(far)}."
  if above or below:
    text += (
      " Where the difference is larger, in either direction, our curve is not the paper's,"
      " and some setting probably differs."
    )
  return text + missing


def _points(count: int) -> str:
  return f"{count} point" if count == 1 else f"{count} points"


def _named(differences: Mapping[str, float]) -> str:
  return ", ".join(f"{name} ({md.difference(d)})" for name, d in differences.items())


def _range(values: Sequence[float]) -> float:
  return max(values) - min(values)


def _answers(folder: pathlib.Path, question: str) -> list[Choice]:
  """The answers to a question of the table of choices; none if it was not run."""
  table = folder / "choices.csv"
  rows = files.read_csv(table, Choice) if table.exists() else []
  return [r for r in rows if r.question == question and not math.isnan(r.value)]


def _seeds(folder: pathlib.Path) -> list[Point]:
  """The points of few data that differ in the seed alone; none if they were not run."""
  table = folder / "few_data.csv"
  points = files.read_csv(table, Point) if table.exists() else []
  return [p for p in points if p.settings in few_data.SEEDS]
