"""Posteriors q(z|x), parameterized by the encoder's output.

| name            | latents  | parameters, for J latents                              |
|-----------------|----------|--------------------------------------------------------|
| `gaussian`      | real     | 2 J: means, then log-variances                         |
| `full_gaussian` | real     | 2 J + J (J - 1) / 2: those, then S below its diagonal  |
| `elliptical`    | real     | as `full_gaussian`, with the tails of a Student's t    |
| `iaf`,          | real     | 2 J + `context_size`; the flow also has weights of     |
| `real_nvp`      |          | its own                                                |
| `laplace`, ...  | real     | the family's parameters, J of each: `laplace`,         |
|                 |          | `logistic`, `student_t`, `gumbel`                      |
| `gamma`, ...    | positive | as above: `log_normal`, `gamma`, `exponential`,        |
|                 |          | `weibull`, `rayleigh`, `gompertz`, `chi2`, `f`         |
"""

from aevb_tf.posteriors.base import Posterior, PosteriorLike, registry
from aevb_tf.posteriors.flow import InverseAutoregressiveFlow, RealNVP
from aevb_tf.posteriors.full_covariance import Elliptical, FullGaussian
from aevb_tf.posteriors.gaussian import Gaussian
from aevb_tf.posteriors.independent import Independent

get = registry.get
names = registry.names
register = registry.register

__all__ = [
  "Elliptical",
  "FullGaussian",
  "Gaussian",
  "Independent",
  "InverseAutoregressiveFlow",
  "Posterior",
  "PosteriorLike",
  "RealNVP",
  "get",
  "names",
  "register",
]
