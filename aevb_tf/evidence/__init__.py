"""Estimators of the evidence log p(x) of a trained model, nats per example, `[batch]`.

| name                | estimate                                        | source        |
|---------------------|-------------------------------------------------|---------------|
| `importance`        | K weighted samples of q(z|x), as in the IWAE    | Burda et al.  |
| `annealed`          | AIS from p(z) or q(z|x) with HMC transitions    | Neal          |
| `posterior_density` | a density fitted to posterior samples           | paper, App. D |

Which method to use:

* `importance` is the fastest. It is below log p(x) in expectation, and as accurate as
  the encoder. If the encoder overfits, its samples miss the posterior of new examples:
  the estimate is then far too low, and more samples hardly raise it.
* `annealed` is also below log p(x) in expectation; more temperatures bring it closer.
  With `start="prior"`, the default, it does not use the encoder: use it where
  `importance` warns. `bidirectional` bounds log p(x) of data drawn from the model from
  both sides, and so measures the error of `annealed`.
* `posterior_density` is for few latents. It is above log p(x) in expectation if its
  samples are exact samples of the posterior. Chains that miss part of the posterior
  make it too low, a bad fit makes it too high (`posterior_density.py`).

An `Estimate` has a Monte Carlo error, an effective sample size and a Pareto k-hat for
each example, and the spread over examples. Where they show that the estimates are not
reliable, `Estimate.warning` says why and what to do next. It is also issued as an
`EvidenceWarning`:

    estimate = aevb.evidence.estimate(vae, x, "importance", num_samples=5000, seed=0)
    estimate.mean, estimate.standard_error, estimate.mean_monte_carlo_error
    aevb.evidence.estimate(vae, x, {"name": "annealed", "num_temperatures": 500})
    vae.log_marginal(x, method="importance", num_samples=5000, seed=0)
"""

import warnings

from aevb_tf.evidence.annealed import Annealed
from aevb_tf.evidence.bidirectional import Bracket, bidirectional
from aevb_tf.evidence.estimation import estimate
from aevb_tf.evidence.importance import Importance
from aevb_tf.evidence.posterior_density import PosteriorDensity
from aevb_tf.evidence.registered import (
  Estimator,
  EstimatorLike,
  get,
  name_of,
  names,
  register,
)
from aevb_tf.evidence.results import Estimate, PerExample
from aevb_tf.evidence.trust import EvidenceWarning

__all__ = [
  "Annealed",
  "Bracket",
  "Estimate",
  "Estimator",
  "EstimatorLike",
  "EvidenceWarning",
  "Importance",
  "PerExample",
  "PosteriorDensity",
  "bidirectional",
  "estimate",
  "get",
  "name_of",
  "names",
  "register",
]


def __getattr__(name: str) -> type:
  if name == "PerDatum":
    message = "aevb_tf.evidence.PerDatum is now called PerExample."
    warnings.warn(message, DeprecationWarning, stacklevel=2)
    return PerExample
  raise AttributeError(f"module 'aevb_tf.evidence' has no attribute {name!r}")
