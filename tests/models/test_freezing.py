"""What is frozen stays as it was: at construction, in training, saved and loaded."""

import keras
import numpy as np
import pytest

import aevb_tf as aevb
from tests.models.test_vae import digits
from tests.oracle import tiny_vae

X = digits(20)


def constructed():
  keras.utils.set_random_seed(0)
  encoder = aevb.networks.MLPEncoder(2, (8,), trainable=False)
  return aevb.VAE(encoder, aevb.networks.MLPDecoder((4, 3, 1), (8,)), seed=0)


def network():
  vae = tiny_vae()
  vae.encoder.trainable = False
  return vae


def layer():
  vae = tiny_vae()
  vae.decoder.hidden[0].trainable = False
  return vae


def with_normalization(model=aevb.VAE, **options):
  keras.utils.set_random_seed(0)
  x = keras.Input((4, 3, 1))
  h = keras.layers.Dense(8)(keras.layers.Flatten()(x))
  h = keras.layers.BatchNormalization(name="norm")(h)
  encoder = keras.Model(x, keras.layers.Dense(4)(keras.ops.tanh(h)))
  decoder = aevb.networks.MLPDecoder((4, 3, 1), (8,))
  return model(encoder, decoder, posterior="gaussian", seed=0, **options)


def normalization():
  vae = with_normalization()
  vae.encoder.get_layer("norm").trainable = False
  return vae


# How it is frozen -> the layer, of a model, and how many variables are left to train.
CASES = {
  "encoder at construction": (constructed, lambda vae: vae.encoder, 4),
  "encoder": (network, lambda vae: vae.encoder, 4),
  "layer of the decoder": (layer, lambda vae: vae.decoder.hidden[0], 6),
  "BatchNormalization": (normalization, lambda vae: vae.encoder.get_layer("norm"), 8),
}


def values(layer):
  return [v.numpy() for v in layer.variables]


def assert_trains_the_rest(vae, frozen):
  before, rest = values(frozen), [v.numpy() for v in vae.trainable_variables]
  vae.fit(X, batch_size=8, verbose=0)
  for a, b in zip(before, values(frozen), strict=True):
    np.testing.assert_array_equal(a, b)
  for a, b in zip(rest, vae.trainable_variables, strict=True):
    assert not np.array_equal(a, b.numpy())


@pytest.mark.parametrize("case", CASES)
def test_the_frozen_stays_and_the_rest_is_trained(case, tmp_path):
  make, frozen, trainable = CASES[case]
  vae = make()
  vae.compile(keras.optimizers.Adam(0.01), run_eagerly=True)
  assert len(vae.trainable_variables) == trainable
  assert_trains_the_rest(vae, frozen(vae))
  vae.save(tmp_path / "frozen.keras")
  again = aevb.load(tmp_path / "frozen.keras")
  assert not frozen(again).trainable
  places = [v.trainable for v in vae.variables]
  assert [v.trainable for v in again.variables] == places
  for a, b in zip(vae.optimizer.variables, again.optimizer.variables, strict=True):
    np.testing.assert_array_equal(a, b)
  again.compile(keras.optimizers.Adam(0.01), run_eagerly=True)
  assert_trains_the_rest(again, frozen(again))


@pytest.mark.parametrize("model", [aevb.WakeSleep, aevb.FullVB])
def test_other_models_keep_it_too(model, tmp_path):
  keras.utils.set_random_seed(0)
  encoder = aevb.networks.MLPEncoder(2, (8,), trainable=False)
  decoder = aevb.networks.MLPDecoder((4, 3, 1), (8,))
  decoder.hidden[0].trainable = False
  vae = model(encoder, decoder, dataset_size=20, seed=0)
  vae.compile(keras.optimizers.Adam(0.01), run_eagerly=True)
  assert_trains_the_rest(vae, vae.encoder)
  vae.save(tmp_path / "frozen.keras")
  again = aevb.load(tmp_path / "frozen.keras")
  assert len(again.trainable_variables) == len(vae.trainable_variables)
  assert_trains_the_rest(again, again.encoder)
  assert_trains_the_rest(again, again.decoder.hidden[0])


def test_the_mean_weights_keep_it_too():
  decoder = aevb.networks.MLPDecoder((4, 3, 1), (8,))
  decoder.hidden[0].trainable = False
  full = aevb.FullVB(aevb.networks.MLPEncoder(2, (8,)), decoder, dataset_size=20)
  vae = full.to_vae()
  assert not vae.decoder.hidden[0].trainable
  assert len(vae.trainable_variables) == 6


def test_a_frozen_layer_may_be_thawed():
  vae = network()
  vae.encoder.trainable = True
  vae.compile(keras.optimizers.Adam(0.01), run_eagerly=True)
  assert len(vae.trainable_variables) == 8
  before = values(vae.encoder)
  vae.fit(X, batch_size=8, verbose=0)
  for a, b in zip(before, values(vae.encoder), strict=True):
    assert not np.array_equal(a, b)


def test_compiled_loops_leave_it_as_it_was():
  vae = normalization()
  vae.compile(keras.optimizers.Adam(0.01))
  assert_trains_the_rest(vae, vae.encoder.get_layer("norm"))


def test_moving_averages_are_those_of_the_batches():
  """What is not frozen does move: by Keras' rule, once a batch."""
  vae = with_normalization()
  vae.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
  norm = vae.encoder.get_layer("norm")
  inputs = keras.Model(vae.encoder.input, norm.input)(X).numpy()
  mean = np.zeros(8)
  for i in range(0, 20, 8):
    mean = 0.99 * mean + 0.01 * inputs[i : i + 8].mean(0)
  vae.fit(X, batch_size=8, shuffle=False, verbose=0)
  np.testing.assert_allclose(norm.moving_mean, mean, rtol=1e-4, atol=1e-7)
