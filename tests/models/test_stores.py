"""What every store of a model holds: weights, the count of updates, the optimizer."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import aevb_tf as aevb
from aevb_tf.models.updates import UpdateCount
from tests.models.test_vae import digits
from tests.oracle import state, tiny_vae

X = digits(20)


def compiled(**options):
  vae = tiny_vae(**options)
  vae.compile(keras.optimizers.Adam(0.01), run_eagerly=True)
  return vae


def fit(vae):
  vae.fit(X, batch_size=5, shuffle=False, verbose=0)


@pytest.fixture(scope="module")
def trained():
  vae = compiled()
  fit(vae)
  return vae


@pytest.fixture(scope="module")
def trained_on():
  """The same, trained for another epoch."""
  vae = compiled()
  fit(vae)
  fit(vae)
  return state(vae)


def assert_same(a, b):
  assert len(a) == len(b)
  for u, v in zip(a, b, strict=True):
    np.testing.assert_array_equal(u, v)


def by_keras_file(vae, folder):
  vae.save(folder / "vae.keras")
  again = aevb.load(folder / "vae.keras")
  again.run_eagerly = True
  return again


def by_weights(vae, folder):
  vae.save_weights(folder / "vae.weights.h5")
  again = compiled()
  again.optimizer.build(again.trainable_variables)
  again.load_weights(folder / "vae.weights.h5")
  return again


def by_checkpoint(vae, folder):
  path = tf.train.Checkpoint(model=vae).save(str(folder / "checkpoint"))
  again = compiled()
  again.optimizer.build(again.trainable_variables)
  restored = tf.train.Checkpoint(model=again).restore(path)
  restored.assert_existing_objects_matched()
  return again


STORES = {
  ".keras": by_keras_file,
  ".weights.h5": by_weights,
  "tf.train.Checkpoint": by_checkpoint,
}


@pytest.mark.parametrize("store", STORES)
def test_training_continues_as_if_never_stored(store, trained, trained_on, tmp_path):
  again = STORES[store](trained, tmp_path)
  assert int(again.updates) == 4 and int(again.optimizer.iterations) == 4
  assert_same(
    state(again)[: len(again.variables)], [v.numpy() for v in trained.variables]
  )
  fit(again)
  assert_same(state(again), trained_on)


def test_the_legacy_hdf5_format_is_refused(trained, tmp_path):
  for name in ("vae.h5", "vae.hdf5"):
    with pytest.raises(ValueError, match="a file that ends in .keras"):
      trained.save(tmp_path / name)
  assert not list(tmp_path.iterdir())


# Version 0.1 did not store the count of updates.


def test_the_count_of_a_store_without_one_is_that_of_the_optimizer(
  trained, trained_on, tmp_path, monkeypatch
):
  path = tmp_path / "old.keras"
  with monkeypatch.context() as patch:
    patch.setattr(UpdateCount, "save_own_variables", lambda self, store: None)
    trained.save(path)
  again = aevb.load(path)
  again.run_eagerly = True
  assert int(again.updates) == 0
  fit(again)
  assert int(again.updates) == 8
  assert_same(state(again), trained_on)


def test_the_count_is_not_a_weight(trained):
  """What users copy from model to model is what networks learn."""
  assert len(trained.get_weights()) == 8
  assert all(w.dtype == np.float32 for w in trained.get_weights())
