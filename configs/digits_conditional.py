"""The demo with a condition: p(x|z, c) of digits x of a wanted class c.

    aevb-train --config=digits_conditional --workdir=runs/digits_conditional

Expect: test elbo -112.4 +- 0.4 nats (measured: -112.0, -112.7 and -112.5 with seeds 0, 1
and 2), a bound on log p(x|c). The bound on log p(x) of the config `digits`, which has the
same networks and epochs, is -117.0.

`plots/samples.png` has a row for each class, with the same z in all rows.
"""

import ml_collections

from aevb_tf.configs import digits


def get_config() -> ml_collections.ConfigDict:
  """Returns the settings of the conditional demo."""
  config = digits.get_config()
  config.name = "digits_conditional"
  config.condition = "labels"
  return config
