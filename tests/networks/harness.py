"""What every network satisfies: `check_member`, or one check at a time."""

from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from aevb_tf import networks

LATENT_DIM = 3


class Case(NamedTuple):
  """A network, and the examples that it is tried with."""

  make: Callable  # encoders: `(**options)`, decoders: `(event_shape, **options)`
  event_shapes: tuple[tuple[int, ...], ...] = ((28, 28, 1), (7, 9, 3), (1, 1, 2))

  def network(self, event_shape, **options):
    """The network, which takes or gives examples of this shape."""
    if decodes(self):
      return self.make(event_shape, **options)
    return self.make(**options)


def decodes(case):
  """Whether a case is a decoder: the first argument is then the shape of examples."""
  return isinstance(_try(case), networks.Decoder)


def _try(case):
  try:
    return case.make(case.event_shapes[0])
  except TypeError:  # an encoder needs no shape
    return case.make()


def check_member(case):
  """All checks of one network."""
  for check in CHECKS:
    check(case)


def inputs(case, event_shape, batch=4):
  shape = (LATENT_DIM,) if decodes(case) else event_shape
  return np.random.default_rng(0).random((batch, *shape), np.float32)


def outputs_are_parameters(case):
  for event_shape in case.event_shapes:
    network, x = case.network(event_shape), inputs(case, event_shape)
    if decodes(case):
      assert network(x).shape == (4, *network.params_shape)
      p = network.likelihood(x)
      assert p.batch_shape == (4,) and p.event_shape == event_shape
    else:
      assert network(x).shape == (4, network.params_size)
      q = network.posterior(x)
      assert q.batch_shape == (4,) and q.event_shape == (network.latent_dim,)


def every_weight_has_a_gradient(case):
  network = case.network(case.event_shapes[0])
  x = tf.constant(inputs(case, case.event_shapes[0]))
  with tf.GradientTape() as tape:
    loss = tf.reduce_sum(network(x) ** 2)
  gradients = tape.gradient(loss, network.trainable_variables)
  assert gradients
  for variable, gradient in zip(network.trainable_variables, gradients, strict=True):
    assert gradient is not None and np.all(np.isfinite(gradient)), variable.path


def configuration_and_weights_give_the_function(case):
  network = case.network(case.event_shapes[0])
  again = keras.saving.deserialize_keras_object(
    keras.saving.serialize_keras_object(network)
  )
  assert type(again) is type(network)
  assert again.get_config() == network.get_config()
  x = inputs(case, case.event_shapes[0])
  network(x), again(x)
  again.set_weights(network.get_weights())
  np.testing.assert_array_equal(again(x), network(x))


def half_precision_keeps_weights_and_densities_in_float32(case):
  network = case.network(case.event_shapes[0], dtype="mixed_bfloat16")
  x = inputs(case, case.event_shapes[0])
  assert network(x).dtype == tf.bfloat16
  assert {str(v.dtype) for v in network.trainable_variables} == {"float32"}
  distribution = network.likelihood(x) if decodes(case) else network.posterior(x)
  assert distribution.mean().dtype == tf.float32


CHECKS = (
  outputs_are_parameters,
  every_weight_has_a_gradient,
  configuration_and_weights_give_the_function,
  half_precision_keeps_weights_and_densities_in_float32,
)
