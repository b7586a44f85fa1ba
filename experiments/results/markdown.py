"""Numbers and tables in Markdown."""

from collections.abc import Iterable, Sequence

# How sentences name the splits.
SPLITS = {"train": "training data", "test": "test data"}

# Seconds in a minute, and minutes in an hour.
_SIXTY = 60


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
  """A table; all columns but the first are aligned to the right."""
  ruler = ["---", *["---:"] * (len(header) - 1)]
  lines = [header, ruler, *rows]
  return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def nats(value: float, digits: int = 1) -> str:
  """A number of nats, with a true minus sign."""
  text = f"{value:z.{digits}f}"
  return text.replace("-", "\N{MINUS SIGN}")


def difference(value: float, digits: int = 1) -> str:
  """Ours minus theirs, with its sign."""
  return f"{value:+z.{digits}f}".replace("-", "\N{MINUS SIGN}")


def samples(count: int) -> str:
  """1e6, 3e7, 2.5e5."""
  mantissa, exponent = f"{count:e}".split("e")
  return f"{float(mantissa):g}e{int(exponent)}"


def duration(seconds: float) -> str:
  """12 s, 3 min, 1 h 5 min."""
  if round(seconds) < _SIXTY:
    return f"{seconds:.0f} s"
  minutes = round(seconds / _SIXTY)
  if minutes < _SIXTY:
    return f"{minutes} min"
  return f"{minutes // _SIXTY} h {minutes % _SIXTY} min"


def took(seconds: float, device: str) -> str:
  """How long, and whether a GPU did it: `12 s`, `3 min, GPU`."""
  text = duration(seconds)
  return text if device == "CPU" else f"{text}, GPU"
