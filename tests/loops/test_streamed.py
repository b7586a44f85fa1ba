"""Streams are trained on in pieces, as the same data are in memory."""

import functools

import keras
import numpy as np
import pytest

import aevb_tf as aevb
from aevb_tf.loops import streamed
from tests.models.test_training import assert_same, weights
from tests.models.test_vae import digits
from tests.oracle import put_back, state, tiny_vae

ROWS = 47  # five batches of ten, the last one short


def data(stream, **options):
  """A shuffled data set, in memory or as a stream."""
  options = {"batch_size": 10, "shuffle": True, "seed": 3, **options}
  created = aevb.data.ArrayDataset(digits(ROWS), **options)
  return created.to_tf_data() if stream else created


def compiled():
  vae = tiny_vae()
  vae.compile(keras.optimizers.Adam(0.01))
  return vae


def trained(source, epochs=3, **options):
  vae = compiled()
  history = vae.fit(source, epochs=epochs, verbose=0, **options)
  return vae, history.history


def small_pieces(monkeypatch, batches=2):
  """Pieces of so many batches; the last one is as it falls."""
  bytes_of_a_batch = 4 * 10 * digits(1).size
  monkeypatch.setattr(streamed, "_MOST_PIECE_BYTES", batches * bytes_of_a_batch)


@functools.cache
def in_memory(**options):
  """Weights and history after the same data, in memory."""
  vae, history = trained(data(False, **options))
  return weights(vae), history


@pytest.mark.parametrize("drop_remainder", [False, True])
@pytest.mark.parametrize("batches", [1, 2, 100])
def test_pieces_are_the_batches_in_memory(monkeypatch, batches, drop_remainder):
  small_pieces(monkeypatch, batches)
  options = {"drop_remainder": drop_remainder, "binarization": "stochastic"}
  ours, history = trained(data(True, **options))
  expected, values = in_memory(**options)
  for name in history:
    np.testing.assert_allclose(history[name], values[name], rtol=1e-5, err_msg=name)
  for a, b in zip(weights(ours), expected, strict=True):
    np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_evaluation_is_that_of_data_in_memory(monkeypatch):
  small_pieces(monkeypatch)
  vae = tiny_vae()
  vae.compile()
  options = {"shuffle": False, "binarization": "fixed"}
  a, b = (vae.evaluate(data(s, **options), return_dict=True, verbose=0) for s in (0, 1))
  for name, value in a.items():
    assert b[name] == pytest.approx(value, rel=1e-6)


def test_a_stream_continues_its_pass(monkeypatch):
  small_pieces(monkeypatch)
  vae = compiled()
  start = state(vae)
  vae.fit(data(True), epochs=2, verbose=0)
  expected = state(vae)
  put_back(vae, start)
  stream = data(True)
  for epoch in range(2):
    vae.fit(stream, initial_epoch=epoch, epochs=epoch + 1, verbose=0)
  assert int(stream.epoch) == 2
  assert_same(expected, state(vae))


def test_callbacks_that_want_every_batch_get_it():
  class Count(keras.callbacks.Callback):
    batches = 0

    def on_train_batch_end(self, batch, logs=None):
      self.batches += 1

  count = Count()
  trained(data(True, drop_remainder=True), epochs=2, callbacks=[count])
  assert count.batches == 8


def test_validation_on_a_stream():
  whole = {"drop_remainder": True}
  validation = data(True, shuffle=False, **whole)
  _, history = trained(data(False, **whole), validation_data=validation)
  assert len(history["val_elbo"]) == 3


def test_shorter_epochs_of_a_stream_are_those_of_keras():
  _, history = trained(data(True).repeat(), epochs=2, steps_per_epoch=2)
  assert len(history["elbo"]) == 2


def test_data_that_end_early_are_named():
  source = data(True)
  source.pieces.of_batches = lambda count: source.pieces._read(10 * count).take(0)
  with pytest.raises(ValueError, match="ended before batch 1 of 5.*Load them again"):
    trained(source)


def test_an_epoch_does_not_wait_for_a_tuner():
  """Its thread sleeps for seconds, and an iterator waits for it to wake."""
  for stream in (data(True), data(True).pieces.of_batches(2)):
    assert stream.options().autotune.enabled is False
