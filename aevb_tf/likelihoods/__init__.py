"""Likelihoods p(x|z), parameterized by the decoder's output.

| name                   | targets               | parameters for each pixel and channel |
|------------------------|-----------------------|---------------------------------------|
| `bernoulli`            | [0, 1], grey allowed  | logit                                 |
| `continuous_bernoulli` | [0, 1]                | logit                                 |
| `beta`                 | (0, 1)                | logit of the mean, log-concentration  |
| `categorical`          | multiples of 1/255    | 256 logits                            |
| `discretized_logistic` | multiples of 1/255    | location and log-scale, or a mixture  |
| `gaussian`             | any finite number     | mean, and log-variance if per pixel   |
| `student_t`            | any finite number     | location and log-scale                |
| `laplace`              | any finite number     | location and log-scale                |
| `log_normal`           | positive numbers      | location and log-scale of log x       |
| `poisson`              | counts 0, 1, 2, ...   | log-rate                              |
| `negative_binomial`    | counts 0, 1, 2, ...   | log-mean, and log(theta) if per pixel |
| `multinomial`          | counts of a total     | logit                                 |
| `one_hot`              | groups of 0 and 1     | logit                                 |
| `category`             | codes 0, ..., K - 1   | K logits                              |
| `ordinal`              | levels 0, ..., K - 1  | location                              |
| `columns`              | rows of a table       | those of each column's likelihood     |
"""

from aevb_tf.likelihoods.base import Likelihood, LikelihoodLike, registry
from aevb_tf.likelihoods.bernoulli import Bernoulli
from aevb_tf.likelihoods.beta import Beta
from aevb_tf.likelihoods.bits import bits_per_dim
from aevb_tf.likelihoods.categorical import Categorical
from aevb_tf.likelihoods.category import Category
from aevb_tf.likelihoods.columns import Columns
from aevb_tf.likelihoods.continuous_bernoulli import ContinuousBernoulli
from aevb_tf.likelihoods.discretized_logistic import DiscretizedLogistic
from aevb_tf.likelihoods.gaussian import Gaussian
from aevb_tf.likelihoods.laplace import Laplace
from aevb_tf.likelihoods.log_normal import LogNormal
from aevb_tf.likelihoods.multinomial import Multinomial
from aevb_tf.likelihoods.negative_binomial import NegativeBinomial
from aevb_tf.likelihoods.one_hot import OneHot
from aevb_tf.likelihoods.ordinal import Ordinal
from aevb_tf.likelihoods.poisson import Poisson
from aevb_tf.likelihoods.student_t import StudentT

get = registry.get
name_of = registry.name_of
names = registry.names
register = registry.register

__all__ = [
  "Bernoulli",
  "Beta",
  "Categorical",
  "Category",
  "Columns",
  "ContinuousBernoulli",
  "DiscretizedLogistic",
  "Gaussian",
  "Laplace",
  "Likelihood",
  "LikelihoodLike",
  "LogNormal",
  "Multinomial",
  "NegativeBinomial",
  "OneHot",
  "Ordinal",
  "Poisson",
  "StudentT",
  "bits_per_dim",
  "get",
  "name_of",
  "names",
  "register",
]
