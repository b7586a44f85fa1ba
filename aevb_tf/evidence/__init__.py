"""The evidence log p(x) of a trained model, in nats per datum, `[batch]`.

| name                | estimate                                        | source        |
|---------------------|-------------------------------------------------|---------------|
| `importance`        | K samples of q(z|x), weighted (the IWAE's)      | Burda et al.  |
| `annealed`          | AIS from p(z) or q(z|x) with HMC transitions    | Neal          |
| `posterior_density` | a density fitted to posterior samples           | paper, App. D |

`importance` and `annealed` are below log p(x) in expectation, `posterior_density` is a
little above it. `bidirectional` sandwiches log p(x) on data of the model's own, and so
tells how far `annealed` is off.

    vae.log_marginal(x, method="importance", num_samples=5000, seed=0)
    aevb.evidence.estimate(vae, x, {"name": "annealed", "num_temperatures": 500})
"""

from aevb_tf.evidence.annealed import Annealed
from aevb_tf.evidence.bidirectional import Bracket, bidirectional
from aevb_tf.evidence.estimation import estimate
from aevb_tf.evidence.importance import Importance
from aevb_tf.evidence.posterior_density import PosteriorDensity
from aevb_tf.evidence.registered import get, name_of, names, register
from aevb_tf.evidence.results import Estimate, PerDatum

__all__ = [
  "Annealed",
  "Bracket",
  "Estimate",
  "Importance",
  "PerDatum",
  "PosteriorDensity",
  "bidirectional",
  "estimate",
  "get",
  "name_of",
  "names",
  "register",
]
