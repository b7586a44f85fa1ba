"""One definition of what an exported model answers."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import aevb_tf as aevb
from aevb_tf.export import signatures
from tests.export.conftest import small_vae


def test_inputs_have_the_documented_names_types_and_shapes(vae):
  requested = signatures.build(vae)
  result = {
    name: {i.name: (i.dtype.name, tuple(i.shape)) for i in signature.inputs}
    for name, signature in requested.items()
  }
  x, z = ("float32", (None, 8, 6, 1)), ("float32", (None, 3))
  num, seed = ("int32", ()), ("int32", (2,))
  assert result == {
    "encode": {"x": x},
    "decode": {"z": z},
    "sample": {"num": num, "seed": seed},
    "reconstruct": {"x": x},
    "elbo": {"x": x, "seed": seed},
    "log_marginal": {"x": x, "seed": seed},
  }
  for signature in requested.values():
    assert len(signature.input_docs) == len(signature.inputs)


def test_a_fixed_batch_draws_any_rows_of_the_longer_request(vae):
  whole = signatures.build(vae)["sample"].function(tf.constant(7), [0, 5])
  sample = signatures.build(vae, batch_size=3)["sample"]
  assert [spec.name for spec in sample.inputs] == ["first", "seed"]
  part = sample.function(tf.constant(4), [0, 5])
  np.testing.assert_array_equal(part["z"], whole["z"][4:])
  assert part["x_mean"].shape == (3, 8, 6, 1)


@pytest.mark.parametrize("num", [0, -1, 6])
def test_a_number_out_of_bounds_fails_or_is_moved(vae, num):
  checked = signatures.build(vae, max_samples=5)["sample"].function
  with pytest.raises(tf.errors.InvalidArgumentError, match="between 1 and 5"):
    checked(tf.constant(num), [0, 0])
  clamped = signatures.build(vae, max_samples=5, clamp=True)["sample"].function
  assert len(clamped(tf.constant(num), [0, 0])["z"]) == (5 if num > 5 else 1)


def test_an_example_that_cannot_be_scored_is_nan_and_affects_no_other(vae, x):
  broken = x.copy()
  broken[1, 0, 0, 0], broken[3, 2, 2, 0] = np.nan, 255.0
  for name in ("elbo", "log_marginal"):
    function = signatures.build(vae, num_importance_samples=3)[name].function
    whole, result = (function(tf.constant(data), [0, 1]) for data in (x, broken))
    for key, values in result.items():
      values = np.asarray(values)
      assert np.isnan(values[[1, 3]]).all(), key
      np.testing.assert_allclose(values[[0, 2, 4]], whole[key].numpy()[[0, 2, 4]], 1e-6)


def test_a_choice_keeps_the_order_and_refuses_unknown_names(vae):
  assert list(signatures.build(vae, only=["sample", "encode"])) == ["encode", "sample"]
  with pytest.raises(ValueError, match="Unknown signature 'sampel'. Did you mean"):
    signatures.build(vae, only=["sampel"])
  with pytest.raises(ValueError, match="at least one"):
    signatures.build(vae, only=[])


@pytest.mark.parametrize(
  "name", ["max_samples", "num_importance_samples", "batch_size"]
)
def test_numbers_have_to_be_positive(vae, name):
  with pytest.raises(ValueError, match=f"{name}=0 must be a positive integer"):
    signatures.build(vae, **{name: 0})


def test_a_model_that_knows_no_shape_is_refused():
  unbuilt = aevb.VAE(
    keras.Sequential([keras.layers.Dense(4)]),
    keras.Sequential([keras.layers.Dense(6)]),
    posterior="gaussian",
    likelihood="bernoulli",
  )
  with pytest.raises(ValueError, match="know the shape of its data"):
    signatures.build(unbuilt)


def test_a_model_without_an_encoder_is_refused():
  decoder = aevb.networks.MLPDecoder((2, 2, 1), (3,))
  with pytest.raises(ValueError, match="MonteCarloEM is not a VAE"):
    signatures.build(aevb.MonteCarloEM(decoder, latent_dim=2))


def test_bounds_of_many_draws_and_schedules_are_reported_as_the_model_does(x):
  bound = {"name": "sgvb", "num_samples": 3, "kl_weight": {"name": "warm_up"}}
  vae = small_vae(bound=bound)
  vae.compile("adam")
  result = signatures.build(vae)["elbo"].function(tf.constant(x), [0, 3])
  np.testing.assert_allclose(result["elbo"], vae.elbo(x, seed=3), rtol=1e-6)
