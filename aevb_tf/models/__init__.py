"""Models to train: the variational auto-encoder, and what the paper compares it with.

| name           | learns                                               | source    |
|----------------|------------------------------------------------------|-----------|
| `VAE`          | theta and phi, by any bound on log p(x)              | section 3 |
| `WakeSleep`    | theta awake on data, phi asleep on dreams            | section 5 |
| `MonteCarloEM` | theta alone, with z from its true posterior by HMC   | App. E    |
| `FullVB`       | a posterior over theta, and phi, by any bound         | App. F    |
"""

from aevb_tf.loops.monitor import NonFiniteError
from aevb_tf.models.full_vb import FullVB
from aevb_tf.models.monte_carlo_em import MonteCarloEM
from aevb_tf.models.vae import VAE
from aevb_tf.models.wake_sleep import WakeSleep

__all__ = ["VAE", "FullVB", "MonteCarloEM", "NonFiniteError", "WakeSleep"]
