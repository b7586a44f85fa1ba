"""What "auto" compiles with XLA on a CPU, and the operations of the compiled loop."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

import aevb_tf as aevb
from aevb_tf.loops import xla
from tests.models.test_training import assert_same, weights
from tests.models.test_vae import digits
from tests.oracle import tiny_vae

MNIST = 60_000


def paper_vae(**options):
  encoder = aevb.networks.MLPEncoder(20, (500,), activation="tanh")
  decoder = aevb.networks.MLPDecoder((28, 28, 1), (500,), activation="tanh")
  return aevb.VAE(encoder, decoder, **options)


def test_long_epochs_of_perceptrons_pay():
  vae = paper_vae()
  assert vae.xla_pays(MNIST)
  assert not vae.xla_pays(2_000)


def test_a_likelihood_with_weights_of_its_own_pays():
  columns = [{"name": f"c{i}", "kind": "count"} for i in range(20)]
  vae = aevb.VAE.for_table(aevb.tables.Schema(columns))
  assert vae.likelihood_family.trainable_weights
  assert vae.xla_pays(10**6) and not vae.xla_pays(2_000)


def test_every_sample_of_z_is_work():
  num = 2_000
  many = paper_vae(bound=aevb.bounds.ImportanceWeighted(10))
  assert many.xla_pays(num) and not paper_vae().xla_pays(num)


@pytest.mark.parametrize("option", [{"prior": "mixture"}, {"prior": "vamp"}])
def test_weights_outside_of_dense_layers_do_not_pay(option):
  bound = aevb.bounds.SGVB("A")
  assert not paper_vae(bound=bound, **option).xla_pays(100 * MNIST)


def test_convolutions_do_not_pay():
  encoder = aevb.networks.ConvEncoder(2, (4,), hidden_units=(500,))
  decoder = aevb.networks.ConvDecoder((28, 28, 1), (4,), hidden_units=(500,))
  assert not aevb.VAE(encoder, decoder).xla_pays(100 * MNIST)


def test_models_that_are_not_built_do_not_pay():
  network = keras.Sequential([keras.layers.Dense(4)])
  decoder = keras.Sequential([keras.layers.Dense(12)])
  vae = aevb.VAE(network, decoder, posterior="gaussian", likelihood="bernoulli")
  assert not vae.built and not vae.xla_pays(100 * MNIST)


def train(stream=False, least=0.0, **options):
  """A model after two epochs, with `least` operations for XLA to pay."""
  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(xla, "_LEAST_OPERATIONS", least)
    vae = tiny_vae()
    vae.compile(keras.optimizers.Adam(0.01), **options)
    data = aevb.data.ArrayDataset(digits(40), batch_size=10, shuffle=True)
    vae.fit(data.to_tf_data() if stream else data, epochs=2, verbose=0)
  return vae


def compiled_loop(vae):
  (loop,) = (f for key, f in vae._device_loop.compiled.items() if key[0] == "train")
  return loop


@functools.cache
def by_auto(stream, pays):
  return train(stream, 0.0 if pays else np.inf)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("pays", [False, True])
def test_auto_is_the_choice_that_pays_and_a_choice_stays(stream, pays):
  auto = by_auto(stream, pays)
  # Where "auto" would take the other way.
  chosen = train(stream, np.inf if pays else 0.0, jit_compile=pays)
  assert_same(weights(auto), weights(chosen))
  for vae in (auto, chosen):
    assert compiled_loop(vae)._jit is pays


def test_another_stream_of_the_same_kind_is_not_compiled_again():
  vae = train(stream=True)
  loop = compiled_loop(vae)
  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(xla, "_LEAST_OPERATIONS", 0.0)
    data = aevb.data.ArrayDataset(digits(40), batch_size=10).to_tf_data()
    vae.fit(data, epochs=1, verbose=0)
  assert compiled_loop(vae) is loop
  assert loop._on_rows.experimental_get_tracing_count() == 1


def test_auto_is_saved_as_auto(tmp_path):
  for choice in ("auto", True, False):
    vae = tiny_vae()
    vae.compile("adam", jit_compile=choice)
    vae.optimizer.build(vae.trainable_variables)
    vae.save(tmp_path / "model.keras")
    again = aevb.load(tmp_path / "model.keras")
    assert again.get_compile_config()["jit_compile"] == choice


def test_the_loop_is_one_program_that_asks_nothing_of_the_host():
  """On an accelerator a callback or a host's operation would stop the device."""
  vae = by_auto(stream=False, pays=True)
  loop, data = compiled_loop(vae), aevb.data.ArrayDataset(digits(40), batch_size=10)
  assert loop._on_rows.experimental_get_tracing_count() == 1
  indices = tf.reshape(tf.range(40), (4, 10))
  rows = tuple(tf.gather(tensor, indices) for tensor in data.tensors())
  arguments = (rows, indices, tf.zeros(4, tf.int32), tf.constant(4))
  program = loop._on_rows.experimental_get_compiler_ir(*arguments)(stage="hlo")
  assert "while" in program and "dot(" in program
  for word in ("infeed", "outfeed", "callback", "send(", "recv(", "custom-call"):
    assert word not in program


def test_data_move_to_the_device_once():
  data = aevb.data.ArrayDataset(digits(40), batch_size=10, shuffle=True)
  before = data.tensors()
  vae = tiny_vae()
  vae.compile("adam")
  vae.fit(data, epochs=3, verbose=0)
  vae.evaluate(data, verbose=0)
  for a, b in zip(before, data.tensors(), strict=True):
    assert a is b
