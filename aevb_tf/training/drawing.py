"""Draws the plots of a finished run.

Plots of examples (reconstructions, samples, the manifold) need images, `[height, width,
channels]`, and plots of columns (marginals, correlations) need a table. The other plots
are drawn for all data. A plot that fails is reported on stderr, and does not stop the
run.
"""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from aevb_tf import plots
from aevb_tf.models import VAE
from aevb_tf.training.measure import ACTIVE_VARIANCE, Measurements
from aevb_tf.training.run_folder import RunFolder

if TYPE_CHECKING:
  from matplotlib.figure import Figure

RECONSTRUCTIONS = 40
ROWS = 2000
_SAMPLES = 100
_MANIFOLD_SIDE = 20


def draw(
  vae: VAE, folder: RunFolder, examples: np.ndarray, measured: Measurements
) -> None:
  """Draws all plots of a model into `plots/`.

  Args:
    vae: The model.
    folder: The run's folder.
    examples: Examples to reconstruct, or rows of a table to compare with samples, `[n,
      *event_shape]`.
    measured: The measurements on the test split.
  """
  figures = _of_latents(folder, measured)
  if examples.ndim == 4:
    figures |= _of_images(vae, examples)
  elif vae.schema is not None:
    figures |= _of_table(vae, examples)
  for name, figure in figures.items():
    path = folder.plots / f"{name}.png"
    try:
      plots.save(figure(), path)
    except Exception as error:  # a failed plot must not lose the numbers of a run
      why = " ".join(str(error).split())
      print(f"{path} is not drawn: {type(error).__name__}: {why}", file=sys.stderr)


def _of_latents(folder, measured) -> dict[str, "Callable[[], Figure]"]:
  """Functions that draw the plots for any data, by name."""
  figures = {
    "latent_scatter": lambda: plots.latent_scatter(measured.means, measured.labels),
    "learning_curves": lambda: plots.learning_curves(folder.history()),
  }
  if measured.kl_per_dimension is not None:
    figures["kl_per_dimension"] = lambda: plots.kl_per_dimension(
      measured.kl_per_dimension,
      ACTIVE_VARIANCE,
      variance=measured.mean_variance,
    )
  return figures


def _of_images(vae, x) -> dict[str, "Callable[[], Figure]"]:
  """Functions that draw the plots of images `[n, height, width, channels]`, by name."""
  figures = {
    "reconstructions": lambda: plots.reconstructions(x, np.asarray(vae.reconstruct(x))),
    "samples": lambda: plots.samples(np.asarray(vae.sample(_SAMPLES, seed=0))),
  }
  # The grid covers the mass of the standard normal, not that of other priors.
  if vae.latent_dim == 2 and vae.prior.family_name == "standard_normal":
    figures["manifold"] = lambda: _manifold(vae)
  return figures


def _of_table(vae, x) -> dict[str, "Callable[[], Figure]"]:
  """Functions that draw the plots of the rows of a table, by name."""
  schema = vae.schema
  samples = np.asarray(vae.sample(len(x), seed=0, draw=True))
  figures = {
    "marginals": lambda: plots.marginals(schema.decode(x), schema.decode(samples)),
  }
  names = [column.name for column in schema.modelled]
  if len(names) > 1:
    figures["correlations"] = lambda: plots.correlations(x, samples, names)
  return figures


def _manifold(vae):
  images = vae.decode(plots.manifold_grid(_MANIFOLD_SIDE)).mean()
  return plots.manifold(np.asarray(images), _MANIFOLD_SIDE)
