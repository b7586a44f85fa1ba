"""Two replicas make the step that one makes of the same batch.

Devices must be split before TensorFlow starts, so this runs in a process of its own,
once, and the tests look at what it found. The decoder takes no notice of z and the bound
is `SGVB("B")`: then no noise is in the loss, and the two are equal but for rounding.
"""

import json
import os
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import aevb_tf as aevb

# 9 examples in batches of 4: the last batch has fewer examples than there are replicas.
N, BATCH = 9, 4
WEIGHTS = np.resize(np.float32([1, 0, 3]), N)


def examples():
  return np.random.default_rng(0).random((N, 4, 3, 1), np.float32)


def classes():
  return np.resize(np.int32([2, 0, 1, 1]), N)


def half_frozen_vae(path, dataset_size, regularizer):
  keras.utils.set_random_seed(0)
  encoder = aevb.networks.MLPEncoder(2, (8,))
  decoder = aevb.networks.MLPDecoder((4, 3, 1), (), likelihood="gaussian")
  if regularizer:
    encoder.hidden[0].kernel_regularizer = keras.regularizers.L2(regularizer)
  condition = 3 if path == "condition" else None
  vae = aevb.VAE(
    encoder, decoder, dataset_size=dataset_size, condition=condition, seed=0
  )
  of_z = tf.range(decoder.head.kernel.shape[0])[:, tf.newaxis] < 2
  decoder.head.kernel.assign(tf.where(of_z, 0.0, decoder.head.kernel))
  decoder.head.trainable = False
  return vae


def run(strategy, path, dataset_size, regularizer):
  """History and weights of two epochs, and an evaluation."""
  with strategy.scope():
    vae = half_frozen_vae(path, dataset_size, regularizer)
    # What is compared is the step of two; to trace that of one would take longer.
    eager = strategy.num_replicas_in_sync == 1
    vae.compile(keras.optimizers.SGD(0.02 / (dataset_size or 1)), run_eagerly=eager)
  x = examples()
  options = {"batch_size": BATCH, "verbose": 0}
  weights = None
  y = classes() if path == "condition" else None
  if path == "weights":
    weights = WEIGHTS
  if path == "tf.data":
    x, options = tf.data.Dataset.from_tensor_slices(x).batch(BATCH), {"verbose": 0}
  given = {"x": x, "y": y, "sample_weight": weights, **options}
  # Of a first batch whose parts differ in size Keras itself makes an error.
  data = (examples(), y, weights)
  validation = {"validation_data": data, "validation_batch_size": BATCH}
  shuffle = {} if path == "tf.data" else {"shuffle": False}
  history = vae.fit(**given, epochs=2, **validation, **shuffle).history
  result = vae.evaluate(**given, return_dict=True)
  trained = [
    np.asarray(tf.convert_to_tensor(v)).tolist() for v in vae.trainable_variables
  ]
  found = {"history": history, "result": result, "weights": trained}
  return {**found, "updates": int(tf.convert_to_tensor(vae.updates))}


CASES = [
  ("array", 50, 0.1),
  ("tf.data", None, 0.1),
  ("weights", None, None),
  ("condition", None, None),
]


def main():
  cpu = tf.config.list_physical_devices("CPU")[0]
  halves = [tf.config.LogicalDeviceConfiguration()] * 2
  tf.config.set_logical_device_configuration(cpu, halves)
  two = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
  assert two.num_replicas_in_sync == 2
  one = tf.distribute.get_strategy()
  found = [[run(strategy, *case) for strategy in (one, two)] for case in CASES]
  print(json.dumps(found))


@pytest.fixture(scope="module")
def found():
  root = pathlib.Path(__file__).parents[2]
  process = subprocess.run(
    [sys.executable, "-m", "tests.models.test_replicas"],
    capture_output=True,
    text=True,
    cwd=root,
    env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1"},
  )
  assert process.returncode == 0, process.stderr[-3000:]
  return dict(zip(CASES, json.loads(process.stdout.splitlines()[-1]), strict=True))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_two_replicas_report_what_one_does(case, found):
  one, two = found[case]
  assert set(two["history"]) == set(one["history"])
  for name, values in one["history"].items():
    assert np.all(np.isfinite(two["history"][name]))
    np.testing.assert_allclose(two["history"][name], values, rtol=1e-4, atol=1e-5)
  for name, value in one["result"].items():
    np.testing.assert_allclose(two["result"][name], value, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_two_replicas_make_the_updates_of_one(case, found):
  one, two = found[case]
  assert one["updates"] == two["updates"] == 6
  for a, b in zip(one["weights"], two["weights"], strict=True):
    np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_updates_are_not_nothing(case, found):
  start = [v.numpy() for v in half_frozen_vae(*case).trainable_variables]
  moved = [
    not np.allclose(a, b) for a, b in zip(start, found[case][1]["weights"], strict=True)
  ]
  assert any(moved)


if __name__ == "__main__":
  main()
