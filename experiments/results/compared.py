"""Tables for RESULTS.md that compare our curves with the paper's, and methods."""

from collections.abc import Iterable, Iterator, Sequence

from experiments.methods import TITLES
from experiments.published import Value
from experiments.results import markdown as md
from experiments.sweep import STEPS, Point

_HEADER = (
  "method",
  "split",
  "samples",
  "published (read off)",
  "ours",
  "difference",
  "standard error",
  "training time",
)
# Ends that differ by less are at equal samples: a visit of MCEM counts for many.
_CLOSE = 0.01
# Below so many nats a step has failed, whatever the number.
_FAILED = -1e5


def find(
  points: Iterable[Point], method: str, value: Value | None = None, **fields: object
) -> Point | None:
  """The chosen point with these fields; None if it was not run."""
  if value is not None:
    fields |= {"latent_dim": value.latent_dim, "samples": value.samples}
    if value.train_examples:
      fields["train_examples"] = value.train_examples
  return next(chosen(points, method, **fields), None)


def last(points: Iterable[Point], method: str, **fields: object) -> Point | None:
  """The longest point of a method's chosen curve; None if it was not run."""
  found = chosen(points, method, **fields)
  return max(found, key=lambda p: p.samples, default=None)


def chosen(points: Iterable[Point], method: str, **fields: object) -> Iterator[Point]:
  """The chosen points of a method with these fields; the paper's settings by default."""
  wanted = {"settings": "paper", "chosen": "yes", "method": method, **fields}
  return (p for p in points if all(getattr(p, k) == v for k, v in wanted.items()))


def with_published(
  points: Sequence[Point], published: Sequence[Value], by: str = "latent_dim"
) -> str:
  """Every value of the paper, and ours at as many samples or at our end.

  Args:
    points: Rows of the table.
    published: What the paper's figure reads.
    by: What its panels differ in, `latent_dim` or `train_examples`.
  """
  rows = []
  for value in sorted(published, key=lambda v: (getattr(v, by), v.method, v.samples)):
    row = [
      f"{getattr(value, by):,}",
      TITLES[value.method],
      value.split,
      md.samples(value.samples),
      md.nats(value.value),
    ]
    point = _beside(points, value, by)
    if point is None:
      rows.append([*row, "not run", "", "", ""])
      continue
    ours = getattr(point, value.split)
    shorter = not close(point.samples, value.samples)
    rows.append(
      [
        *row,
        md.nats(ours) + (f" at {md.samples(point.samples)}" if shorter else ""),
        "" if shorter else md.difference(ours - value.value),
        md.nats(getattr(point, f"{value.split}_error"), 2),
        md.took(point.seconds, point.device),
      ]
    )
  panel = {"latent_dim": "N_z", "train_examples": "N"}[by]
  return md.table((panel, *_HEADER), rows)


def differences(
  points: Sequence[Point], published: Sequence[Value], by: str = "latent_dim"
) -> list[tuple[Value, float]]:
  """Ours minus the paper's, nats, wherever ours has as many samples."""
  pairs = ((value, _beside(points, value, by)) for value in published)
  return [
    (value, getattr(point, value.split) - value.value)
    for value, point in pairs
    if point and close(point.samples, value.samples)
  ]


def _beside(points: Sequence[Point], value: Value, by: str) -> Point | None:
  """Ours at as many samples as a published value, or our earlier end."""
  own = {by: getattr(value, by)}
  point = find(points, value.method, value) or last(points, value.method, **own)
  return None if point is None or point.samples > value.samples else point


def close(samples: int, others: int) -> bool:
  """Whether numbers of samples are equal, but for what a visit of an example counts for."""
  return abs(samples - others) <= _CLOSE * others


def training_time(points: Iterable[Point]) -> str:
  """The training time of all runs of a table, whether their step was chosen or not."""
  return (
    f"Training took {time_of(points)}. This is the total over all runs, including those"
    " whose step size was not chosen."
  )


def time_of(points: Iterable[Point]) -> str:
  """How long the runs of these points trained, and on what: `3 h 5 min on a GPU`."""
  longest = {}
  for p in points:
    run = p[: Point._fields.index("samples")]
    longest[run] = max((p.seconds, p.device), longest.get(run, (0, "")))
  took: dict[str, float] = {}
  for seconds, device in longest.values():
    took[device] = took.get(device, 0) + seconds
  return _series(
    [f"{md.duration(took[device])} {_on(device)}" for device in sorted(took)]
  )


def _on(device: str) -> str:
  """Where a run was trained, `on a GPU (H100) and then on one thread of a CPU`."""
  names = device.split(", ")
  places = [
    "on one thread of a CPU" if name == "CPU" else f"on a GPU ({name})"
    for name in names
  ]
  return " and then ".join(places)


def _series(parts: Sequence[str]) -> str:
  """The items of a sentence, `a, b, and c`."""
  *most, last = parts
  return f"{', '.join(most)}, and {last}" if most else last


def wake_sleep_below(points: Sequence[Point]) -> str:
  """AEVB and wake-sleep after as many samples, with as many latents."""
  rows = []
  for dim in sorted({p.latent_dim for p in points}):
    end = last(points, "wake_sleep", latent_dim=dim)
    aevb = end and find(points, "aevb", latent_dim=dim, samples=end.samples)
    if not aevb:
      continue
    above = [
      find(points, "aevb", latent_dim=dim, samples=p.samples).test - p.test
      for p in points
      if (p.method, p.latent_dim, p.chosen) == ("wake_sleep", dim, "yes")
      and find(points, "aevb", latent_dim=dim, samples=p.samples)
    ]
    rows.append(
      [
        str(dim),
        md.samples(end.samples),
        md.nats(aevb.test),
        md.nats(end.test),
        md.difference(aevb.test - end.test),
        f"{sum(d > 0 for d in above)} of {len(above)}",
      ]
    )
  header = ("N_z", "samples", "AEVB, test", "wake-sleep, test", "AEVB minus wake-sleep")
  return md.table((*header, "points of the curve at which AEVB is higher"), rows)


def steps(points: Sequence[Point]) -> str:
  """The training bound by which each step size was dropped or was chosen, and when."""
  tried = sorted({*STEPS, *(p.step for p in points if p.settings == "paper")})
  keys = dict.fromkeys((p.latent_dim, p.train_examples, p.method) for p in points)
  rows = []
  for key in sorted(keys):
    mine = [
      p
      for p in points
      if (p.latent_dim, p.train_examples, p.method, p.settings) == (*key, "paper")
    ]
    dropped = {p.step: p for p in mine if p.chosen == "no"}  # the last point of each
    if not dropped:
      continue
    end = max(p.samples for p in dropped.values())
    ends = [p for p in mine if (p.chosen, p.samples) == ("yes", end)]
    dropped |= {p.step: p for p in ends}
    dim, size, method = key
    row = [str(dim), f"{size:,}" if size else "all", TITLES[method]]
    rows.append([*row, *(_step(dropped.get(step)) for step in tried)])
  return md.table(("N_z", "N", "method", *(f"step size {s:g}" for s in tried)), rows)


def _step(point: Point | None) -> str:
  if point is None:
    return "diverged"
  value = md.nats(point.train) if point.train > _FAILED else "failed"
  text = f"{value} at {md.samples(point.samples)}"
  return f"**{text}**" if point.chosen == "yes" else text
