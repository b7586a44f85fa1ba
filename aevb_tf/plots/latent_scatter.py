"""Scatter plot of posterior means, coloured by label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from aevb_tf.plots import of_models, style

if TYPE_CHECKING:
  from matplotlib.axes import Axes
  from matplotlib.figure import Figure

# With more labels than this, they are drawn as an ordered quantity, with a colour bar.
_MOST_NAMED_LABELS = 20
# Least distance between the names of two labels, relative to the width of the plot.
_WORD_DISTANCE = 0.045
# Largest number of planes of principal directions, which are drawn side by side.
_MOST_PLANES = 3


def _directions(mean: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, list[str]]:
  """The directions to project `[n, J]` to, `[J, k]`, and their names.

  With three or more labels these are the linear discriminants: the directions in which
  the means of the labels differ most, relative to the spread within a label. Otherwise
  they are the principal directions.
  """
  known, of_known = np.unique(labels[labels >= 0], return_inverse=True)
  points, latent_dim = mean[labels >= 0], mean.shape[1]
  enough = len(points) >= latent_dim + len(known) and np.ptp(points, axis=0).any()
  if enough and 3 <= len(known) <= _MOST_NAMED_LABELS:
    kind, whole, count = "discriminant", " of the variance between labels", 2
    sizes, directions = _discriminants(points, of_known)
  else:
    kind, whole = "principal", ""  # of the variance: short, since there are many
    count = min(2 * (latent_dim // 2), 2 * _MOST_PLANES)
    sizes, directions = np.linalg.eigh(np.cov(mean.T, bias=True))
  # eigh sorts in ascending order. The sign of a direction is arbitrary, so its largest
  # entry is made positive.
  sizes, directions = sizes[::-1].clip(0), directions[:, ::-1][:, :count]
  strongest = np.abs(directions).argmax(axis=0)
  flipped = directions[strongest, np.arange(count)] < 0
  # Not zero, even if all means are equal and the total is 0.
  shares = sizes[:count] / max(sizes.sum(), np.finfo(np.float64).tiny)
  names = [
    f"{kind} direction {i + 1} ({share:.0%}{whole})" for i, share in enumerate(shares)
  ]
  return directions * np.where(flipped, -1.0, 1.0), names


def _discriminants(
  points: np.ndarray, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
  """Ratios of the variance between labels to that within, and their directions.

  Labels are 0, 1, .... The variance within labels is 1 along each direction.
  """
  centres = np.stack([points[labels == i].mean(0) for i in range(labels.max() + 1)])
  between = np.cov(centres[labels].T, bias=True)
  within = np.cov((points - centres[labels]).T, bias=True)
  # Latents that do not vary within any label have no inverse variance.
  within += 1e-10 * np.trace(within + between) * np.eye(len(within))
  whiten = np.linalg.inv(np.linalg.cholesky(within))
  ratios, directions = np.linalg.eigh(whiten @ between @ whiten.T)
  return ratios, whiten.T @ directions


def _planes(
  mean: np.ndarray, labels: np.ndarray, dimensions: tuple[int, int] | None
) -> list[tuple[np.ndarray, list[str]]]:
  """For each plane the points `[n, 2]` to draw, and the names of the two axes."""
  latent_dim = mean.shape[1]
  if dimensions is not None:
    if len(dimensions) != 2 or not all(0 <= j < latent_dim for j in dimensions):
      raise ValueError(
        f"dimensions must be two indices from 0 to {latent_dim - 1}; "
        f"got {dimensions!r}."
      )
    names = [rf"$E[z\,|\,x]$, dimension {j} (from 0)" for j in dimensions]
    return [(mean[:, list(dimensions)], names)]
  if latent_dim == 1:
    # Multiples of the golden ratio fill the height evenly for any number of points.
    height = np.arange(len(mean)) * ((np.sqrt(5) - 1) / 2) % 1
    names = [r"$E[z\,|\,x]$", "spread for legibility, no quantity"]
    return [(np.stack([mean[:, 0], height], axis=-1), names)]
  if latent_dim == 2:
    return [(mean, [r"$E[z_1\,|\,x]$", r"$E[z_2\,|\,x]$"])]
  directions, names = _directions(mean, labels)
  points = (mean - mean.mean(axis=0)) @ directions
  return [(points[:, i : i + 2], names[i : i + 2]) for i in range(0, len(names), 2)]


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
  """Draws a colour, a marker and a name at the median for each label."""
  from matplotlib import patheffects

  unlabelled = points[labels < 0]
  if len(unlabelled):
    axes.text(
      0.99, 0.01, "grey: no label", transform=axes.transAxes, ha="right", fontsize=8
    )
    axes.scatter(
      unlabelled[:, 0],
      unlabelled[:, 1],
      s=size,
      color=style.QUIET,
      marker=".",
      alpha=0.5,
    )
  present = np.unique(labels[labels >= 0])
  medians = np.array([np.median(points[labels == label], axis=0) for label in present])
  extent = np.maximum(np.ptp(points, axis=0), np.finfo(np.float64).tiny)
  places = _apart(medians, extent)
  for i, label in enumerate(present):
    of_label = points[labels == label]
    name = str(names.get(int(label), label))
    axes.scatter(
      of_label[:, 0],
      of_label[:, 1],
      s=size,
      color=style.CATEGORIES[i % len(style.CATEGORIES)],
      marker=style.MARKERS[i % len(style.MARKERS)],
      alpha=0.7,
      linewidths=0,
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


def latents(
  vae: Any,
  x: ArrayLike,
  labels: ArrayLike | None = None,
  *,
  condition: Any = None,
  **options: Any,
) -> Figure:
  """Draws where a model puts examples: `latent_scatter` of the means of q(z|x).

  Args:
    vae: A built model with an encoder.
    x: Examples, `[n, *event_shape]`.
    labels: Integers `[n]`, -1 for none; or None.
    condition: That of each example, or one for all, of a model with a condition.
    **options: Of `latent_scatter`.

  Returns:
    The figure.

  Raises:
    ValueError: The model is not built, or an argument of `latent_scatter` is wrong.
  """
  return latent_scatter(of_models.means(vae, x, condition), labels, **options)


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
  are the two given `dimensions`. By default they are, with three to 20 labels, the two
  linear discriminants, in which the labels differ most. Otherwise there are up to three
  plots, of the principal directions 1 and 2, 3 and 4, 5 and 6. Up to 20 labels have a
  colour, a marker, and their name at the median of their points; more labels have a
  colour scale. Data without labels have one colour.

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

  planes = _planes(mean, labels, dimensions)
  side = style.WIDTH if len(planes) == 1 else style.WIDE / len(planes)
  figure = style.new_figure(side * len(planes), side)
  all_axes = figure.subplots(1, len(planes), squeeze=False)[0]
  # The more examples, the smaller the points, from clear markers to dots.
  size = float(np.clip(40_000 / len(mean), 8, 30)) / len(planes)
  for axes, (points, axis_names) in zip(all_axes, planes, strict=True):
    _draw(figure, axes, points, labels, label_names or {}, size)
    axes.set_xlabel(axis_names[0])
    axes.set_ylabel(axis_names[1])
    if mean.shape[1] == 1:
      axes.set_yticks([])
    else:
      # Distances in the plane have the same scale in all directions.
      axes.set_aspect("equal", adjustable="datalim")
  figure.suptitle(f"{title}, {len(mean):,} examples")
  return figure


def _draw(
  figure: Figure,
  axes: Axes,
  points: np.ndarray,
  labels: np.ndarray,
  names: Mapping,
  size: float,
) -> None:
  """Draws the points of one plane, with a colour scale for many labels."""
  known = np.unique(labels[labels >= 0])
  if not known.size:
    axes.scatter(
      points[:, 0], points[:, 1], s=size, color=style.FIRST, alpha=0.5, linewidths=0
    )
  elif known.size <= _MOST_NAMED_LABELS:
    _draw_named(axes, points, labels, names, size)
  else:
    axes.scatter(
      points[labels < 0][:, 0],
      points[labels < 0][:, 1],
      s=size,
      color=style.QUIET,
      linewidths=0,
    )
    colored = axes.scatter(
      points[labels >= 0][:, 0],
      points[labels >= 0][:, 1],
      c=labels[labels >= 0],
      s=size,
      cmap="viridis",
      alpha=0.7,
      linewidths=0,
    )
    if axes is figure.axes[-1]:  # one bar for all planes
      figure.colorbar(colored, ax=figure.axes, label="label")
