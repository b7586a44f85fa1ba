"""Bits per dimension, the unit in which models of images are compared.

bits per dimension = -log p(x) / (log 2 * number of values of x)
"""

import math
from typing import TypeVar

import numpy as np
import tensorflow as tf

Number = TypeVar("Number", float, np.ndarray, tf.Tensor)


def bits_per_dim(log_likelihood: Number, event_shape: tuple[int, ...]) -> Number:
  """Converts a log-likelihood, or a bound on it, to bits per dimension.

  The values are comparable with published ones if p(x) is a probability of 8-bit levels,
  as those of `categorical` and `discretized_logistic` are. If it is a density of
  x = level / 255, add log2(255) = 7.994 to the result.

  Args:
    log_likelihood: log p(x) or an ELBO in nats, a number, array or tensor.
    event_shape: Shape of one example.

  Returns:
    Bits per dimension, of the type and the shape of `log_likelihood`.
  """
  return log_likelihood / (-math.log(2.0) * math.prod(event_shape))
