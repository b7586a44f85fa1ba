"""The gradients to check show whether all gradients are finite."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from aevb_tf.loops.monitor import all_finite, gradients_to_check


def gradients_of(layers, x, broken):
  """Variables of the layers, and the gradients of a loss that may have no slope."""
  with tf.GradientTape() as tape:
    for layer in layers:
      x = layer(x)
    loss = tf.reduce_sum(tf.sqrt(x - x) if broken else x**2)
  variables = [v for layer in layers for v in layer.trainable_variables]
  return variables, tape.gradient(loss, variables)


def layers_with(use_bias):
  return {
    "dense": [keras.layers.Dense(3, use_bias=use_bias) for _ in range(2)],
    "conv": [
      keras.layers.Conv2D(2, 3, use_bias=use_bias),
      keras.layers.Conv2DTranspose(2, 3, use_bias=use_bias),
    ],
    "normalized": [
      keras.layers.Dense(3, use_bias=use_bias),
      keras.layers.LayerNormalization(),
    ],
  }


@pytest.mark.parametrize("broken", [False, True])
@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("kind", list(layers_with(True)))
def test_they_tell_what_all_gradients_would(kind, use_bias, broken):
  layers = layers_with(use_bias)[kind]
  x = np.random.default_rng(0).normal(size=(2, 6, 6, 1)).astype("float32")
  variables, gradients = gradients_of(layers, x, broken)
  assert bool(all_finite(gradients)) is not broken
  result = gradients_to_check(variables, gradients)
  assert bool(all_finite(result)) is not broken
  kernels = [v for v in variables if v.name == "kernel"]
  assert len(result) == len(variables) - (len(kernels) if use_bias else 0)


def test_missing_gradients_tell_nothing():
  layer = keras.layers.Dense(2)
  layer.build((None, 3))
  assert gradients_to_check(layer.trainable_variables, [None, None]) == []


def test_variables_outside_of_layers_are_looked_at():
  own = keras.Variable(np.zeros(3, "float32"), name="kernel")
  (gradient,) = gradients_to_check([own], [tf.constant([1.0, np.nan, 0.0])])
  assert not all_finite([gradient])
