"""Scores: how strange an example is to a model; higher is stranger.

| name                | what is strange                                  | fails for               |
|---------------------|--------------------------------------------------|-------------------------|
| `nearest_features`  | features in another direction than normal ones   | tables                  |
| `nearest`           | latents far from those of normal examples        | what is not encoded     |
| `mahalanobis`       | the same, by mean and covariance                 | clusters                |
| `reconstruction`    | a large squared error                            | simple examples         |
| `elbo`              | a low bound                                      | simple examples         |
| `log_marginal`      | a low log p(x)                                   | simple examples         |
| `typicality`        | a bound far from the usual one                   | accidental agreement    |
| `likelihood_regret` | a q(z|x) far from the best one                   | a poor encoder          |
| `likelihood_ratio`  | a bound below that of a background model         | a poor background       |
"""

from aevb_tf.tasks.scores.base import Score, ScoreLike, get, name_of, register
from aevb_tf.tasks.scores.base import registry as _registry
from aevb_tf.tasks.scores.bounds import (
  Elbo,
  LikelihoodRatio,
  LikelihoodRegret,
  LogMarginal,
  Typicality,
)
from aevb_tf.tasks.scores.latents import (
  Mahalanobis,
  Nearest,
  NearestFeatures,
  default_for,
)
from aevb_tf.tasks.scores.reconstruction import Reconstruction

names = _registry.names

__all__ = [
  "Elbo",
  "LikelihoodRatio",
  "LikelihoodRegret",
  "LogMarginal",
  "Mahalanobis",
  "Nearest",
  "NearestFeatures",
  "Reconstruction",
  "Score",
  "ScoreLike",
  "Typicality",
  "default_for",
  "get",
  "name_of",
  "names",
  "register",
]
