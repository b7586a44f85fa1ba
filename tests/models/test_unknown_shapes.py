"""Targets and weights count where a graph does not know their shapes.

Keras gives up shapes when one model sees data of different ones, and so do generators.
"""

import numpy as np
import pytest
import tensorflow as tf

from tests.models.test_vae import digits
from tests.oracle import tiny_vae

X = digits(24)
TARGETS = np.roll(X, 1, axis=0)
LABELS = np.zeros(24, np.float32)
WEIGHTS = np.linspace(0.0, 2.0, 24, dtype=np.float32)


@pytest.fixture(scope="module")
def vae():
  model = tiny_vae()
  model.compile("adam")
  return model


def evaluated(vae, *elements):
  data = tf.data.Dataset.from_tensor_slices(elements).batch(8)
  return vae.evaluate(data, return_dict=True, verbose=0)


def assert_close(results, expected):
  for name, value in expected.items():
    np.testing.assert_allclose(results[name], value, rtol=1e-5)


def test_targets_count_after_labels_and_labels_after_targets(vae):
  options = {"batch_size": 8, "return_dict": True, "verbose": 0}
  of_x = vae.evaluate(X, **options)
  of_targets = vae.evaluate(X, TARGETS, **options)
  assert not np.isclose(of_x["loss"], of_targets["loss"], rtol=1e-3)
  for _ in range(2):
    assert_close(evaluated(vae, X, LABELS), of_x)
    assert_close(evaluated(vae, X, TARGETS), of_targets)
    assert_close(evaluated(vae, X, LABELS[:, np.newaxis]), of_x)
  assert_close(evaluated(vae, X, TARGETS > 0.5), of_targets)


def test_weights_of_one_axis_or_two_are_the_same(vae):
  expected = vae.evaluate(
    X, sample_weight=WEIGHTS, batch_size=8, return_dict=True, verbose=0
  )
  assert_close(evaluated(vae, X, LABELS, WEIGHTS), expected)
  assert_close(evaluated(vae, X, LABELS, WEIGHTS[:, np.newaxis]), expected)
  assert_close(evaluated(vae, X, LABELS, WEIGHTS), expected)


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
@pytest.mark.parametrize("y", [TARGETS, LABELS, LABELS[:, np.newaxis]])
def test_generators_need_not_say_shapes(vae, y):
  def batches():
    for i in range(0, 24, 8):
      yield X[i : i + 8], y[i : i + 8]

  data = tf.data.Dataset.from_generator(batches, output_types=(tf.float32, tf.float32))
  expected = vae.evaluate(X, y, batch_size=8, return_dict=True, verbose=0)
  assert_close(vae.evaluate(data, return_dict=True, verbose=0), expected)
