"""Calls that are made within a fit keep to their own steps and their own data."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.models.paths import Batches, Examples
from tests.models.test_vae import digits
from tests.oracle import tiny_vae

X, OTHERS = digits(40), digits(24)


def in_batches(x):
  return tf.data.Dataset.from_tensor_slices(x).batch(4)


def compiled(**options):
  vae = tiny_vae()
  vae.compile(keras.optimizers.SGD(0.0), **options)
  return vae


def at_the_end_of_an_epoch(vae, call):
  """What a call gives that a callback makes."""
  results = []
  callback = keras.callbacks.LambdaCallback(
    on_epoch_end=lambda epoch, logs: results.append(call())
  )
  vae.fit(X, batch_size=4, callbacks=[callback], verbose=0)
  return results[0]


CALLS = {
  "predict": lambda vae: vae.predict(OTHERS, batch_size=4, verbose=0),
  "predict_on_batch": lambda vae: vae.predict_on_batch(OTHERS),
  "evaluate a stream": lambda vae: vae.evaluate(in_batches(OTHERS), verbose=0),
  "evaluate arrays": lambda vae: vae.evaluate(OTHERS, batch_size=4, verbose=0),
  "test_on_batch": lambda vae: vae.reset_metrics() or vae.test_on_batch(OTHERS),
  "train_on_batch": lambda vae: vae.reset_metrics() or vae.train_on_batch(OTHERS)[2:],
}


@pytest.mark.parametrize("called_before", [False, True])
@pytest.mark.parametrize("name", CALLS)
def test_a_callback_may_call_the_model(name, called_before):
  vae, call = compiled(), CALLS[name]
  if called_before:
    call(vae)
  nested = at_the_end_of_an_epoch(vae, lambda: call(vae))
  if name == "train_on_batch":  # of other noise at each update
    assert int(vae.update_count.result()) == 10 + 1 + called_before
    return
  np.testing.assert_allclose(nested, call(vae), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("data", [in_batches, lambda x: Batches(Examples(x))])
@pytest.mark.parametrize("evaluated_before", [False, True])
def test_validation_sees_all_of_its_data(data, evaluated_before):
  vae = compiled()
  if evaluated_before:
    vae.evaluate(data(OTHERS), verbose=0)
  history = vae.fit(
    X, batch_size=4, epochs=2, validation_data=data(OTHERS), verbose=0
  ).history
  expected = vae.evaluate(data(OTHERS), return_dict=True, verbose=0)
  for name, value in expected.items():
    np.testing.assert_allclose(history[f"val_{name}"], [value] * 2, rtol=1e-5)


class CountingHistory(keras.callbacks.History):
  count = 0

  def on_train_batch_end(self, batch, logs=None):
    self.count += 1


class CountingCheckpoint(keras.callbacks.ModelCheckpoint):
  count = 0

  def on_train_batch_end(self, batch, logs=None):
    self.count += 1


def test_hooks_of_classes_derived_from_keras_own_are_called(tmp_path):
  callbacks = [CountingHistory(), CountingCheckpoint(tmp_path / "model.keras")]
  for callback in callbacks:
    compiled().fit(X, batch_size=4, callbacks=[callback], verbose=0)
    assert callback.count == 10


class Files(Batches):
  """As in Keras' guide, where `x` names the data to read, and is not an array."""

  def __init__(self, examples):
    super().__init__(examples)
    self.x = [f"{i}.png" for i in range(len(examples.x))]


def test_a_data_set_of_the_user_may_have_an_attribute_x():
  compiled().fit(Files(Examples(X)), verbose=0)
