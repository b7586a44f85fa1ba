"""Draws the plots of a finished run.

Plots of examples (reconstructions, samples, the manifold) need images, `[height, width,
channels]`, and plots of columns (marginals, correlations) need a table. The other plots
are drawn for all data. A model of classes has a row of samples for each class, and a
manifold for each of the first ten. A plot that fails is reported on stderr, and does not stop the
run.
"""

import functools
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from aevb_tf import plots
from aevb_tf.conditions import Labels
from aevb_tf.models import VAE
from aevb_tf.training.measure import ACTIVE_VARIANCE, Measurements
from aevb_tf.training.run_folder import RunFolder

if TYPE_CHECKING:
  from matplotlib.figure import Figure

RECONSTRUCTIONS = 40
ROWS = 2000
_SAMPLES = 100
_SAMPLES_OF_CLASS = 10
_MANIFOLD_SIDE = 20
_MOST_MANIFOLDS = 10


def draw(
  vae: VAE,
  folder: RunFolder,
  examples: np.ndarray,
  measured: Measurements,
  given: np.ndarray | None = None,
) -> None:
  """Draws all plots of a model into `plots/`.

  Args:
    vae: The model.
    folder: The run's folder.
    examples: Examples to reconstruct, or rows of a table to compare with samples, `[n,
      *event_shape]`.
    measured: The measurements on the test split.
    given: The y of the examples, `[n, ...]`: their conditions, if the model has one.
  """
  given = None if vae.condition is None else tf.constant(given)
  figures = _of_latents(vae, folder, measured)
  if examples.ndim == 4:
    figures |= _of_images(vae, examples, given)
  elif vae.schema is not None:
    figures |= _of_table(vae, examples, given)
  for name, figure in figures.items():
    path = folder.plots / f"{name}.png"
    try:
      plots.save(figure(), path)
    except Exception as error:  # a failed plot must not lose the numbers of a run
      why = " ".join(str(error).split())
      print(f"{path} is not drawn: {type(error).__name__}: {why}", file=sys.stderr)


def _of_latents(vae, folder, measured) -> dict[str, "Callable[[], Figure]"]:
  """Functions that draw the plots for any data, by name."""
  levels = vae.condition.levels if isinstance(vae.condition, Labels) else ()
  figures = {
    "latent_scatter": lambda: plots.latent_scatter(
      measured.means, measured.labels, label_names=dict(enumerate(levels))
    ),
    "learning_curves": lambda: plots.learning_curves(folder.history()),
  }
  if measured.kl_per_dimension is not None:
    figures["kl_per_dimension"] = lambda: plots.kl_per_dimension(
      measured.kl_per_dimension,
      ACTIVE_VARIANCE,
      variance=measured.mean_variance,
    )
  return figures


def _of_images(vae, x, given) -> dict[str, "Callable[[], Figure]"]:
  """Functions that draw the plots of images `[n, height, width, channels]`, by name."""
  levels: tuple[Any, ...] = (None,)
  names = None
  if isinstance(vae.condition, Labels):
    levels = vae.condition.levels
    names = [levels[code] for code in np.asarray(given)]
  figures = {
    "reconstructions": lambda: plots.reconstructions(
      vae, x, names=names, condition=given
    ),
    "samples": lambda: _samples(vae),
  }
  # The grid covers the mass of the standard normal, not that of other priors.
  if vae.latent_dim == 2 and vae.prior.family_name == "standard_normal":
    for code, level in enumerate(levels[:_MOST_MANIFOLDS]):
      name = "manifold" if level is None else f"manifold_{code}"
      figures[name] = functools.partial(_manifold, vae, level)
  return figures


def _of_table(vae, x, given) -> dict[str, "Callable[[], Figure]"]:
  """Functions that draw the plots of the rows of a table, by name."""
  schema = vae.schema
  samples = np.asarray(vae.sample(len(x), seed=0, draw=True, condition=given))
  options = {}
  if given is not None:
    options["title"] = "Marginals of the data and of samples given the same conditions"
  figures = {
    "marginals": lambda: plots.marginals(
      schema.decode(x), schema.decode(samples), **options
    ),
  }
  names = [column.name for column in schema.modelled]
  if len(names) > 1:
    figures["correlations"] = lambda: plots.correlations(x, samples, names)
  return figures


def _samples(vae):
  if not isinstance(vae.condition, Labels):
    return plots.samples(vae, num=_SAMPLES)
  levels = vae.condition.levels
  samples = [vae.sample(_SAMPLES_OF_CLASS, seed=0, condition=level) for level in levels]
  return plots.by_condition(np.stack(samples), levels)


def _manifold(vae, level):
  title = "Learned data manifold" + ("" if level is None else f", class {level}")
  return plots.manifold(vae, _MANIFOLD_SIDE, condition=level, title=title)
