"""The pictures of a finished run."""

import numpy as np

from aevb_tf import plots
from aevb_tf.models import VAE
from aevb_tf.training.measure import ACTIVE_VARIANCE, Measurements
from aevb_tf.training.run_folder import RunFolder

_RECONSTRUCTIONS = 40
_SAMPLES = 100
_MANIFOLD_SIDE = 20


def draw(
  vae: VAE, folder: RunFolder, examples: np.ndarray, measured: Measurements
) -> None:
  """Draws everything that can be drawn of a model into `plots/`.

  Args:
    vae: The model.
    folder: The run's folder.
    examples: Data to reconstruct, `[n, height, width, channels]`.
    measured: What was measured on the test split.
  """
  x = examples[:_RECONSTRUCTIONS]
  figures = {
    "reconstructions": plots.reconstructions(x, np.asarray(vae.reconstruct(x))),
    "samples": plots.samples(np.asarray(vae.sample(_SAMPLES, seed=0))),
    "latent_scatter": plots.latent_scatter(measured.means, measured.labels),
    "learning_curves": plots.learning_curves(folder.history()),
  }
  if measured.kl_per_dimension is not None:
    figures["kl_per_dimension"] = plots.kl_per_dimension(
      measured.kl_per_dimension,
      ACTIVE_VARIANCE,
      variance=measured.mean_variance,
    )
  # The grid covers the standard normal's mass: other priors have theirs elsewhere.
  if vae.latent_dim == 2 and vae.prior.family_name == "standard_normal":
    images = vae.decode(plots.manifold_grid(_MANIFOLD_SIDE)).mean()
    figures["manifold"] = plots.manifold(np.asarray(images), _MANIFOLD_SIDE)
  for name, figure in figures.items():
    plots.save(figure, folder.plots / f"{name}.png")
