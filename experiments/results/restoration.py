"""The blocks of RESULTS.md about restored images: PSNR and log-likelihood."""

from collections.abc import Sequence

from experiments.restoration import MODEL, Score
from experiments.results import markdown as md

_LINEAR = "probabilistic PCA"
_HEADER = (
  *("data", "corruption", "corrupted image"),
  *("median filter", "bicubic interpolation", _LINEAR, MODEL),
)


def psnr(rows: Sequence[Score]) -> str:
  """The PSNR of every method; the highest is bold."""
  return _table(rows, "psnr", 1)


def log_likelihood(rows: Sequence[Score]) -> str:
  """The log-likelihood of every method; the highest is bold."""
  return _table(rows, "log_likelihood", 2)


def _table(rows: Sequence[Score], quantity: str, digits: int) -> str:
  found: dict[tuple[str, str], dict[str, Score]] = {}
  for row in rows:
    found.setdefault((row.dataset, row.corruption), {})[row.method] = row
  lines = []
  for names, scores in found.items():
    best = max(scores, key=lambda method: getattr(scores[method], quantity))
    cells = [*names]
    for method in _HEADER[2:]:
      text = ""
      if method in scores:
        value, error = (
          md.nats(getattr(scores[method], f"{quantity}{end}"), digits)
          for end in ("", "_error")
        )
        text = f"{value} \N{PLUS-MINUS SIGN} {error}"
      cells.append(f"**{text}**" if method == best else text)
    lines.append(cells)
  return md.table(_HEADER, lines)
