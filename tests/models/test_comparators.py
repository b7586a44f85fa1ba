"""What every model beside the VAE does, too: Keras' loops, saving, resuming, errors."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import aevb_tf as aevb
from tests.models.test_training import assert_same_weights, weights
from tests.models.test_vae import digits
from tests.oracle import tiny_vae


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


def compiled(name, seed=0, **options):
  keras.utils.set_random_seed(0)
  model = MODELS[name][0](seed=seed, **options)
  # Not by XLA: to compile takes longer here than to run.
  model.compile(keras.optimizers.Adam(0.01), jit_compile=False)
  return model


def plain_options(model):
  """The options that are no objects: those have names of their own in each model."""
  config = model.get_config().items()
  return {key: value for key, value in config if not isinstance(value, dict)}


@pytest.mark.parametrize("name", NAMES)
def test_a_fit_in_two_parts_saved_between_ends_where_one_would(name, tmp_path):
  x = digits(40)
  data = aevb.data.ArrayDataset(x, batch_size=10, shuffle=True, seed=1)
  whole, parts, other = compiled(name), compiled(name), compiled(name, seed=1)
  losses = whole.fit(data, epochs=4, verbose=0).history["loss"]
  assert losses[-1] < losses[0]
  assert int(whole.optimizer.iterations) == 4 * 4 * MODELS[name][1]

  parts.fit(data, epochs=2, verbose=0)
  result = parts.evaluate(data, return_dict=True, verbose=0)
  parts.save(tmp_path / "half.keras")
  again = aevb.load(tmp_path / "half.keras")
  assert plain_options(again) == plain_options(parts)
  assert again.evaluate(data, return_dict=True, verbose=0) == result
  np.testing.assert_array_equal(again.sample(3, seed=1), parts.sample(3, seed=1))
  again.fit(data, epochs=4, initial_epoch=2, verbose=0)
  assert_same_weights(whole, again)
  for a, b in zip(whole.variables, again.variables, strict=True):
    np.testing.assert_array_equal(a, b)

  other.fit(data, epochs=4, verbose=0)
  assert not np.allclose(weights(whole)[0], weights(other)[0], atol=1e-7)


@pytest.mark.parametrize("name", NAMES)
def test_streams_arrays_and_xla_train_alike(name):
  x = digits(40)
  reference, streamed, by_xla = (compiled(name) for _ in range(3))
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
  """loss = N (loss per datum) - log p(theta), at the weights before an update."""
  x = digits(20)
  plain = compiled(name)
  scaled = compiled(name, dataset_size=1000, parameter_prior_stddev=1.0)
  flat = np.concatenate([w.ravel() for w in weights(plain)]).astype(np.float64)
  log_prior = -0.5 * np.sum(flat**2 + np.log(2 * np.pi))
  losses = [
    model.evaluate(x, batch_size=20, return_dict=True, verbose=0)["loss"]
    for model in (plain, scaled)
  ]
  np.testing.assert_allclose(losses[1], 1000 * losses[0] - log_prior, rtol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_broken_weights_and_targets_stop_a_fit(name):
  model = compiled(name)
  x = digits(20)
  with pytest.raises(ValueError, match="reach from 0 to 7.*likelihood='gaussian'"):
    model.fit(7 * x, verbose=0)
  good = weights(model)
  model.decoder.head.bias.assign(np.full(12, np.nan))
  with pytest.raises(aevb.NonFiniteError, match=r"gradient .* step 1 of epoch 1\."):
    model.fit(x, batch_size=10, verbose=0)
  assert all(np.isfinite(w).all() for w in good)


@pytest.mark.parametrize("name", NAMES)
def test_it_trains_under_a_mirrored_strategy(name):
  strategy = tf.distribute.MirroredStrategy(["CPU:0"])
  with strategy.scope():
    model = compiled(name)
  losses = model.fit(digits(40), batch_size=10, epochs=3, verbose=0).history["loss"]
  assert losses[-1] < losses[0]
