"""The evidence log p(x) of a trained model, in nats per example, `[batch]`.

| name                | estimate                                        | source        |
|---------------------|-------------------------------------------------|---------------|
| `importance`        | K samples of q(z|x), weighted (the IWAE's)      | Burda et al.  |
| `annealed`          | AIS from p(z) or q(z|x) with HMC transitions    | Neal          |
| `posterior_density` | a density fitted to posterior samples           | paper, App. D |

Which to take, and what to expect of it:

* `importance` is the fastest, below log p(x) in expectation, and as good as the encoder.
  Of an encoder that overfits, on data that it was not trained on, samples miss the
  posterior: the estimate is then far too low, and more samples hardly raise it.
* `annealed` is below log p(x) in expectation too, by less the more temperatures, and
  from `start="prior"`, its default, asks nothing of the encoder: take it where
  `importance` warns. `bidirectional` sandwiches log p(x) on data of the model's own, and
  so tells how far it is off.
* `posterior_density` is for few latents. Above log p(x) in expectation if its samples
  are exactly the posterior's; chains that miss part of the posterior make it too low, a
  bad fit too high (`posterior_density.py`).

An `Estimate` has a Monte Carlo error, an effective sample size and a Pareto k-hat for
each example, beside the spread over examples. Where they say that the estimates are not
to be trusted, `Estimate.warning` says why and what to do next; it is issued as an
`EvidenceWarning` too:

    estimate = aevb.evidence.estimate(vae, x, "importance", num_samples=5000, seed=0)
    estimate.mean, estimate.standard_error, estimate.mean_monte_carlo_error
    aevb.evidence.estimate(vae, x, {"name": "annealed", "num_temperatures": 500})
    vae.log_marginal(x, method="importance", num_samples=5000, seed=0)
"""

from aevb_tf.evidence.annealed import Annealed
from aevb_tf.evidence.bidirectional import Bracket, bidirectional
from aevb_tf.evidence.estimation import estimate
from aevb_tf.evidence.importance import Importance
from aevb_tf.evidence.posterior_density import PosteriorDensity
from aevb_tf.evidence.registered import get, name_of, names, register
from aevb_tf.evidence.results import Estimate, PerExample
from aevb_tf.evidence.trust import EvidenceWarning

__all__ = [
  "Annealed",
  "Bracket",
  "Estimate",
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
