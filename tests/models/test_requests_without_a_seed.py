"""Noise without a given seed differs for each call and each execution.

And the noise of training: of each update its own, however updates are counted.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

import aevb_tf as aevb
from aevb_tf import random
from aevb_tf.random import Purpose
from tests.models.test_vae import digits
from tests.oracle import tiny_vae

X = digits(20)
REQUESTS = {
  "sample": lambda vae: vae.sample(2),
  "sample, draw": lambda vae: vae.sample(2, draw=True),
  "elbo": lambda vae: vae.elbo(X),
}


@pytest.fixture(scope="module")
def vae():
  return tiny_vae()


def in_a_function(vae, request):
  return tf.function(lambda: request(vae), autograph=False)


def in_a_data_set(vae, request):
  iterator = iter(tf.data.Dataset.range(9).map(lambda _: request(vae)))
  return lambda: next(iterator)


def eagerly(vae, request):
  return lambda: request(vae)


WAYS = {"eagerly": eagerly, "tf.function": in_a_function, "dataset.map": in_a_data_set}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("request_", REQUESTS)
def test_executions_differ_and_follow_the_global_seed(request_, way, vae):
  def three():
    keras.utils.set_random_seed(3)
    run = WAYS[way](vae, REQUESTS[request_])
    return [run().numpy() for _ in range(3)]

  first, second, third = three()
  assert not np.array_equal(first, second) and not np.array_equal(second, third)
  np.testing.assert_array_equal(three(), [first, second, third])


def test_a_graph_raises_where_targets_are_out_of_range(vae):
  elbo = tf.function(
    vae.elbo, input_signature=[tf.TensorSpec([None, 4, 3, 1])], autograph=False
  )
  assert elbo(X).shape == (20,)
  with pytest.raises(tf.errors.InvalidArgumentError, match="values out of range"):
    elbo(3 * X)


@pytest.fixture
def steps(monkeypatch):
  """The numbers of the steps that seeds of eager training were derived for."""
  numbers = []
  derive = random.derive

  def recorded(seed, purpose, index=None):
    if purpose is Purpose.STEP:
      numbers.append(int(index))
    return derive(seed, purpose, index)

  monkeypatch.setattr(random, "derive", recorded)
  return numbers


def fitted(vae, epochs=1):
  vae.fit(X, batch_size=5, epochs=epochs, shuffle=False, verbose=0)


def test_accumulated_gradients_have_noise_of_their_own(steps):
  vae = tiny_vae()
  vae.compile(keras.optimizers.Adam(gradient_accumulation_steps=4), run_eagerly=True)
  fitted(vae, epochs=2)
  assert steps == list(range(8))
  assert int(vae.updates) == 8 and int(vae.optimizer.iterations) == 2


def test_compiling_again_repeats_no_noise(steps):
  vae = tiny_vae()
  for _ in range(2):
    vae.compile(keras.optimizers.Adam(0.01), run_eagerly=True)
    fitted(vae)
  assert steps == list(range(8))


def test_loading_repeats_no_noise(steps, tmp_path):
  vae = tiny_vae()
  vae.compile(keras.optimizers.Adam(0.01), run_eagerly=True)
  fitted(vae)
  vae.save(tmp_path / "vae.keras")
  again = aevb.load(tmp_path / "vae.keras")
  assert int(again.updates) == 4
  again.run_eagerly = True
  fitted(again)
  assert steps == list(range(8))


def test_compiled_loops_count_updates_too():
  vae = tiny_vae()
  vae.compile(keras.optimizers.SGD(0.0))
  x = np.repeat(X[:1], 20, axis=0)
  logged = []
  callback = keras.callbacks.LambdaCallback(
    on_train_batch_end=lambda batch, logs: logged.append(float(logs["kl"]))
  )
  elbos = vae.fit(x, batch_size=5, epochs=2, verbose=0, callbacks=[callback])
  assert int(vae.updates) == 8
  assert len(set(elbos.history["elbo"])) == 2


def test_skipped_updates_have_noise_of_their_own(steps):
  before = keras.mixed_precision.dtype_policy()
  keras.mixed_precision.set_dtype_policy("mixed_float16")
  try:
    vae = tiny_vae()
  finally:
    keras.mixed_precision.set_dtype_policy(before)
  # Losses are scaled so far that gradients overflow in float16.
  optimizer = keras.optimizers.LossScaleOptimizer(
    keras.optimizers.SGD(0.01), initial_scale=2.0**127
  )
  vae.compile(optimizer, run_eagerly=True)
  start = [v.numpy() for v in vae.trainable_variables]
  fitted(vae)
  assert steps == list(range(4)) and int(vae.updates) == 4
  for a, b in zip(start, vae.trainable_variables, strict=True):
    np.testing.assert_array_equal(a, b.numpy())  # all four were skipped
