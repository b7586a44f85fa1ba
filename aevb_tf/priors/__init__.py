"""p(z): where latents come from before any datum is seen.

| name              | latents | learned  |
|-------------------|---------|----------|
| `standard_normal` | real    | nothing  |
"""

from aevb_tf.priors.base import Prior
from aevb_tf.priors.registered import get, names, register
from aevb_tf.priors.standard_normal import StandardNormal

__all__ = ["Prior", "StandardNormal", "get", "names", "register"]
