"""The blocks of RESULTS.md about figure 2: AEVB compared with the paper."""

from collections.abc import Sequence

from experiments.published import Value
from experiments.results import compared
from experiments.results import markdown as md
from experiments.results.seeds import Spread, against
from experiments.settings import NARROW_START
from experiments.sweep import Point

# Where our curves and the paper's test curves are compared.
_AT = (10**6, 10**7)
# Beyond the paper: what its longest run reads for so many latents.
_MODERN_DIM, _LONGEST = 20, 10**8


def beside_paper(
  points: Sequence[Point], paper: Sequence[Value], spread: Spread | None = None
) -> str:
  """Where AEVB's test curve is, on both sides of the paper's, and all numbers.

  Args:
    points: Rows of the table.
    paper: What the paper's figure reads.
    spread: What the runs can resolve.
  """
  sentence = _against(points, paper, spread)
  return f"{sentence}\n\n{compared.with_published(points, paper)}"


def narrow_start(
  points: Sequence[Point], paper: Sequence[Value], spread: Spread | None = None
) -> str:
  """The same for the test curves of the other beginning; "" if it was not run."""
  points = [p._replace(settings="paper") for p in points if p.settings == NARROW_START]
  if not points:
    return ""
  sentence = _against(points, paper, spread)
  return f"{sentence}\n\n{compared.with_published(points, _test_points(paper))}"


def more_latents(points: Sequence[Point]) -> str:
  """Whether the largest latent space overfits; "" if AEVB was not run with it."""
  largest = max(p.latent_dim for p in points)
  end = compared.last(points, "aevb", latent_dim=largest)
  if end is None:
    return ""
  best = max(p.test for p in compared.chosen(points, "aevb", latent_dim=largest))
  verdict = "does not overfit" if best - end.test <= 2 * end.test_error else "overfits"
  return (
    f"With {largest} latents, AEVB {verdict} within the length of its curve. Its test bound"
    f" ends at {md.nats(end.test)}, and the best value along the curve is {md.nats(best)}."
    f" At the end, the training bound minus the test bound is"
    f" {md.difference(end.train - end.test)}."
  )


def modern(points: Sequence[Point], paper: Sequence[Value]) -> str:
  """How many samples the recommended settings take to the paper's longest run."""
  (theirs,) = [
    v.value
    for v in paper
    if (v.method, v.split, v.latent_dim, v.samples)
    == ("aevb", "test", _MODERN_DIM, _LONGEST)
  ]
  curve = sorted((p for p in points if p.settings == "modern"), key=lambda p: p.samples)
  if not curve:
    return ""
  goal = f"{md.nats(theirs)}, the paper's value after {md.samples(_LONGEST)} samples"
  first = next((p for p in curve if p.test >= theirs), None)
  shown = first or max(curve, key=lambda p: p.test)
  text = (
    f"With {_MODERN_DIM} latents, the test bound is {md.nats(shown.test)}"
    f" \N{PLUS-MINUS SIGN} {md.nats(shown.test_error, 2)} after"
    f" {md.samples(shown.samples)} samples"
  )
  if first is None:
    return f"{text}, its best value. It does not yet reach {goal}."
  return (
    f"{text}. This is the first point of the curve that reaches {goal}. It takes"
    f" {_LONGEST / first.samples:.0f} times fewer samples. Only one seed was run. Another"
    " seed would reach this value earlier or later."
  )


def _against(points, paper, spread) -> str:
  requested = _test_points(paper)
  found = compared.differences(points, requested)
  names = {f"{v.latent_dim} latents at {md.samples(v.samples)}": d for v, d in found}
  return against(names, spread, not_run=len(requested) - len(found))


def _test_points(paper: Sequence[Value]) -> list[Value]:
  """The paper's points that every run of ours should have."""
  return [
    v for v in paper if (v.method, v.split) == ("aevb", "test") and v.samples in _AT
  ]
