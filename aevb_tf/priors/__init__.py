"""p(z): where latents come from before any example is seen.

| name              | latents         | learned                                  |
|-------------------|-----------------|------------------------------------------|
| `standard_normal` | real            | nothing                                  |
| `mixture`         | real            | weights, means, log-variances            |
| `maf`             | real            | a masked autoregressive flow             |
| `conditional`     | real            | a Gaussian that depends on a condition c |
| `vamp`            | the posterior's | pseudo-inputs, encoded by the encoder    |
| `gamma`           | positive        | nothing                                  |
| `exponential`     | positive        | nothing                                  |
"""

from aevb_tf.priors.base import Prior, PriorLike, registry
from aevb_tf.priors.conditional import ConditionalGaussian
from aevb_tf.priors.flow import MaskedAutoregressiveFlow
from aevb_tf.priors.mixture import Mixture
from aevb_tf.priors.positive import Exponential, Gamma
from aevb_tf.priors.standard_normal import StandardNormal
from aevb_tf.priors.vamp import VampPrior

get = registry.get
names = registry.names
register = registry.register

__all__ = [
  "ConditionalGaussian",
  "Exponential",
  "Gamma",
  "MaskedAutoregressiveFlow",
  "Mixture",
  "Prior",
  "PriorLike",
  "StandardNormal",
  "VampPrior",
  "get",
  "names",
  "register",
]
