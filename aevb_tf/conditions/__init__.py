"""Conditions: what is known of an example besides x, and what the networks see of it.

A model with a condition c is p(x|z, c), q(z|x, c), and p(z), or p(z|c) with the prior
`"conditional"`:

    vae = aevb_tf.VAE(encoder, decoder, condition=10)   # labels 0, ..., 9
    vae.fit(x, labels)
    vae.sample(16, condition=7)

| condition                               | c of an example             | networks see       |
|-----------------------------------------|-----------------------------|--------------------|
| `10`, or `{"name": "labels", ...}`      | a class, or its name        | a one-hot vector   |
| `(5,)`, or `{"name": "array", ...}`     | a vector, an image, ...     | the array itself   |
| a `Schema`, or `{"name": "columns", ...}` | a row of these columns    | the row's features |

Networks get `(x, c)` and `(z, c)`, as one argument. Those of this package append c to x
or z: perceptrons as more inputs, convolutions as more channels, which are constant over
an image unless c is an image of the same size.

References:
  Sohn, Yan, Lee. Learning structured output representation using deep conditional
    generative models. NeurIPS 2015.
"""

from aevb_tf.conditions.array import Array
from aevb_tf.conditions.base import Condition, ConditionLike, get
from aevb_tf.conditions.base import registry as _registry
from aevb_tf.conditions.columns import Columns
from aevb_tf.conditions.context import current, given, of_examples
from aevb_tf.conditions.labels import Labels

names = _registry.names
register = _registry.register

__all__ = [
  "Array",
  "Columns",
  "Condition",
  "ConditionLike",
  "Labels",
  "current",
  "get",
  "given",
  "names",
  "of_examples",
  "register",
]
