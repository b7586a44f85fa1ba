"""The common style of all plots: sizes, palette, and a context that applies them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
  from matplotlib.figure import Figure

# Inches. At `DPI` a picture is 900 to 1,200 pixels wide, the width of a README.
DPI = 150
WIDTH = 6.0
WIDE = 8.0
_LONGEST_SIDE = 100.0

# Two series that differ in hue and in lightness, for grey print.
FIRST = "#0b3c6f"
SECOND = "#e08214"
QUIET = "#767676"
INK = "#333333"

# Ten colours that colour-blind readers can tell apart (Petroff, arXiv:2107.02270). Ten
# hues cannot all differ in grey as well, so each has a marker: seven markers and ten
# colours are seventy distinct pairs.
CATEGORIES = (
  "#3f90da",
  "#ffa90e",
  "#bd1f01",
  "#94a4a2",
  "#832db6",
  "#a96b59",
  "#e76300",
  "#b9ac70",
  "#717581",
  "#92dadd",
)
MARKERS = ("o", "^", "s", "D", "v", "P", "X")

_RC = {
  "axes.axisbelow": True,
  "axes.grid": True,
  "axes.labelsize": 9,
  "axes.spines.right": False,
  "axes.spines.top": False,
  "axes.titlesize": 10,
  "figure.titlesize": 11,
  "font.size": 9,
  "grid.color": "#dddddd",
  "grid.linewidth": 0.6,
  "hatch.linewidth": 0.6,
  "legend.fontsize": 8,
  "legend.framealpha": 0.9,
  "lines.linewidth": 1.6,
  "pdf.fonttype": 42,
  # Otherwise the ids in an SVG file are random.
  "svg.hashsalt": "aevb_tf",
  "xtick.labelsize": 8,
  "ytick.labelsize": 8,
}


def styled(function: Callable) -> Callable:
  """Runs a function with the style of the package, not with the user's settings."""

  @functools.wraps(function)
  def in_style(*args, **kwargs):
    import matplotlib.style

    # "default" first, so that a plot does not depend on the user's matplotlibrc.
    with matplotlib.style.context(["default", _RC]):
      return function(*args, **kwargs)

  return in_style


def new_figure(width: float, height: float) -> Figure:
  """Returns an empty figure on an Agg canvas, independent of pyplot.

  Args:
    width: Inches.
    height: Inches.

  Raises:
    ValueError: A side is longer than 100 inches. Images that are far taller than wide
      would need more memory than there is, and Agg would crash.
  """
  if max(width, height) > _LONGEST_SIDE:
    raise ValueError(
      f"A figure of {width:.0f} by {height:.0f} inches is too large: the images are much"
      " taller than wide. Transpose or reshape them."
    )
  from matplotlib.backends.backend_agg import FigureCanvasAgg

  from aevb_tf.plots.inline import InlineFigure

  figure = InlineFigure(figsize=(width, height), dpi=DPI, layout="constrained")
  FigureCanvasAgg(figure)
  return figure


def number(value: float, digits: int = 1) -> str:
  """Formats a number with a proper minus sign, like the ticks."""
  text = f"{value:.{digits}f}"
  # A value that rounds to zero has no sign.
  return f"{0:.{digits}f}" if float(text) == 0 else text.replace("-", "\N{MINUS SIGN}")


def short(name: str, size: int) -> str:
  """A name without its middle, if it is long: names often differ at the end."""
  if len(name) <= size:
    return name
  end = size // 2
  return f"{name[: size - 1 - end]}\N{HORIZONTAL ELLIPSIS}{name[-end:]}"
