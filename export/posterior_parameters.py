"""The answer of `encode`: the parameters of q(z|x) under their own names.

A diagonal Gaussian has a `mean` and a `stddev`; every other posterior has the parameters
of its density and `z`, the point estimate that `reconstruct` decodes. For a Gaussian that
is the mean. A posterior has them as `Posterior.named_parameters`;
`parameters.register(MyPosterior)` replaces them for one class.
"""

import functools
from typing import Any

import tensorflow as tf


@functools.singledispatch
def parameters(posterior: Any, q: Any) -> dict[str, tf.Tensor]:
  """The parameters of q(z|x).

  Args:
    posterior: The model's `Posterior`.
    q: What its `distribution` gave, batch shape `[batch]`.

  Returns:
    Name to float32 `[batch, ...]`.
  """
  return posterior.named_parameters(q)
