"""`compile(device_loop=False)` leaves all loops to Keras, and gives the same numbers."""

import keras
import numpy as np
import pytest

import aevb_tf as aevb
from tests.models import paths
from tests.models.test_vae import digits
from tests.oracle import tiny_vae

X = digits(20)


def compiled(**options):
  vae = tiny_vae()
  vae.compile(keras.optimizers.SGD(0.1), **options)
  return vae


@pytest.mark.parametrize("way", ["array", "ArrayDataset"])
def test_without_it_numbers_are_the_same(way):
  with_loop, without = compiled(), compiled(device_loop=False)
  logs = paths.TRAIN[way](with_loop, paths.Examples(X))
  expected = paths.TRAIN[way](without, paths.Examples(X))
  assert logs == pytest.approx(expected, rel=1e-5)
  for a, b in zip(with_loop.variables, without.variables, strict=True):
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
  result = with_loop.evaluate(X, verbose=0)
  assert without.evaluate(X, verbose=0) == pytest.approx(result, rel=1e-5)
  assert with_loop._device_loop.compiled
  assert not without._device_loop.compiled


def test_a_saved_model_keeps_the_choice(tmp_path):
  for is_on in (True, False):
    vae = compiled(device_loop=is_on)
    vae.save(tmp_path / "vae.keras")
    again = aevb.load(tmp_path / "vae.keras")
    assert again._device_loop.is_on == is_on
    assert again._device_loop.chooses_xla
