"""What every model beside the VAE does, too: Keras' loops, saving, resuming, errors."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import aevb_tf as aevb
from tests.models.test_training import assert_same, weights
from tests.models.test_vae import digits
from tests.oracle import put_back, state, tiny_vae


def monte_carlo_em(**options):
  decoder = aevb.networks.MLPDecoder((4, 3, 1), (8,))
  return aevb.MonteCarloEM(decoder, 2, num_transitions=2, num_updates=2, **options)


def wake_sleep(**options):
  return tiny_vae(model=aevb.WakeSleep, num_samples=2, **options)


def full_vb(**options):
  options = {"dataset_size": 40, "num_weight_samples": 1, **options}
  return tiny_vae(model=aevb.FullVB, **options)


# Name -> a model of small images, and how many updates a step makes.
MODELS = {
  "MonteCarloEM": (monte_carlo_em, 2),
  "WakeSleep": (wake_sleep, 1),
  "FullVB": (full_vb, 1),
}
NAMES = list(MODELS)


def compiled(name, run_eagerly=False, seed=0, **options):
  keras.utils.set_random_seed(0)
  model = MODELS[name][0](seed=seed, **options)
  # Not by XLA: to compile takes longer here than to run.
  optimizer = keras.optimizers.Adam(0.01)
  model.compile(optimizer, jit_compile=False, run_eagerly=run_eagerly)
  return model


@pytest.fixture(scope="module", params=NAMES)
def traced_once(request):
  """A name, a model of small images, and how it was at first."""
  model = compiled(request.param)
  return request.param, model, state(model)


@pytest.fixture
def fresh(traced_once):
  """A name, and a model at its start; its loops are traced in its first test alone."""
  name, model, start = traced_once
  put_back(model, start)
  return name, model


def flat(model):
  """All weights as one vector."""
  return np.concatenate([w.ravel() for w in weights(model)])


def plain_options(model):
  """The options that are not objects, whose names depend on the model."""
  config = model.get_config().items()
  return {key: value for key, value in config if not isinstance(value, dict)}


def test_a_fit_in_two_parts_saved_between_ends_where_one_would(fresh, tmp_path):
  name, model = fresh
  start = state(model)
  data = aevb.data.ArrayDataset(digits(40), batch_size=10, shuffle=True)
  losses = model.fit(data, epochs=4, verbose=0).history["loss"]
  assert losses[-1] < losses[0]
  assert int(model.optimizer.iterations) == 4 * 4 * MODELS[name][1]
  whole = state(model)

  put_back(model, start)
  model.fit(data, epochs=2, verbose=0)
  result = model.evaluate(data, return_dict=True, verbose=0)
  model.save(tmp_path / "half.keras")
  again = aevb.load(tmp_path / "half.keras")
  assert plain_options(again) == plain_options(model)
  assert again.evaluate(data, return_dict=True, verbose=0) == result
  np.testing.assert_array_equal(again.sample(3, seed=1), model.sample(3, seed=1))
  again.fit(data, epochs=4, initial_epoch=2, verbose=0)
  assert_same(whole, state(again))


def test_every_variable_can_live_on_a_gpu(traced_once):
  """XLA reaches none of int32, which TensorFlow keeps in the host's memory."""
  model = traced_once[1]
  for variables in (
    model.variables,
    model.optimizer.variables,
    model.monitor.variables,
  ):
    assert variables and "int32" not in {v.dtype for v in variables}


@pytest.mark.parametrize("name", NAMES)
def test_another_seed_trains_otherwise(name):
  ours, other = (compiled(name, run_eagerly=True, seed=seed) for seed in (0, 1))
  np.testing.assert_array_equal(flat(ours), flat(other))
  for model in (ours, other):
    model.fit(digits(10), batch_size=10, shuffle=False, verbose=0)
  assert not np.allclose(flat(ours), flat(other), atol=1e-7)


def test_streams_arrays_and_xla_train_alike(fresh):
  name, reference = fresh
  x = digits(40)
  streamed, by_xla = compiled(name), compiled(name)
  options = {"epochs": 2, "verbose": 0}
  reference.fit(x, batch_size=10, shuffle=False, **options)
  stream = tf.data.Dataset.from_tensor_slices(x).batch(10)
  streamed.fit(stream, **options)
  by_xla.compile(keras.optimizers.Adam(0.01), jit_compile=True)
  by_xla.fit(x, batch_size=10, shuffle=False, **options)
  for model in (streamed, by_xla):
    for a, b in zip(weights(reference), weights(model), strict=True):
      np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ["MonteCarloEM", "WakeSleep"])
def test_map_scales_to_the_data_set(name):
  """loss = N (loss per example) - log p(theta), at the weights before an update."""
  x = digits(20)
  plain = compiled(name, run_eagerly=True)
  prior = {"dataset_size": 1000, "parameter_prior_stddev": 1.0}
  scaled = compiled(name, run_eagerly=True, **prior)
  theta = flat(plain).astype(np.float64)
  log_prior = -0.5 * np.sum(theta**2 + np.log(2 * np.pi))
  losses = [
    model.evaluate(x, batch_size=20, return_dict=True, verbose=0)["loss"]
    for model in (plain, scaled)
  ]
  np.testing.assert_allclose(losses[1], 1000 * losses[0] - log_prior, rtol=1e-5)


def test_broken_weights_and_targets_stop_a_fit(fresh):
  _, model = fresh
  x, before = digits(40), weights(model)
  with pytest.raises(ValueError, match="reach from 0 to 7.*likelihood='gaussian'"):
    model.fit(7 * x, verbose=0)
  assert_same(before, weights(model))
  model.decoder.head.bias.assign(np.full(12, np.nan))
  with pytest.raises(aevb.NonFiniteError, match=r"gradient .* step 1 of epoch 1\."):
    model.fit(x, batch_size=10, verbose=0)


@pytest.mark.parametrize("name", NAMES)
def test_it_trains_under_a_mirrored_strategy(name):
  strategy = tf.distribute.MirroredStrategy(["CPU:0"])
  with strategy.scope():
    model = compiled(name)
  losses = model.fit(digits(40), batch_size=10, epochs=3, verbose=0).history["loss"]
  assert losses[-1] < losses[0]
