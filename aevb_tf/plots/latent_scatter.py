"""Scatter plot of posterior means, coloured by label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import ArrayLike

from aevb_tf.plots import style

if TYPE_CHECKING:
  from matplotlib.axes import Axes
  from matplotlib.figure import Figure

# With more labels than this, they are drawn as an ordered quantity, without a legend.
_MOST_NAMED_LABELS = 20
# Least distance between the names of two labels, relative to the width of the plot.
_WORD_DISTANCE = 0.045
_ORDINALS = ("first", "second")


def _principal_plane(mean: np.ndarray) -> tuple[np.ndarray, list[str]]:
  """Projects `[n, J]` to its two directions of largest variance; `[n, 2]` and names."""
  centred = mean - mean.mean(axis=0)
  variances, directions = np.linalg.eigh(centred.T @ centred / len(mean))
  # eigh sorts in ascending order. The sign of a direction is arbitrary, so its largest
  # entry is made positive.
  largest, directions = variances[::-1][:2], directions[:, ::-1][:, :2]
  strongest = np.abs(directions).argmax(axis=0)
  directions = directions * np.where(directions[strongest, [0, 1]] < 0, -1.0, 1.0)
  # Not zero, even if all means are equal and the total variance is 0.
  shares = largest.clip(0) / max(variances.sum(), np.finfo(np.float64).tiny)
  names = [
    rf"{which} principal direction of $E[z\,|\,x]$ ({share:.0%} of variance)"
    for which, share in zip(_ORDINALS, shares, strict=True)
  ]
  return centred @ directions, names


def _plane(
  mean: np.ndarray, dimensions: tuple[int, int] | None
) -> tuple[np.ndarray, list[str]]:
  """The points `[n, 2]` to draw, and the names of the two axes."""
  latent_dim = mean.shape[1]
  if dimensions is not None:
    if len(dimensions) != 2 or not all(0 <= j < latent_dim for j in dimensions):
      raise ValueError(
        f"dimensions must be two indices from 0 to {latent_dim - 1}; "
        f"got {dimensions!r}."
      )
    names = [rf"$E[z\,|\,x]$, dimension {j} (from 0)" for j in dimensions]
    return mean[:, list(dimensions)], names
  if latent_dim == 1:
    # Multiples of the golden ratio fill the height evenly for any number of points.
    height = np.arange(len(mean)) * ((np.sqrt(5) - 1) / 2) % 1
    names = [r"$E[z\,|\,x]$", "spread for legibility, no quantity"]
    return np.stack([mean[:, 0], height], axis=-1), names
  if latent_dim == 2:
    return mean, [r"$E[z_1\,|\,x]$", r"$E[z_2\,|\,x]$"]
  return _principal_plane(mean)


def _apart(places: np.ndarray, extent: np.ndarray) -> np.ndarray:
  """Moves label positions `[k, 2]` apart that would overlap."""
  places = places / extent
  for _ in range(50):
    gaps = places[:, None] - places[None]
    distances = np.hypot(*np.moveaxis(gaps, -1, 0))
    # Two equal positions are moved apart horizontally, in the order of their labels.
    together = np.sign(np.arange(len(places))[:, None] - np.arange(len(places)))
    gaps[..., 0] += 1e-6 * together
    lack = np.maximum(_WORD_DISTANCE - distances, 0) * np.abs(together)
    norms = np.maximum(np.hypot(*np.moveaxis(gaps, -1, 0)), 1e-12)
    places = places + (gaps * (lack / norms)[..., None]).sum(axis=1) / 4
  return places * extent


def _draw_named(
  axes: Axes, points: np.ndarray, labels: np.ndarray, names: Mapping, size: float
) -> None:
  """Draws a colour and marker for each label, a legend, and names at the medians."""
  from matplotlib import patheffects
  from matplotlib.collections import PathCollection

  unlabelled = points[labels < 0]
  if len(unlabelled):
    x, y = unlabelled.T
    axes.scatter(
      x, y, s=size, color=style.QUIET, marker=".", alpha=0.5, label="no label"
    )
  present = np.unique(labels[labels >= 0])
  medians = np.array([np.median(points[labels == label], axis=0) for label in present])
  extent = np.maximum(np.ptp(points, axis=0), np.finfo(np.float64).tiny)
  places = _apart(medians, extent)
  for i, label in enumerate(present):
    of_label = points[labels == label]
    name = str(names.get(int(label), label))
    x, y = of_label.T
    axes.scatter(
      x,
      y,
      s=size,
      color=style.CATEGORIES[i % len(style.CATEGORIES)],
      marker=style.MARKERS[i % len(style.MARKERS)],
      alpha=0.7,
      linewidths=0,
      label=name,
    )
    axes.annotate(
      name,
      places[i],
      ha="center",
      va="center",
      fontsize=12,
      fontweight="bold",
      path_effects=[patheffects.withStroke(linewidth=3, foreground="white")],
    )
  legend = axes.legend(
    title="label", loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False
  )
  for handle in cast(list[PathCollection], legend.legend_handles):
    handle.set_sizes([36])
    handle.set_alpha(1)


@style.styled
def latent_scatter(
  mean: ArrayLike,
  labels: ArrayLike | None = None,
  *,
  dimensions: tuple[int, int] | None = None,
  label_names: Mapping[int, str] | None = None,
  title: str = "Posterior means",
) -> Figure:
  """Draws a scatter plot of the means of q(z|x), coloured by label.

  Two latents are the axes; a single one is drawn along x. With more latents, the axes
  are the two given `dimensions`, or by default the two principal directions of the
  means, and are named accordingly. Up to 20 labels have a colour, a marker, a legend
  entry, and their name at the median of their points; more labels have a colour scale.
  Data without labels have one colour.

  Args:
    mean: Means of q(z|x), `[n, latent_dim]`.
    labels: Integers `[n]`, -1 for none; or None.
    dimensions: Two indices of latents, counted from 0.
    label_names: Names to show instead of the numbers of the labels.
    title: Title of the plot; the number of examples is added.

  Returns:
    The figure.

  Raises:
    ValueError: A rank is wrong, lengths differ, labels are not integers, `dimensions`
      do not exist, or means are not finite.
  """
  mean = np.asarray(mean, dtype=np.float64)
  if mean.ndim != 2 or not mean.size:
    raise ValueError(f"mean must be [n, latent_dim]; got shape {mean.shape}.")
  if not np.isfinite(mean).all():
    raise ValueError("mean has values that are not finite. Check the encoder's output.")
  labels = np.full(len(mean), -1) if labels is None else np.asarray(labels)
  if labels.shape != (len(mean),):
    raise ValueError(
      f"labels must be [{len(mean)}], one for each row of mean; "
      f"got shape {labels.shape}."
    )
  if not np.issubdtype(labels.dtype, np.integer):
    raise ValueError(f"labels must be integers; got dtype {labels.dtype}.")

  points, axis_names = _plane(mean, dimensions)
  figure = style.new_figure(style.WIDTH + 0.6, style.WIDTH)
  axes = figure.subplots()
  # The more examples, the smaller the points, from clear markers to dots.
  size = float(np.clip(40_000 / len(mean), 8, 30))
  known = np.unique(labels[labels >= 0])
  if not known.size:
    x, y = points.T
    axes.scatter(x, y, s=size, color=style.FIRST, alpha=0.5, linewidths=0)
  elif known.size <= _MOST_NAMED_LABELS:
    _draw_named(axes, points, labels, label_names or {}, size)
  else:
    x, y = points[labels < 0].T
    axes.scatter(x, y, s=size, color=style.QUIET, linewidths=0)
    x, y = points[labels >= 0].T
    colored = axes.scatter(
      x,
      y,
      c=labels[labels >= 0],
      s=size,
      cmap="viridis",
      alpha=0.7,
      linewidths=0,
    )
    figure.colorbar(colored, label="label")
  axes.set_xlabel(axis_names[0])
  axes.set_ylabel(axis_names[1])
  if mean.shape[1] == 1:
    axes.set_yticks([])
  else:
    # Distances in the plane have the same scale in all directions.
    axes.set_aspect("equal", adjustable="datalim")
  axes.set_title(f"{title}, {len(mean):,} examples")
  return figure
