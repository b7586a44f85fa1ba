"""The variance of gradient estimators against the samples that they take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from aevb_tf.plots import style

if TYPE_CHECKING:
  from matplotlib.figure import Figure

# Of the normal distribution: 95% lie within so many standard deviations.
_CONFIDENCE = 1.96


@style.styled
def gradient_variance(
  series: Mapping[str, np.ndarray], *, title: str = "Variance of the encoder's gradient"
) -> Figure:
  """Draws variances over the number of samples, both axes logarithmic.

  The bars are 95% confidence intervals, `exp(log v -+ 1.96 s / v)`: a variance is
  positive, and so are the ends of its interval.

  Args:
    series: Name of each estimator -> `[k, 3]`: samples, variance, standard error of
      the variance.
    title: Above the panel.

  Returns:
    The figure.

  Raises:
    ValueError: Nothing to draw, or a number of samples or variance is not positive.
  """
  if not series:
    raise ValueError("series is empty: there is no estimator to draw.")
  figure = style.new_figure(style.WIDTH, 4.2)
  axes = figure.subplots()
  for i, (name, points) in enumerate(series.items()):
    samples, variance, error = np.asarray(points, np.float64).T
    if not (np.all(samples > 0) and np.all(variance > 0)):
      raise ValueError(
        f"series[{name!r}]: samples and variances must be positive for this axis."
      )
    factor = np.exp(_CONFIDENCE * error / variance)
    axes.errorbar(
      samples,
      variance,
      yerr=(variance - variance / factor, variance * factor - variance),
      label=name,
      color=style.CATEGORIES[i],
      marker=style.MARKERS[i],
      markersize=4,
      linestyle=("-", "--")[i % 2],  # A and B all but hide each other
      capsize=2.5,
      elinewidth=1.0,
    )
  axes.set_xscale("log", base=2)
  axes.set_yscale("log")
  ticks = sorted(
    {float(n) for points in series.values() for n in np.asarray(points)[:, 0]}
  )
  axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
  axes.minorticks_off()
  axes.set_xlabel("samples of z for each example, L")
  axes.set_ylabel(r"variance of $\nabla_\phi$ of the bound per example, nats$^2$")
  figure.legend(loc="outside lower center", ncols=2, frameon=False)
  axes.set_title(title)
  return figure
