"""z ~ q(z; params) as z = g(eps, params), g differentiable (section 2.4).

    gamma = reparameterization.get("gamma")
    z = gamma.sample(concentration, rate, seed=1)  # differentiable in both
    q = gamma.distribution(concentration, rate)    # q.log_prob(z)

| family           | z = g(eps, params)            | members                    |
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

Draws are float32, unless a parameter is a float64 tensor. Where a small shape parameter
puts them past the ends of float32 (1e-38 and, so that gradients are finite, 1e27; just
below 1 for `beta` and `dirichlet`) they stay at the end, with a gradient of zero. In the
ranges of `Reparameterization.sound` these are fewer than one draw in a thousand; `sample`
warns outside them, and posteriors stay inside:

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
says so. `register` adds a member: a function, under a name, that returns a
`Reparameterization`.
"""

from aevb_tf.reparameterization import composition, inverse_cdf, location_scale
from aevb_tf.reparameterization.base import Reparameterization
from aevb_tf.reparameterization.registered import get, names, refused, register

__all__ = [
  "Reparameterization",
  "composition",
  "get",
  "inverse_cdf",
  "location_scale",
  "names",
  "refused",
  "register",
]
