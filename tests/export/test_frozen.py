"""Functions of a model on a copy of its weights, whatever it was trained under."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import aevb_tf as aevb
from aevb_tf.export import frozen, signatures
from tests.export.conftest import small_vae


def freeze(vae, *names):
  requested = signatures.build(vae, only=names)
  return frozen.Frozen(
    vae, {name: (s.function, s.inputs) for name, s in requested.items()}
  )


def test_a_trained_model_with_a_schedule_is_frozen(x):
  """The optimizer's step count, which the bound needs, is not a weight."""
  vae = small_vae(bound={"name": "sgvb", "kl_weight": {"name": "warm_up"}})
  vae.compile("adam", run_eagerly=True, jit_compile=False)
  vae.fit(x, epochs=1, verbose=0)
  result = freeze(vae, "elbo").functions["elbo"](tf.constant(x), tf.constant([0, 3]))
  np.testing.assert_allclose(result["elbo"], vae.elbo(x, seed=3), rtol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_is_left_behind(x, policy):
  keras.utils.set_random_seed(0)
  vae = aevb.VAE(
    aevb.networks.MLPEncoder(3, (32,), dtype=policy),
    aevb.networks.MLPDecoder((8, 6, 1), (32,), dtype=policy),
    dtype=policy,
  )
  whole = small_vae()
  vae.set_weights(whole.get_weights())
  functions = freeze(vae, "encode", "reconstruct").functions
  for function in functions.values():
    body = function.graph.as_graph_def()
    assert not {node.attr["T"].type for node in body.node} & {
      tf.float16.as_datatype_enum,
      tf.bfloat16.as_datatype_enum,
    }
  result = functions["reconstruct"](tf.constant(x))["x_mean"]
  np.testing.assert_allclose(result, whole.reconstruct(x), 1e-6, 1e-6)
  assert np.abs(result - vae.reconstruct(x)).max() > 1e-5  # the model is as it was
  assert vae.encoder.compute_dtype == policy.removeprefix("mixed_")


def _networks():
  return aevb.networks.MLPEncoder(3, (4,)), aevb.networks.MLPDecoder((8, 6, 1), (4,))


def test_comparators_with_an_encoder_are_frozen(x):
  full = aevb.FullVB(*_networks(), dataset_size=5, seed=0)
  with pytest.raises(ValueError, match=r"export to_vae\(\)"):
    freeze(full, "elbo")
  classifier = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(2)])
  semi = aevb.SemiSupervisedVAE(*_networks(), classifier, 2, 0.5)
  with pytest.raises(ValueError, match=r"export to_vae\(\)"):
    freeze(semi, "elbo")
  for vae in (aevb.WakeSleep(*_networks(), seed=0), full.to_vae()):
    result = freeze(vae, "elbo").functions["elbo"](tf.constant(x), tf.constant([0, 3]))
    np.testing.assert_allclose(result["elbo"], vae.elbo(x, seed=3), rtol=1e-5)


def test_a_variable_that_is_not_a_weight_is_named():
  hidden = tf.Variable(1.0, name="forgotten")

  @keras.saving.register_keras_serializable(package="tests.export")
  class Forgetful(aevb.networks.MLPDecoder):
    def call(self, z):
      return hidden * super().call(z)

  vae = aevb.VAE(aevb.networks.MLPEncoder(2, (3,)), Forgetful((2, 2, 1), (3,)))
  with pytest.raises(ValueError, match="the variable forgotten:0, which is not"):
    freeze(vae, "decode")


def test_equal_models_have_equal_names_of_weights():
  names = [
    [weight.name for weight in freeze(small_vae(seed), "decode").weights]
    for seed in (0, 1)
  ]
  assert names[0] == names[1]
  assert len(set(names[0])) == len(names[0])
