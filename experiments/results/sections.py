"""What the page says of each figure: tables from its CSV, and what to see in them."""

from collections.abc import Mapping, Sequence

from experiments import published
from experiments.figure2_mnist import NARROW_START
from experiments.figure3 import LESS_AEVB
from experiments.jobs import Point
from experiments.methods import TITLES
from experiments.results import compared
from experiments.results import markdown as md
from experiments.results.seeds import Spread, against

# Where our curves and the paper's test curves of figure 2 are compared.
_AT = (10**6, 10**7)
# Between methods whose difference is not resolved.
_UNRESOLVED = "\N{ALMOST EQUAL TO}"
# Beyond the paper: what its longest run reads for so many latents.
_MODERN_DIM, _LONGEST = 20, 10**8


def figure2_mnist(points: Sequence[Point], spread: Spread | None = None) -> list[str]:
  """Figure 2, MNIST; `spread` is what its runs can resolve."""
  paper = published.FIGURE2_MNIST
  return [
    _beside_paper(points, paper, spread),
    compared.with_published(points, paper),
    compared.SHORTER,
    _more_latents(points),
    *_narrow_start(points, spread),
    *_wake_sleep(points),
    *_modern(points, paper),
    _steps("bound"),
    compared.steps(points),
    compared.training_time(points),
  ]


def figure2_frey(points: Sequence[Point], spread: Spread | None = None) -> list[str]:
  """Figure 2, Frey Face; `spread` is what another test split changes."""
  paper = published.FIGURE2_FREY
  return [
    _beside_paper(points, paper, spread),
    compared.with_published(points, paper),
    compared.SHORTER,
    *_wake_sleep(points),
    _steps("bound"),
    compared.steps(points),
    compared.training_time(points),
  ]


def figure3(
  points: Sequence[Point],
  spread: Spread | None = None,
  between: Mapping[str, Spread] | None = None,
) -> list[str]:
  """Figure 3: the three methods beside the paper, and in order after as many samples.

  Args:
    points: Rows of the table.
    spread: How far log p(x) of one method moves over seeds.
    between: Split -> how far the difference of two methods does.
  """
  found = [p for p in points if p.quantity == "log_marginal"]
  return [
    _log_marginals_beside_paper(found, spread),
    f"log p(x) and its standard error over 1,000 examples. {compared.SHORTER}",
    compared.with_published(found, published.FIGURE3, by="train_examples"),
    *_orderings(found, between or {}),
    *_differences([p for p in points if p.quantity == LESS_AEVB]),
    _steps("log p(x)"),
    compared.steps(found),
    compared.training_time(found),
  ]


def curves_only(points: Sequence[Point]) -> list[str]:
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
  return ["The models and their bounds, in nats per example:", md.table(header, rows)]


def full_vb(points: Sequence[Point]) -> list[str]:
  """Full variational Bayes: both methods at their end."""
  header = ("N", "method", "samples", "what", "train", "test", "error", "time")
  names = {"bound": "bound, mean weights", "full_bound": "bound of App. F, over N"}
  rows = []
  for size in sorted({p.train_examples for p in points}):
    for method, quantity in dict.fromkeys((p.method, p.quantity) for p in points):
      end = compared.last(points, method, train_examples=size, quantity=quantity)
      if end:
        rows.append(
          [
            f"{size:,}",
            TITLES[method],
            md.samples(end.samples),
            names[quantity],
            md.nats(end.train),
            # It pays for what the weights know of these data, and is no bound of others.
            *(
              ("", "")
              if quantity == "full_bound"
              else (md.nats(end.test), md.nats(end.test_error, 2))
            ),
            md.took(end.seconds, end.device),
          ]
        )
  bounds = [p for p in points if p.quantity == "bound"]
  return [
    md.table(header, rows),
    _steps("bound"),
    compared.steps(bounds),
    compared.training_time(bounds),
  ]


def _wake_sleep(points: Sequence[Point]) -> list[str]:
  if not any(p.method == "wake_sleep" for p in points):
    return []
  return [
    "AEVB and wake-sleep after as many samples, one seed each:",
    compared.wake_sleep_below(points),
  ]


def _steps(measure: str) -> str:
  return (
    f"The step size is chosen by the {measure} of the training data after the first"
    " iterations, as in the paper, by successive elimination: the worst of three is dropped"
    " first, then the second. What each gave when it was dropped, and the chosen one at that"
    " time:"
  )


def _beside_paper(
  points: Sequence[Point], paper: Sequence[published.Value], spread: Spread | None
) -> str:
  """Where AEVB's test curve is, to both sides of the paper's."""
  asked = _test_points(paper)
  found = compared.differences(points, asked)
  names = {f"{v.latent_dim} latents at {md.samples(v.samples)}": d for v, d in found}
  return against(names, spread) + _not_run(len(asked) - len(found))


def _test_points(paper: Sequence[published.Value]) -> list[published.Value]:
  """The paper's points that every run of ours should have."""
  return [
    v for v in paper if (v.method, v.split) == ("aevb", "test") and v.samples in _AT
  ]


def _not_run(count: int) -> str:
  return f" {count} points have not been run." if count else ""


def _narrow_start(points: Sequence[Point], spread: Spread | None) -> list[str]:
  """Where the other beginning is beside the paper."""
  mine = [p._replace(settings="paper") for p in points if p.settings == NARROW_START]
  if not mine:
    return []
  paper = published.FIGURE2_MNIST
  return [
    f"A {NARROW_START}, which the paper does not have, for all numbers of latents: 0.01 is"
    " the standard deviation of the first weights, and the output's bias begins at the mean"
    f" of the data. {_beside_paper(mine, paper, spread)}",
    compared.with_published(mine, _test_points(paper)),
  ]


def _log_marginals_beside_paper(points: Sequence[Point], spread: Spread | None) -> str:
  """Where the ends of figure 3's curves are, to both sides of the paper's."""
  found = compared.differences(points, published.FIGURE3, by="train_examples")
  names = {
    f"{TITLES[v.method]} of {v.train_examples:,} on {v.split} data": d for v, d in found
  }
  return against(names, spread) + _not_run(len(published.FIGURE3) - len(found))


def _more_latents(points: Sequence[Point]) -> str:
  """Whether the largest latent space overfits."""
  largest = max(p.latent_dim for p in points)
  end = compared.last(points, "aevb", latent_dim=largest)
  curve = [
    p.test
    for p in points
    if (p.method, p.latent_dim, p.chosen, p.settings)
    == ("aevb", largest, "yes", "paper")
  ]
  if end is None:
    return ""
  falls = max(curve) - end.test
  verdict = "does not overfit" if falls <= 2 * end.test_error else "overfits"
  return (
    f"With {largest} latents AEVB {verdict} within its curve: the test bound at the end is"
    f" {md.nats(end.test)}, the best of its curve {md.nats(max(curve))}; train minus test is"
    f" {md.difference(end.train - end.test)}."
  )


def _modern(points: Sequence[Point], paper: Sequence[published.Value]) -> list[str]:
  """How many samples the recommended settings take to the paper's longest run."""
  (theirs,) = [
    v.value
    for v in paper
    if (v.method, v.split, v.latent_dim, v.samples)
    == ("aevb", "test", _MODERN_DIM, _LONGEST)
  ]
  mine = [p for p in points if p.settings == "modern"]
  if not mine:
    return []
  mine.sort(key=lambda p: p.samples)
  goal = f"{md.nats(theirs)}, where the paper is after {md.samples(_LONGEST)}"
  there = [p for p in mine if p.test >= theirs]
  if not there:
    best = max(mine, key=lambda p: p.test)
    return [
      f"Beyond the paper: with this package's recommended settings (Adam, cosine decay)"
      f" the test bound for {_MODERN_DIM} latents is {md.nats(best.test)} after"
      f" {md.samples(best.samples)} samples, and so not yet {goal}."
    ]
  first = there[0]
  return [
    f"Beyond the paper: with this package's recommended settings (Adam, cosine decay)"
    f" the test bound for {_MODERN_DIM} latents is {md.nats(first.test)}"
    f" \N{PLUS-MINUS SIGN} {md.nats(first.test_error, 2)} after"
    f" {md.samples(first.samples)} samples. That is the first point of this curve which is"
    f" not below {goal}: {_LONGEST / first.samples:.0f} times fewer samples. One seed was run,"
    " and another would cross that value earlier or later."
  ]


def _orderings(points: Sequence[Point], between: Mapping[str, Spread]) -> list[str]:
  """The methods from best to worst at the end of their curves, and the paper's order."""
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
        for v in published.FIGURE3
        if (v.train_examples, v.split) == (size, split)
      }
      limit = between[split].nats if split in between else 0.0
      lines.append(
        f"- N = {size:,}, {split}: {_ordered(ours, limit)}; published"
        f" {_ordered(theirs, limit)}"
      )
  if not lines:
    return []
  return [*_unresolved(between), "\n".join(lines)]


def _unresolved(between: Mapping[str, Spread]) -> list[str]:
  if not between:
    return []
  measured = " ".join(spread.sentence() for spread in between.values())
  return [
    f"The order of the methods, one seed each. {measured} {_UNRESOLVED} joins neighbours"
    " that differ by no more than that: their order is not resolved, here or in the paper."
    " N = 50,000 and wake-sleep, of which no other seed was run, are held to the same."
  ]


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


def _differences(points: Sequence[Point]) -> list[str]:
  """How far the other methods are from AEVB, on the same data."""
  if not points:
    return []
  header = ("N", "method", "train", "error", "test", "error")
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
  return [
    "log p(x) minus AEVB's at the end of the curves, of the same examples, with the"
    " standard error of that difference over examples (another seed is not in it):",
    md.table(header, rows),
  ]
