"""KL of each latent dimension, which shows the latents that the model uses.

A unit is active by one of two criteria, which the plot states. By default the mean
KL(q(z_j|x) || p(z_j)), which is what is drawn, must exceed 0.01 nats. If the variance
is passed, Var_x(E[z_j|x]) must exceed 0.01 (Burda, Grosse, Salakhutdinov,
arXiv:1509.00519).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from aevb_tf.plots import style

if TYPE_CHECKING:
  from matplotlib.figure import Figure

# With more bars, the names of neighbouring bars would overlap.
_MOST_TICKS = 25


def _mean_kl(kl) -> np.ndarray:
  """Mean KL per dimension, `[J]`, from `[J]` or `[n, J]`."""
  kl = np.asarray(kl, dtype=np.float64)
  if kl.ndim not in (1, 2) or not kl.size:
    raise ValueError(f"kl must be [latent_dim] or [n, latent_dim]; got {kl.shape}.")
  if not np.isfinite(kl).all():
    raise ValueError("kl has values that are not finite. Check the encoder's output.")
  return kl if kl.ndim == 1 else kl.mean(axis=0)


def active_units(
  kl: ArrayLike, threshold: float = 0.01, variance: ArrayLike | None = None
) -> np.ndarray:
  """Returns which latents are active, that is, carry information.

  Args:
    kl: KL of each latent in nats, `[latent_dim]`, or `[n, latent_dim]` to average.
    threshold: Value that an active latent exceeds.
    variance: Var_x(E[z_j|x]), `[latent_dim]`; if given, it is compared with the
      threshold instead of the KL.

  Returns:
    bool `[latent_dim]`.

  Raises:
    ValueError: A rank is wrong, a value is not finite, or lengths differ.
  """
  kl = _mean_kl(kl)
  if variance is None:
    return kl > threshold
  variance = np.asarray(variance, dtype=np.float64)
  if variance.shape != kl.shape:
    raise ValueError(
      f"variance must be [{len(kl)}], one for each latent of kl; "
      f"got shape {variance.shape}."
    )
  if not np.isfinite(variance).all():
    raise ValueError("variance has values that are not finite.")
  return variance > threshold


@style.styled
def kl_per_dimension(
  kl: ArrayLike,
  threshold: float = 0.01,
  *,
  variance: ArrayLike | None = None,
  title: str = "KL per latent dimension",
) -> Figure:
  """Draws the mean KL of each latent, largest first, and counts the active units.

  Args:
    kl: KL of each latent in nats, `[latent_dim]`, or `[n, latent_dim]` to average.
    threshold: Value that an active latent exceeds, in nats (or, with `variance`, in
      units of z squared).
    variance: Var_x(E[z_j|x]), `[latent_dim]`, for the criterion of Burda et al.
    title: Title of the plot; the count and its criterion are added.

  Returns:
    The figure.

  Raises:
    ValueError: A rank is wrong, a value is not finite, or lengths differ.
  """
  mean = _mean_kl(kl)
  active = active_units(mean, threshold, variance)
  order = np.argsort(-mean, kind="stable")
  mean, active, positions = mean[order], active[order], np.arange(len(order))

  figure = style.new_figure(style.WIDE, 3.4)
  axes = figure.subplots()
  legend: dict[str, Any] = {}  # Any: matplotlib's types leave out tuples
  if active.any():
    bars = axes.bar(positions[active], mean[active], width=0.85, color=style.FIRST)
    legend[f"active ({active.sum()})"] = bars
  if not active.all():
    hatched = axes.bar(
      positions[~active],
      mean[~active],
      width=0.85,
      facecolor="white",
      edgecolor=style.INK,
      hatch="////",
    )
    # The hatching of a bar without height is invisible, so a cross marks it.
    (crosses,) = axes.plot(
      positions[~active],
      np.zeros((~active).sum()),
      linestyle="none",
      marker="x",
      markersize=min(5.0, 350 / len(mean)),
      color=style.INK,
      clip_on=False,
      zorder=3,
    )
    legend[f"inactive ({(~active).sum()})"] = (hatched, crosses)
  step = -(-len(mean) // _MOST_TICKS)
  axes.set_xticks(positions[::step], [str(j) for j in order[::step]])
  # One or two bars would otherwise be too wide.
  axes.set_xlim(-0.7, max(len(mean), 6) - 0.3)
  axes.grid(axis="x", visible=False)
  axes.set_xlabel("latent dimension $j$ (from 0), in order of mean KL")
  axes.set_ylabel(r"mean $KL(q(z_j\,|\,x)\,\|\,p(z_j))$, nats")
  if len(legend) > 1:
    axes.legend(legend.values(), legend.keys(), loc="upper right")
  criterion = (
    f"mean KL > {threshold:g} nats"
    if variance is None
    else rf"$Var_x(E[z_j\,|\,x])$ > {threshold:g}"
  )
  axes.set_title(
    f"{title}: {active.sum()} of {len(mean)} units active ({criterion}), "
    f"{style.number(mean.sum())} nats in all"
  )
  return figure
