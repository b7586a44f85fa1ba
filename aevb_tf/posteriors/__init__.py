"""q(z|x): what the encoder's output means.

| name       | latents | parameters, for J latents                      |
|------------|---------|------------------------------------------------|
| `gaussian` | real    | 2 J: means, then log-variances                 |
"""

from aevb_tf.posteriors.base import Posterior
from aevb_tf.posteriors.gaussian import Gaussian
from aevb_tf.posteriors.registered import get, names, register

__all__ = ["Gaussian", "Posterior", "get", "names", "register"]
