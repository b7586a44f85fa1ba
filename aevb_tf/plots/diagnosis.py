"""A picture of a diagnosis: one panel for each of its arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from aevb_tf.plots import style

if TYPE_CHECKING:
  from matplotlib.axes import Axes
  from matplotlib.figure import Figure

_COLUMNS = 3
_LARGEST_K = 0.7


@style.styled
def diagnosis(
  arrays: Mapping[str, np.ndarray], title: str = "Diagnosis"
) -> Figure | None:
  """Draws what `vae.diagnose` measured.

  Args:
    arrays: `Diagnosis.arrays`. Those that it does not have are left out.
    title: Title of the figure.

  Returns:
    The figure, or None if there is nothing to draw.
  """
  arrays = getattr(arrays, "arrays", arrays)  # of a report
  panels = [draw for names, draw in _PANELS if all(name in arrays for name in names)]
  if not panels:
    return None
  rows = -(-len(panels) // _COLUMNS)
  figure = style.new_figure(1.25 * style.WIDE, 0.5 + 2.6 * rows)
  grid = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
  for axes, draw in zip(grid, panels, strict=False):
    draw(axes, arrays)
  for axes in grid[len(panels) :]:
    axes.set_axis_off()
  figure.suptitle(title)
  return figure


def _bounds(axes: Axes, arrays: Mapping[str, np.ndarray]) -> None:
  both = [np.asarray(arrays[f"elbo_{split}"]) for split in ("train", "test")]
  bins = np.histogram_bin_edges(np.concatenate(both), bins=30)
  for values, split, color in zip(
    both, ("train", "test"), (style.SECOND, style.FIRST), strict=True
  ):
    label = f"{split}, mean {style.number(values.mean())}"
    axes.stairs(
      np.histogram(values, bins, density=True)[0], bins, color=color, label=label
    )
  axes.set_title("Bound of each example")
  axes.set_xlabel("nats")
  axes.legend()


def _latents(axes: Axes, arrays: Mapping[str, np.ndarray]) -> None:
  kl = np.sort(np.asarray(arrays["kl_per_latent"]))[::-1]
  axes.bar(np.arange(len(kl)), kl, color=style.FIRST)
  axes.set_title("KL of each latent, sorted")
  axes.set_ylabel("nats")


def _coverage(axes: Axes, arrays: Mapping[str, np.ndarray]) -> None:
  levels, found = (np.asarray(arrays[n]) for n in ("coverage_levels", "coverage"))
  axes.plot([0, 1], [0, 1], color=style.QUIET, linestyle="--")
  axes.plot(levels, found, color=style.FIRST, marker="o")
  axes.set_title("Coverage of intervals of p(x|z)")
  axes.set_xlabel("of draws from p(x|z)")
  axes.set_ylabel("of the test examples")


def _gaps(axes: Axes, arrays: Mapping[str, np.ndarray]) -> None:
  names = ("amortization", "approximation")
  values = [np.asarray(arrays[f"{name}_gap"]) for name in names]
  axes.boxplot(values, medianprops={"color": style.FIRST})
  axes.set_xticks([1, 2], names)
  axes.set_title("Gaps of each example")
  axes.set_ylabel("nats")


def _tails(axes: Axes, arrays: Mapping[str, np.ndarray]) -> None:
  k = np.asarray(arrays["pareto_k"])
  k = np.sort(k[np.isfinite(k)])
  axes.plot(k, np.arange(1, len(k) + 1) / max(len(k), 1), color=style.FIRST)
  axes.axvline(_LARGEST_K, color=style.SECOND, linestyle="--", label="0.7")
  axes.set_title("Pareto k of importance weights")
  axes.set_xlabel("k")
  axes.set_ylabel("share of examples")
  axes.legend()


_PANELS: tuple[tuple[tuple[str, ...], Callable[..., None]], ...] = (
  (("elbo_train", "elbo_test"), _bounds),
  (("kl_per_latent",), _latents),
  (("coverage_levels", "coverage"), _coverage),
  (("amortization_gap", "approximation_gap"), _gaps),
  (("pareto_k",), _tails),
)
