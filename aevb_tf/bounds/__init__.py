"""Lower bounds on log p(x), and their estimators.

`Terms` holds the log-densities at samples of z. Every bound is a pure function of
`Terms` that returns a tensor: its value is the bound, and its gradient is the estimator
of the bound's gradient.

| name                  | bound                                     | source         |
|-----------------------|-------------------------------------------|----------------|
| `sgvb`                | SGVB, estimator A or B, L samples;        | eq. 6, 7       |
|                       | optionally with a KL weight or free bits  |                |
| `score_function`      | the ELBO with the score function gradient | section 2.2    |
| `importance_weighted` | IWAE, MIWAE with L > 1; with standard or  | Burda 2015,    |
|                       | doubly reparameterized gradient           | Tucker 2019    |
| `ciwae`, `piwae`      | IWAE combined with the ELBO (weight       | Rainforth 2018 |
|                       | `beta`), and with MIWAE                   |                |
"""

from aevb_tf.bounds.base import Bound, BoundLike, registry, with_gradient_of
from aevb_tf.bounds.importance import (
  CIWAE,
  PIWAE,
  ImportanceWeighted,
  importance_weighted,
)
from aevb_tf.bounds.kl_weight import WarmUp
from aevb_tf.bounds.minibatch import log_parameter_prior, minibatch_bound
from aevb_tf.bounds.score_function import ScoreFunction
from aevb_tf.bounds.sgvb import SGVB, sgvb_a, sgvb_b
from aevb_tf.bounds.terms import Terms, evaluate_terms, has_analytic_kl, log_joint

get = registry.get
names = registry.names
register = registry.register

__all__ = [
  "CIWAE",
  "PIWAE",
  "SGVB",
  "Bound",
  "BoundLike",
  "ImportanceWeighted",
  "ScoreFunction",
  "Terms",
  "WarmUp",
  "evaluate_terms",
  "get",
  "has_analytic_kl",
  "importance_weighted",
  "log_joint",
  "log_parameter_prior",
  "minibatch_bound",
  "names",
  "register",
  "sgvb_a",
  "sgvb_b",
  "with_gradient_of",
]
