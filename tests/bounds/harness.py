"""What every bound satisfies: `check_member`, or one check at a time.

A check takes what `VAE(bound=...)` takes. Values and gradients are compared with
`tests/oracle.py` by the tests of each bound.
"""

import keras
import numpy as np
import tensorflow as tf

from aevb_tf import bounds
from tests.oracle import tiny_vae

BATCH = 6


def check_member(bound):
  """All checks of one bound."""
  for check in CHECKS:
    check(bound)


def _images():
  pixels = np.random.default_rng(0).random((BATCH, 4, 3, 1)) > 0.5
  return tf.constant(pixels, tf.float32)


def an_example_has_a_finite_bound_and_gradient(bound):
  vae = tiny_vae(bound=bound)
  for training in (True, False):
    with tf.GradientTape() as tape:
      parts = vae.bound_parts(_images(), 1, tf.range(BATCH), training)
    for value in (parts.bound, parts.elbo):
      assert value.shape == (BATCH,) and value.dtype == tf.float32
    gradients = tape.gradient(parts.bound, [v.value for v in vae.trainable_variables])
    for value in (parts.bound, parts.elbo, *gradients):
      assert value is not None and np.isfinite(value).all()
    assert all(np.any(gradient) for gradient in gradients)


def configuration_survives_saving(bound):
  bound = bounds.get(bound)
  again = keras.saving.deserialize_keras_object(
    keras.saving.serialize_keras_object(bound)
  )
  assert type(again) is type(bound) and again.get_config() == bound.get_config()
  assert again.num_samples == bound.num_samples


CHECKS = (an_example_has_a_finite_bound_and_gradient, configuration_survives_saving)
