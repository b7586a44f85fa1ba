"""Models: the variational auto-encoder, and the methods that the paper compares it with.

| name           | learns                                               | source    |
|----------------|------------------------------------------------------|-----------|
| `VAE`          | theta and phi, by any bound on log p(x)              | section 3 |
| `WakeSleep`    | theta on data, phi on samples of the model           | section 5 |
| `MonteCarloEM` | only theta, with samples of the posterior by HMC     | App. E    |
| `FullVB`       | a posterior over theta, and phi, by any bound        | App. F    |

`SemiSupervisedVAE` learns from labels of some of the examples (Kingma et al., 2014).
"""

from aevb_tf.loops.monitor import NonFiniteError
from aevb_tf.models.full_vb import FullVB
from aevb_tf.models.monte_carlo_em import MonteCarloEM
from aevb_tf.models.semi_supervised import SemiSupervisedVAE
from aevb_tf.models.vae import VAE
from aevb_tf.models.wake_sleep import WakeSleep

__all__ = [
  "VAE",
  "FullVB",
  "MonteCarloEM",
  "NonFiniteError",
  "SemiSupervisedVAE",
  "WakeSleep",
]
