"""One trace serves data of any length, and data that are gone leave nothing behind."""

import gc
import weakref

import keras
import numpy as np
import pytest

import aevb_tf as aevb
from tests.models.test_vae import digits

X = digits(500)
# Below, at and above the batch size, with and without a short last batch.
LENGTHS = np.unique(np.geomspace(1, 500, 60).astype(int))[-40:]


class Counted(aevb.VAE):
  def bound_parts(self, *arguments, **options):
    self.traces += 1
    return super().bound_parts(*arguments, **options)


@pytest.fixture(scope="module")
def counted():
  keras.utils.set_random_seed(0)
  vae = Counted(
    aevb.networks.MLPEncoder(2, (8,)), aevb.networks.MLPDecoder((4, 3, 1), (8,)), seed=0
  )
  vae.compile("sgd", jit_compile=False)
  vae.traces = 0
  return vae


@pytest.mark.parametrize("loop", ["fit", "evaluate"])
def test_data_of_any_length_are_traced_twice_at_most(loop, counted):
  """For whole batches, and for a short one."""
  assert len(LENGTHS) == 40
  before = counted.traces
  kind = {"fit": "train", "evaluate": "test"}[loop]
  for n in LENGTHS:
    getattr(counted, loop)(X[:n], verbose=0)
  assert counted.traces - before <= 2
  (compiled,) = [
    v for key, v in counted._device_loop.compiled.items() if key[0] == kind
  ]
  for function in (compiled._whole, compiled._short):
    assert len(function._list_all_concrete_functions()) <= 1


@pytest.mark.parametrize("answer", ["elbo", "reconstruct", "encode"])
def test_answers_about_any_batch_are_traced_once(answer, counted):
  ask = getattr(counted, answer)
  ask(X[:3])
  before = counted.traces, len(counted._answers._functions)
  for n in LENGTHS:
    ask(X[:n])
  assert (counted.traces, len(counted._answers._functions)) == before


@pytest.mark.parametrize("loop", ["fit", "evaluate"])
def test_data_that_are_gone_are_released(loop, counted):
  x = X[:40].copy()
  gone = weakref.ref(x)
  getattr(counted, loop)(x, verbose=0)
  del x
  gc.collect()
  assert gone() is None


def test_validation_data_that_are_gone_are_released(counted):
  x = X[:40].copy()
  gone = weakref.ref(x)
  counted.fit(X[:20], validation_data=x, verbose=0)
  del x
  gc.collect()
  assert gone() is None


def test_data_sets_that_are_gone_are_released(counted):
  data = aevb.data.ArrayDataset(X[:40], batch_size=10)
  gone = weakref.ref(data)
  counted.fit(data, verbose=0)
  counted.evaluate(data, verbose=0)
  del data
  gc.collect()
  assert gone() is None
