"""Posterior collapse: latents that carry no information, by the test examples.

A latent is active if its posterior mean depends on x: `Var_x(E_q[z_j|x]) > 0.01`.

References:
  Burda, Grosse, Salakhutdinov. Importance weighted autoencoders. arXiv:1509.00519.
"""

import numpy as np

from aevb_tf.tasks.diagnosis.context import Context
from aevb_tf.tasks.diagnosis.report import Finding

ACTIVE_VARIANCE = 0.01
# The share of active latents at which there is a warning: a few unused ones are normal.
_FEW = 0.5
_MOST_NAMED = 10
_ADVICE = (
  "If log p(x|z) is too low, scale the data, warm up the KL (kl_weight), or use free "
  "bits; otherwise a smaller latent_dim is enough."
)


def collapse(context: Context) -> list[Finding]:
  """The number of active latents; adds `mean_variance` and `kl_per_latent`."""
  vae = context.vae

  def means(x, rows):
    return vae.posterior_family.point_estimate(vae.encode(x))

  variance = np.var(context.over(context.test, means), axis=0, dtype=np.float64)
  context.arrays["mean_variance"] = variance
  detail = []
  if vae.has_kl_per_dimension:
    kl = context.over(context.test, lambda x, rows: vae.kl_per_dimension(x))
    kl = kl.mean(axis=0, dtype=np.float64)
    context.arrays["kl_per_latent"] = kl
    detail.append(f"The KL of a latent is {kl.min():.2f} to {kl.max():.2f} nats.")
  is_active = variance > ACTIVE_VARIANCE
  inactive = np.flatnonzero(~is_active)
  if len(inactive):
    more = ", ..." if len(inactive) > _MOST_NAMED else ""
    names = ", ".join(map(str, inactive[:_MOST_NAMED]))
    detail.append(f"Without information, counted from 0: {names}{more}.")
  warns = is_active.sum() <= _FEW * len(is_active)
  return [
    Finding(
      "collapse",
      "active latents",
      int(is_active.sum()),
      f"of {len(is_active)}",
      None,
      "warn" if warns else "ok",
      " ".join(detail),
      _ADVICE if warns else "",
    )
  ]
