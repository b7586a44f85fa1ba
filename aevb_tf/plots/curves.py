"""Learning curves: bound, KL and log-likelihood on the training and the test data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from aevb_tf.plots import style

if TYPE_CHECKING:
  from matplotlib.axes import Axes
  from matplotlib.figure import Figure

_PANELS = {
  "elbo": r"Bound $\mathcal{L}$",
  "kl": r"$KL(q(z\,|\,x)\,\|\,p(z))$",
  "log_likelihood": r"$E_q[\log p(x\,|\,z)]$",
}
# Dash, marker and lightness differ, so that the lines can be told apart in grey print.
_TRAIN = {"color": style.SECOND, "linestyle": "--", "marker": "s"}
_TEST = {"color": style.FIRST, "linestyle": "-", "marker": "o"}


def _checked(history: Sequence[Mapping] | Mapping[str, Sequence]) -> list[Mapping]:
  """The history, checked and sorted by epoch."""
  history = getattr(history, "history", history)  # of what `fit` returned
  if isinstance(history, Mapping):  # Keras's: a list of values for each metric
    if len({len(values) for values in history.values()}) > 1:
      raise ValueError(
        "history has lists of different lengths, as after fit(validation_freq=2). Pass "
        "a mapping for each epoch, with the values that there are."
      )
    epochs = zip(*history.values(), strict=True)
    history = [
      {"epoch": i, **dict(zip(history, values, strict=True))}
      for i, values in enumerate(epochs, start=1)
    ]
  if not len(history):
    raise ValueError("history is empty: there is no epoch to draw.")
  for i, entry in enumerate(history):
    missing = [key for key in ("epoch", *_PANELS) if key not in entry]
    if missing:
      raise ValueError(f"history[{i}] has no {', '.join(map(repr, missing))}.")
  ordered = sorted(history, key=lambda entry: entry["epoch"])
  for before, after in zip(ordered, ordered[1:], strict=False):
    if before["epoch"] == after["epoch"]:
      raise ValueError(f"history has epoch {after['epoch']} more than once.")
  return ordered


def _series(history: Sequence[Mapping], key: str) -> np.ndarray:
  """Epochs and values of the finite values, `[k, 2]`."""
  points = [
    (entry["epoch"], entry[key])
    for entry in history
    if entry.get(key) is not None and math.isfinite(entry[key])
  ]
  return np.array(points, dtype=np.float64).reshape(-1, 2)


def value_range(points: np.ndarray) -> tuple[float, float]:
  """The range of y to show, without large changes at the start of the run.

  If the first tenth of the run widens the range by half or more, it is left out. All
  later values are included, so that a late spike is visible.

  Args:
    points: Epochs and values of all the lines of a panel, `[n, 2]`.

  Returns:
    The smallest and the largest value to show.
  """
  epochs, values = points.T
  start = epochs.min() + 0.1 * np.ptp(epochs)
  late = values[epochs >= start]
  long_enough = len(np.unique(epochs)) >= 5
  if long_enough and np.ptp(values) >= 1.5 * np.ptp(late) > 0:
    values = late
  return float(values.min()), float(values.max())


def _limit(
  axes: Axes, lines: Sequence[np.ndarray], clip: bool, from_zero: bool
) -> None:
  """Sets the limits of y, and notes in the panel how many values are outside.

  From zero, if no value is negative, so that a small change of a KL looks small.
  """
  points = np.concatenate(lines)
  values = points[:, 1]
  low, high = value_range(points) if clip else (values.min(), values.max())
  # Space for the annotation, also if the line is flat.
  margin = 0.12 * (high - low) or max(0.05 * abs(high), 0.5)
  bottom = 0.0 if from_zero and values.min() >= 0 else low - margin
  axes.set_ylim(bottom, high + margin)
  low, high = axes.get_ylim()
  for count, where, y, va in (
    (int((values > high).sum()), "above", 0.97, "top"),
    (int((values < low).sum()), "below", 0.03, "bottom"),
  ):
    if count:
      axes.text(
        0.97,
        y,
        f"axis clipped:\n{count} early value{'s'[: count > 1]} {where}",
        transform=axes.transAxes,
        ha="right",
        va=va,
        fontsize=7,
        style="italic",
        color=style.QUIET,
      )


def _annotate_last(axes: Axes, line: np.ndarray) -> None:
  """Annotates the last value of a line, on the side with more space."""
  from matplotlib import patheffects

  epoch, value = line[-1]
  upwards = value < sum(axes.get_ylim()) / 2
  axes.annotate(
    style.number(value),
    (epoch, value),
    xytext=(0, 22 if upwards else -22),
    textcoords="offset points",
    ha="right",
    va="bottom" if upwards else "top",
    fontweight="bold",
    color=style.INK,
    arrowprops={"arrowstyle": "-", "color": style.INK, "linewidth": 0.8},
    path_effects=[patheffects.withStroke(linewidth=2.5, foreground="white")],
  )


def _set_epoch_axis(axes: Axes, first: float, last: float, log: bool) -> None:
  """Sets ticks at whole epochs, few enough to be legible."""
  from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

  if first == last:
    axes.set_xlim(first - 0.5, last + 0.5)
  if not log:
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    return
  axes.set_xscale("log")
  # Three ticks per decade, if they do not overlap.
  steps = (1, 2, 5) if last / first < 300 else (1,)
  decades = range(math.floor(math.log10(last)) + 1)
  ticks = [step * 10**k for k in decades for step in steps]
  ticks = [tick for tick in ticks if first <= tick <= last]
  axes.xaxis.set_major_locator(
    FixedLocator(ticks if len(ticks) > 1 else sorted({first, last}))
  )
  axes.xaxis.set_minor_locator(NullLocator())
  axes.xaxis.set_major_formatter("{x:.0f}")


@style.styled
def learning_curves(
  history: Sequence[Mapping] | Mapping[str, Sequence],
  *,
  log_epochs: bool = False,
  title: str = "Learning curves",
) -> Figure:
  """Draws bound, KL and log-likelihood over the epochs, in nats per example.

  The last test value is annotated, or the last training value if there are no test
  values. Values that are None or not finite are left out. On the linear axis, values in
  the first tenth of the run may be outside the panel, which then has a note.

  Args:
    history: The `history` of what `fit` returned. Or one mapping for each epoch, in any
      order, with `epoch`, `elbo`, `kl`, `log_likelihood`, and, for epochs that were
      evaluated, `val_elbo`, `val_kl`, `val_log_likelihood`.
    log_epochs: Whether the x axis is logarithmic; the epochs must then start at 1.
    title: Title of the figure.

  Returns:
    The figure.

  Raises:
    ValueError: There is nothing to draw, a key is missing, an epoch occurs twice, or an
      epoch is below 1 on a logarithmic axis.
  """
  history = _checked(history)
  if log_epochs and history[0]["epoch"] < 1:
    raise ValueError(
      f"log_epochs needs epochs >= 1; got epoch {history[0]['epoch']}. "
      "Count epochs from 1, or use the linear axis."
    )
  figure = style.new_figure(style.WIDE, 3.2)
  for axes, (key, name) in zip(figure.subplots(1, 3), _PANELS.items(), strict=True):
    train, test = _series(history, key), _series(history, f"val_{key}")
    if not len(train) and not len(test):
      raise ValueError(f"history has no finite value of {key!r}.")
    # Markers only if they do not overlap.
    marker_size = 4 if max(len(train), len(test)) <= 25 else 0
    for line, label, look in ((train, "train", _TRAIN), (test, "test", _TEST)):
      if len(line):
        size = 4 if len(line) == 1 else marker_size
        axes.plot(*line.T, label=label, markersize=size, **look)
    lines = [line for line in (test, train) if len(line)]
    # A logarithmic axis is meant to show the early epochs, so nothing is left out.
    _limit(axes, lines, clip=not log_epochs, from_zero=key == "kl")
    _set_epoch_axis(axes, history[0]["epoch"], history[-1]["epoch"], log_epochs)
    _annotate_last(axes, lines[0])
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.set_title(name)
    axes.set_xlabel("epoch")
    axes.set_ylabel("nats per example")
  figure.legend(
    *figure.axes[0].get_legend_handles_labels(),
    loc="outside lower center",
    ncols=2,
    frameon=False,
  )
  figure.suptitle(title)
  return figure
