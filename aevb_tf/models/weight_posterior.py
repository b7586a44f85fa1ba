"""A Gaussian posterior over weights (App. F): q(theta) = N(mu, diag(sigma^2)).

    theta = mu + sigma * zeta,   zeta ~ N(0, I)
    p(theta) = N(0, s^2 I)
    -KL(q(theta) || p(theta))
      = 1/2 sum_j (1 + log(sigma_j^2 / s^2) - (mu_j^2 + sigma_j^2) / s^2)

The means are the variables of the network, so the network itself has the mean weights.
Only the log-variances are created here, softly bounded to (-20, 20). The KL is in nats
and counts once for a data set, not once for an example.

References:
  Blundell, Cornebise, Kavukcuoglu, Wierstra. Weight uncertainty in neural networks.
  ICML 2015.
"""

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf import random
from aevb_tf.normal import Normal
from aevb_tf.numerics import scale_of
from aevb_tf.random import Purpose
from aevb_tf.types import Seed


class WeightPosterior(keras.layers.Layer):
  """Independent normals around given means, one for every number of every variable.

  Args:
    prior_stddev: s, the standard deviation of p(theta).
    initial_stddev: sigma at the start of training.

  Raises:
    ValueError: An argument is not positive.
  """

  def __init__(
    self, prior_stddev: float = 1.0, initial_stddev: float = 0.01, **kwargs: Any
  ):
    kwargs.setdefault("dtype", "float32")  # densities never run in half precision
    super().__init__(**kwargs)
    for name, value in (
      ("prior_stddev", prior_stddev),
      ("initial_stddev", initial_stddev),
    ):
      if not value > 0:
        raise ValueError(f"{name}={value!r} must be positive.")
    self.prior_stddev = float(prior_stddev)
    self.initial_stddev = float(initial_stddev)

  def build(self, input_shape: Sequence[tuple[int, ...]]) -> None:
    """Creates the log-variances, for means of these shapes."""
    start = keras.initializers.Constant(2.0 * math.log(self.initial_stddev))
    self.log_variances = [
      self.add_weight(shape, start, autocast=False, name=f"log_variance_{i}")
      for i, shape in enumerate(input_shape)
    ]

  def distributions(self, means: Sequence[tf.Tensor | keras.Variable]) -> list[Normal]:
    """q(theta) for each variable.

    Args:
      means: Variables or tensors, with the shapes passed to `build`.

    Returns:
      Normals, each with the batch shape of its variable.

    Raises:
      ValueError: The number of means has changed.
    """
    if len(means) != len(self.log_variances):
      raise ValueError(
        f"There are {len(means)} trainable variables, but a posterior over "
        f"{len(self.log_variances)}. Set `trainable` of layers before the model is "
        "built, and do not change it afterwards."
      )
    return [
      Normal(
        tf.cast(tf.convert_to_tensor(mean), tf.float32),
        scale_of(tf.convert_to_tensor(log_variance)),
      )
      for mean, log_variance in zip(means, self.log_variances, strict=True)
    ]

  def sample(
    self, means: Sequence[tf.Tensor | keras.Variable], seed: Seed
  ) -> list[tf.Tensor]:
    """theta = mu + sigma * zeta, differentiable in both.

    Args:
      means: As in `distributions`.
      seed: An int or a pair of int32; the same seed gives the same zeta.

    Returns:
      float32 tensors of the shapes of the means.
    """
    return [
      q.loc + q.scale * _noise(random.derive(seed, Purpose.VARIABLE, i), q.batch_shape)
      for i, q in enumerate(self.distributions(means))
    ]

  def kl(self, means: Sequence[tf.Tensor | keras.Variable]) -> tf.Tensor:
    """KL(q(theta) || p(theta)), a scalar, nats.

    Args:
      means: As in `distributions`.
    """
    p = Normal(0.0, self.prior_stddev)
    parts = [tfd.kl_divergence(q, p) for q in self.distributions(means)]
    return tf.add_n([tf.reduce_sum(part) for part in parts])


def _noise(seed, shape):
  row = tf.zeros([1], tf.int32)
  return tf.reshape(random.normal(seed, row, math.prod(shape)), shape)
