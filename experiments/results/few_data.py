"""The blocks of RESULTS.md about figure 3 for few data: a table, and a summary."""

from collections.abc import Sequence

from experiments import few_data, measures
from experiments.figure3 import METHODS
from experiments.methods import TITLES
from experiments.published import FIGURE3
from experiments.results import compared
from experiments.results import markdown as md
from experiments.sweep import Point

_SPLITS = ("train", "test")


def table(points: Sequence[Point]) -> str:
  """A row for each setting: all methods, and how far Monte Carlo EM is above AEVB."""
  columns = [f"{TITLES[m]}, {split}" for m in METHODS for split in _SPLITS]
  header = ("setting", *columns, "MCEM minus AEVB, test", "standard error")
  rows = [
    _row(settings, points) for settings in dict.fromkeys(p.settings for p in points)
  ]
  return md.table(header, [_published(), *rows])


def summary(points: Sequence[Point]) -> str:
  """The mean over seeds, and what training took."""
  return "\n\n".join([*_over_seeds(points), *_time(points)])


def _over_seeds(points: Sequence[Point]) -> list[str]:
  """How far Monte Carlo EM is above AEVB on average, and how sure that is."""
  less = [p for p in few_data.less_aevb(points) if p.settings in few_data.SEEDS]
  if len(less) < len(few_data.SEEDS):
    return []
  means = [measures.mean(s, [getattr(p, s) for p in less]) for s in _SPLITS]
  parts = (
    f"{md.difference(mean[s])} \N{PLUS-MINUS SIGN} {md.nats(mean[f'{s}_error'])} on"
    f" {md.SPLITS[s]}"
    for s, mean in zip(_SPLITS, means, strict=True)
  )
  return [
    f"Averaged over the {len(less)} seeds with figure 3's settings, log p(x) of Monte Carlo"
    f" EM minus that of AEVB is {' and '.join(parts)}. The errors are standard errors over"
    " seeds."
  ]


def _time(points: Sequence[Point]) -> list[str]:
  """The training time of the models that no other figure has."""
  changed = [p for p in points if p.settings in few_data.CHANGES]
  changed = [p for p in changed if p.quantity == "log_marginal"]
  if not changed:
    return []
  took = compared.time_of(changed)
  return [
    f"Training the models of this table that are not in figure 3 took {took}, in total."
  ]


def _published() -> list[str]:
  values = {
    (v.method, v.split): v.value for v in FIGURE3 if v.train_examples == few_data.SIZE
  }
  cells = (md.nats(values[m, split]) for m in METHODS for split in _SPLITS)
  return [
    "published (read off)",
    *cells,
    md.difference(few_data.published("test")),
    "",
  ]


def _row(settings: str, points: Sequence[Point]) -> list[str]:
  mine = [p for p in points if p.settings == settings]
  ends = {p.method: p for p in mine if p.quantity == "log_marginal"}
  cells = (
    md.nats(getattr(ends[m], split)) if m in ends else ""
    for m in METHODS
    for split in _SPLITS
  )
  less = [
    cell
    for p in few_data.less_aevb(mine)
    for cell in (md.difference(p.test), md.nats(p.test_error, 2))
  ]
  return [few_data.label(settings), *cells, *(less or ["", ""])]
