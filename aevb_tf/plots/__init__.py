"""Plots of a trained model: functions that return a `matplotlib.figure.Figure`.

    figure = plots.samples(vae)
    plots.save(figure, "samples.png")

`samples`, `manifold` and `reconstructions` take a model, or arrays; `latents` and
`traversals` take a model, and the others arrays. No function opens a window or changes
the state of pyplot.
matplotlib is imported when the first plot is drawn, not with the package.
"""

from aevb_tf.plots.conditions import by_condition
from aevb_tf.plots.curves import learning_curves
from aevb_tf.plots.diagnosis import diagnosis
from aevb_tf.plots.files import save
from aevb_tf.plots.grids import tile
from aevb_tf.plots.kl_dimensions import active_units, kl_per_dimension
from aevb_tf.plots.latent_scatter import latent_scatter, latents
from aevb_tf.plots.manifold import manifold, manifold_grid
from aevb_tf.plots.reconstructions import reconstructions
from aevb_tf.plots.samples import samples
from aevb_tf.plots.scores import scores
from aevb_tf.plots.tables import correlations, marginals
from aevb_tf.plots.traversals import traversals

__all__ = [
  "active_units",
  "by_condition",
  "correlations",
  "diagnosis",
  "kl_per_dimension",
  "latent_scatter",
  "latents",
  "learning_curves",
  "manifold",
  "manifold_grid",
  "marginals",
  "reconstructions",
  "samples",
  "save",
  "scores",
  "tile",
  "traversals",
]

_MOVED = ("alternatives", "bound_curves", "gradient_variance", "mosaics")


def __getattr__(name: str) -> None:
  if name in _MOVED:
    raise AttributeError(
      f"aevb_tf.plots.{name} is not part of the package any more: the figures of the "
      "paper are drawn by experiments/plots of a checkout."
    )
  raise AttributeError(f"module 'aevb_tf.plots' has no attribute {name!r}")
