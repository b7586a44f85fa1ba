"""Distributions with z = g(eps, params), g differentiable (section 2.4).

    gamma = distributions.get("gamma")
    z = gamma.sample(concentration, rate, seed=1)   # differentiable in both
    gamma.log_prob(z, concentration, rate)
    q = gamma.distribution(concentration, rate)     # in TensorFlow Probability

| approach         | z = g(eps, params)            | members                    |
|------------------|-------------------------------|----------------------------|
| `inverse_cdf`    | F^-1(u; params), u ~ U(0, 1)  | exponential, cauchy,       |
|                  |                               | logistic, rayleigh,        |
|                  |                               | pareto, weibull,           |
|                  |                               | reciprocal, gompertz,      |
|                  |                               | gumbel, erlang             |
| `location_scale` | location + scale * eps        | laplace, elliptical,       |
|                  |                               | student_t, logistic,       |
|                  |                               | uniform, triangular,       |
|                  |                               | normal: the Gaussian       |
| `composition`    | functions of several of these | log_normal, gamma,         |
|                  |                               | dirichlet, beta, chi2, f   |

Samples are float32, unless a parameter is a float64 tensor. Where a small shape parameter
would put them outside the range of float32 (1e-38 and, so that gradients are finite,
1e27; just below 1 for `beta` and `dirichlet`) they are clipped to its end, with a gradient
of zero. In the ranges of `Distribution.sound` this happens to fewer than one sample in a
thousand; `sample` warns outside them, and posteriors stay inside:

| member                                        | range                                 |
|-----------------------------------------------|---------------------------------------|
| `gamma`, `weibull`, `dirichlet`               | concentration >= 0.1                  |
| `beta`                                        | concentration1 >= 0.1,                |
|                                               | concentration0 >= 0.5                 |
| `pareto`                                      | concentration >= 0.125                |
| `chi2`; `f`                                   | df >= 0.2; df1 and df2 >= 0.25        |
| `student_t`                                   | df >= 0.125                           |
| `log_normal`                                  | loc from -20 to 20, scale <= 12       |

Parameters have TFP's names and order. A discrete distribution has no such g, and `get`
says so. `register` adds a subclass of `Distribution` under a name.
"""

from aevb_tf.distributions import (
  composition,  # noqa: F401
  f_distribution,  # noqa: F401
  gompertz,  # noqa: F401
  inverse_cdf,  # noqa: F401
  location_scale,  # noqa: F401
  rayleigh,  # noqa: F401
  reciprocal,  # noqa: F401
)
from aevb_tf.distributions.base import Distribution
from aevb_tf.distributions.closed_form import ClosedForm
from aevb_tf.distributions.registered import (
  DistributionLike,
  get,
  names,
  refused,
  register,
)

__all__ = [
  "ClosedForm",
  "Distribution",
  "DistributionLike",
  "get",
  "names",
  "refused",
  "register",
]
