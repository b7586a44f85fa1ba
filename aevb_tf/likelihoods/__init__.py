"""Likelihoods p(x|z), parameterized by the decoder's output.

| name                   | targets               | parameters for each pixel and channel |
|------------------------|-----------------------|---------------------------------------|
| `bernoulli`            | [0, 1], grey allowed  | logit                                 |
| `continuous_bernoulli` | [0, 1]                | logit                                 |
| `gaussian`             | any finite number     | mean, and log-variance if per pixel   |
| `categorical`          | multiples of 1/255    | 256 logits                            |
"""

from aevb_tf.likelihoods.base import Likelihood, LikelihoodLike, registry
from aevb_tf.likelihoods.bernoulli import Bernoulli
from aevb_tf.likelihoods.categorical import Categorical
from aevb_tf.likelihoods.continuous_bernoulli import ContinuousBernoulli
from aevb_tf.likelihoods.gaussian import Gaussian

get = registry.get
name_of = registry.name_of
names = registry.names
register = registry.register

__all__ = [
  "Bernoulli",
  "Categorical",
  "ContinuousBernoulli",
  "Gaussian",
  "Likelihood",
  "LikelihoodLike",
  "get",
  "name_of",
  "names",
  "register",
]
