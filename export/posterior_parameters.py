"""The output of the signature `encode`: the parameters of q(z|x), by name.

A diagonal Gaussian has a `mean` and a `stddev`; every other posterior has the parameters
of its density and `z`, the point estimate that `reconstruct` decodes. For a Gaussian that
is the mean. A posterior has them as `Posterior.named_parameters`;
`parameters.register(MyPosterior)` replaces them for one class.
"""

import functools

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf.posteriors import Posterior


@functools.singledispatch
def parameters(posterior: Posterior, q: tfd.Distribution) -> dict[str, tf.Tensor]:
  """The parameters of q(z|x).

  Args:
    posterior: The model's `Posterior`.
    q: What its `distribution` gave, batch shape `[batch]`.

  Returns:
    Name to float32 `[batch, ...]`.
  """
  return posterior.named_parameters(q)
