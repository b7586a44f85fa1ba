"""The bound of the whole data set from a minibatch (eq. 8), and MAP.

    L(theta, phi; X) ~ (N/M) sum_{i=1..M} L~(theta, phi; x_i)

MAP adds the log-density of the parameters under their prior, N(0, s^2), which is the
paper's weight decay. It is added once for the data set, not once for each minibatch.
Only this module uses N and M.
"""

from collections.abc import Iterable

import tensorflow as tf

from aevb_tf.normal import Normal


def minibatch_bound(
  bound: tf.Tensor,
  dataset_size: int | None = None,
  weights: tf.Tensor | None = None,
  batch_size: tf.Tensor | None = None,
) -> tf.Tensor:
  """Eq. 8: the bounds of a minibatch, scaled to the data set.

  Args:
    bound: Bound of each example, nats, `[batch]`.
    dataset_size: N. None gives the mean per example, which is N = 1.
    weights: Weight of each example, float `[batch]`; None gives each the weight 1.
    batch_size: M, if `bound` holds only a part of the minibatch, possibly an empty one;
      None for the length of `bound`.

  Returns:
    Scalar: `N / M sum_i w_i bound_i`, nats.
  """
  if weights is not None:
    bound = bound * tf.cast(tf.reshape(weights, [-1]), bound.dtype)
  if batch_size is None:
    mean = tf.reduce_mean(bound)
  else:
    mean = tf.math.divide_no_nan(tf.reduce_sum(bound), batch_size)
  return mean * (1.0 if dataset_size is None else dataset_size)


def log_parameter_prior(variables: Iterable, stddev: float) -> tf.Tensor:
  """log p(theta) for theta ~ N(0, stddev^2 I), summed over all variables.

  Args:
    variables: Parameters, as Keras variables or tensors.
    stddev: Standard deviation of the prior, 1 in the paper.

  Returns:
    Scalar, nats.
  """
  normal = Normal(0.0, float(stddev))
  return tf.add_n(
    [
      tf.reduce_sum(normal.log_prob(tf.cast(tf.convert_to_tensor(v), tf.float32)))
      for v in variables
    ]
  )
