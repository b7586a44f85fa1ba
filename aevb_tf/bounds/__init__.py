"""Lower bounds on log p(x), and their estimators.

`Terms` holds the log-densities at samples of z; every bound is a pure function of it.

| name   | bound                                               | paper    |
|--------|-----------------------------------------------------|----------|
| `sgvb` | SGVB, estimator A or B, L samples                   | eq. 6, 7 |
"""

from aevb_tf.bounds.minibatch import log_parameter_prior, minibatch_bound
from aevb_tf.bounds.registered import get, names, register
from aevb_tf.bounds.sgvb import SGVB, sgvb_a, sgvb_b
from aevb_tf.bounds.terms import Terms, evaluate_terms, has_analytic_kl

__all__ = [
  "SGVB",
  "Terms",
  "evaluate_terms",
  "get",
  "has_analytic_kl",
  "log_parameter_prior",
  "minibatch_bound",
  "names",
  "register",
  "sgvb_a",
  "sgvb_b",
]
