"""The bound, the KL and the active latents of a trained model on a split of the data.

A latent is active if its posterior mean depends on x: `Var_x(E_q[z_j|x]) > 0.01`.

References:
  Burda, Grosse, Salakhutdinov. Importance weighted autoencoders. arXiv:1509.00519.
"""

from typing import NamedTuple

import numpy as np

from aevb_tf.data import Loaded
from aevb_tf.models import VAE
from aevb_tf.tasks.diagnosis import ACTIVE_VARIANCE
from aevb_tf.training import build, conditions


class Measurements(NamedTuple):
  """Measurements of a model on a whole split.

  Attributes:
    values: `elbo`, `kl`, `log_likelihood` (nats per example) and `loss`.
    kl_per_dimension: Mean over the data, nats, float64 `[latent_dim]`; None if the KL
      is not a sum over latents.
    means: Posterior means, or other point estimates if they have no closed form,
      float32 `[n, latent_dim]`.
    labels: int32 `[n]`, -1 for examples without a label.
  """

  values: dict[str, float]
  kl_per_dimension: np.ndarray | None
  means: np.ndarray
  labels: np.ndarray

  @property
  def num_examples(self) -> int:
    """The number of examples."""
    return len(self.labels)

  @property
  def mean_variance(self) -> np.ndarray:
    """Var_x(E_q[z_j|x]), float64 `[latent_dim]`."""
    return np.var(self.means, axis=0, dtype=np.float64)

  @property
  def active_units(self) -> int:
    """The number of active latents."""
    return int(np.sum(self.mean_variance > ACTIVE_VARIANCE))

  def report(self) -> dict:
    """Everything except the arrays over the examples, as values for JSON."""
    report = {
      "num_examples": self.num_examples,
      **self.values,
      "latent_dim": self.means.shape[1],
      "active_units": self.active_units,
    }
    if self.kl_per_dimension is not None:
      kls = [round(float(kl), 6) for kl in self.kl_per_dimension]
      report["kl_per_dimension"] = kls
    return report


def measure(vae: VAE, source: Loaded) -> Measurements:
  """Evaluates a model on a whole data set.

  Args:
    vae: The model.
    source: Data, as `aevb_tf.data.load` returns them.

  Returns:
    `Measurements`.
  """
  build.go_to_epoch(source, 0)
  values = vae.evaluate(source, return_dict=True, verbose=0)
  kls, means, labels = [], [], []
  build.go_to_epoch(source, 0)  # the same stochastic binarization as in `evaluate`
  for x, y in source:
    with vae.given_y(y):
      if vae.has_kl_per_dimension:
        kls.append(np.asarray(vae.kl_per_dimension(x), np.float64))
      means.append(np.asarray(vae.posterior_family.point_estimate(vae.encode(x))))
    labels.append(conditions.as_labels(y))
  return Measurements(
    {key: round(float(value), 6) for key, value in values.items()},
    np.concatenate(kls).mean(axis=0) if kls else None,
    np.concatenate(means),
    np.concatenate(labels),
  )
