"""The blocks of RESULTS.md about figure 3: the three methods, and their order."""

from collections.abc import Mapping, Sequence

from experiments.figure3 import LESS_AEVB
from experiments.methods import TITLES
from experiments.published import FIGURE3
from experiments.results import compared
from experiments.results import markdown as md
from experiments.results.seeds import Spread, against
from experiments.sweep import Point

# Between methods whose difference is not resolved.
_UNRESOLVED = "\N{ALMOST EQUAL TO}"


def log_marginals(points: Sequence[Point]) -> list[Point]:
  """The rows of the table that are not differences."""
  return [p for p in points if p.quantity == "log_marginal"]


def beside_paper(points: Sequence[Point], spread: Spread | None = None) -> str:
  """Where the ends of the curves are, on both sides of the paper's, and all numbers.

  Args:
    points: Rows of the table.
    spread: How far log p(x) of one method moves over seeds.
  """
  points = log_marginals(points)
  found = compared.differences(points, FIGURE3, by="train_examples")
  names = {
    f"{TITLES[v.method]} with N = {v.train_examples:,} on {md.SPLITS[v.split]}": d
    for v, d in found
  }
  sentence = against(names, spread, not_run=len(FIGURE3) - len(found))
  table = compared.with_published(points, FIGURE3, by="train_examples")
  return f"{sentence}\n\n{table}"


def orders(points: Sequence[Point], between: Mapping[str, Spread] | None = None) -> str:
  """The methods from best to worst at the end of their curves, and the paper's order.

  Args:
    points: Rows of the table.
    between: Split -> how far the difference of two methods moves over seeds.

  Returns:
    A list; "" if only one method was run.
  """
  points, between = log_marginals(points), between or {}
  lines = []
  for size in sorted({p.train_examples for p in points}):
    ends = [compared.last(points, m, train_examples=size) for m in TITLES]
    ends = [end for end in ends if end]
    if len(ends) < 2:
      continue
    for split in ("train", "test"):
      ours = {end.method: getattr(end, split) for end in ends}
      theirs = {
        v.method: v.value
        for v in FIGURE3
        if (v.train_examples, v.split) == (size, split)
      }
      limit = between[split].nats if split in between else 0.0
      lines.append(
        f"- N = {size:,}, {md.SPLITS[split]}: {_ordered(ours, limit)}; in the paper,"
        f" {_ordered(theirs, limit)}"
      )
  if not (lines and between):
    return "\n".join(lines)
  spreads = " ".join(spread.sentence() for spread in between.values())
  return (
    f"{spreads} The sign {_UNRESOLVED} joins neighbours that differ by no more than"
    " that.\n\n" + "\n".join(lines)
  )


def differences(points: Sequence[Point]) -> str:
  """How far the other methods are from AEVB, on the same examples; "" if none was run."""
  points = [p for p in points if p.quantity == LESS_AEVB]
  if not points:
    return ""
  header = ("N", "method", "train", "standard error", "test", "standard error")
  rows = [
    [
      f"{p.train_examples:,}",
      TITLES[p.method],
      md.difference(p.train),
      md.nats(p.train_error, 2),
      md.difference(p.test),
      md.nats(p.test_error, 2),
    ]
    for p in points
  ]
  return md.table(header, rows)


def _ordered(values: Mapping[str, float], limit: float) -> str:
  """Methods from best to worst; those whose difference is within the limit are joined."""
  best, *rest = sorted(values, key=values.get, reverse=True)
  text = _named(best, values)
  for above, method in zip((best, *rest), rest, strict=False):
    sign = ">" if values[above] - values[method] > limit else _UNRESOLVED
    text += f" {sign} {_named(method, values)}"
  return text


def _named(method: str, values: Mapping[str, float]) -> str:
  return f"{TITLES[method]} ({md.nats(values[method])})"
