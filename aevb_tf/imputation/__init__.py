"""Imputation: values for what was not observed, from p(x_mis|x_obs).

| name                        | draws of z                          | exact                 |
|-----------------------------|-------------------------------------|-----------------------|
| `importance`                | q(z|x_obs), weighted                | with many samples     |
| `gibbs`                     | q(z|x), x completed by the last x   | if q(z|x) is exact    |
| `metropolis_within_gibbs`   | the same, accepted or rejected      | with many steps       |
"""

from aevb_tf.imputation.base import Imputed, Imputer, ImputerLike, get, name_of, names
from aevb_tf.imputation.base import register as register
from aevb_tf.imputation.gibbs import Gibbs, MetropolisWithinGibbs
from aevb_tf.imputation.importance import Importance
from aevb_tf.imputation.imputing import ImputationWarning, impute

__all__ = [
  "Gibbs",
  "Importance",
  "ImputationWarning",
  "Imputed",
  "Imputer",
  "ImputerLike",
  "MetropolisWithinGibbs",
  "get",
  "impute",
  "name_of",
  "names",
  "register",
]
