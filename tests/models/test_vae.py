import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

import aevb_tf as aevb
from tests.oracle import tiny_vae

LIKELIHOODS = [
  "bernoulli",
  "continuous_bernoulli",
  "categorical",
  "gaussian",
  {"name": "gaussian", "scale": "shared"},
  {"name": "gaussian", "scale": 0.3, "unit_mean": True},
]
NETWORKS = {
  "mlp": (aevb.networks.MLPEncoder, aevb.networks.MLPDecoder, {"hidden_units": (8,)}),
  "conv": (aevb.networks.ConvEncoder, aevb.networks.ConvDecoder, {"filters": (3, 4)}),
}


def digits(n=60, shape=(4, 3, 1)):
  """Small binary images of two kinds, so that there is something to learn."""
  rng = np.random.default_rng(0)
  kinds = rng.random((2, *shape)) > 0.5
  flips = rng.random((n, *shape)) < 0.05
  return (kinds[rng.integers(2, size=n)] ^ flips).astype(np.float32)


BOUNDS = [("A", 1), ("A", 3), ("B", 1), ("B", 3)]
# Every likelihood with every network and both estimators, the number of samples
# alternating; `test_compositions.py` has every pair of likelihood and bound.
COMPOSITIONS = [
  (list(NETWORKS)[j], likelihood, BOUNDS[(i + 2 * j) % 4])
  for i, likelihood in enumerate(LIKELIHOODS)
  for j in range(2)
]


# 256 levels learn from binary images too, and say that another likelihood is for them.
@pytest.mark.filterwarnings("ignore:The data hold only 0 and 1:UserWarning")
@pytest.mark.parametrize("network, likelihood, bound", COMPOSITIONS, ids=str)
def test_every_composition_trains_saves_loads_and_evaluates(
  network, likelihood, bound, tmp_path
):
  keras.utils.set_random_seed(0)
  make_encoder, make_decoder, options = NETWORKS[network]
  vae = aevb.VAE(
    make_encoder(2, **options),
    make_decoder((4, 3, 1), likelihood=likelihood, **options),
    bound=aevb.bounds.SGVB(*bound),
    seed=0,
  )
  eager = network == "mlp"  # every likelihood is compiled with "conv"
  jit = False if eager else "auto"
  vae.compile(keras.optimizers.Adam(0.05), run_eagerly=eager, jit_compile=jit)
  x = digits()
  before = vae.evaluate(x, batch_size=20, return_dict=True, verbose=0)
  vae.fit(x, batch_size=20, epochs=2, verbose=0)
  after = vae.evaluate(x, batch_size=20, return_dict=True, verbose=0)
  assert after["loss"] < before["loss"]
  assert set(after) == {"elbo", "kl", "log_likelihood", "loss"}
  np.testing.assert_allclose(
    after["elbo"], after["log_likelihood"] - after["kl"], rtol=1e-5
  )

  vae.save(tmp_path / "vae.keras")
  again = keras.models.load_model(tmp_path / "vae.keras", safe_mode=True)
  np.testing.assert_array_equal(again.reconstruct(x), vae.reconstruct(x))
  np.testing.assert_array_equal(again.sample(3, seed=1), vae.sample(3, seed=1))
  np.testing.assert_array_equal(again.elbo(x, seed=0), vae.elbo(x, seed=0))
  for a, b in zip(again.optimizer.variables, vae.optimizer.variables, strict=True):
    np.testing.assert_array_equal(a, b)


def test_encode_and_decode_are_distributions():
  vae = tiny_vae()
  x = digits(5)
  q, p = vae.encode(x), vae.decode(np.zeros((5, 2)))
  assert isinstance(q, tfp.distributions.Distribution)
  assert q.batch_shape == (5,) and q.event_shape == (2,)
  assert p.batch_shape == (5,) and p.event_shape == (4, 3, 1)


def test_reconstruct_predict_and_call_decode_the_posterior_mean():
  vae = tiny_vae()
  x = digits(5)
  expected = vae.decode(vae.encode(x).mean()).mean()
  np.testing.assert_array_equal(vae.reconstruct(x), expected)
  np.testing.assert_array_equal(vae(x), expected)
  np.testing.assert_allclose(vae.predict(x, verbose=0), expected, rtol=1e-5)


@pytest.mark.parametrize("draw", [False, True])
def test_longer_requests_begin_with_the_shorter_ones(draw):
  vae = tiny_vae()
  long = vae.sample(7, seed=5, draw=draw).numpy()
  # The decoder's products round differently by batch size; z does not.
  np.testing.assert_allclose(vae.sample(3, seed=5, draw=draw), long[:3], rtol=1e-5)
  np.testing.assert_array_equal(vae.sample(7, seed=(0, 5), draw=draw), long)
  assert not np.allclose(vae.sample(7, seed=6, draw=draw), long)
  assert set(np.unique(long)) <= {0.0, 1.0} or not draw


def test_sample_decodes_the_package_s_own_noise():
  vae = tiny_vae()
  z = aevb.random.normal(5, tf.range(4), 2)
  np.testing.assert_allclose(vae.sample(4, seed=5), vae.decode(z).mean(), rtol=1e-6)


def test_samples_without_a_seed_differ_and_follow_the_global_seed():
  vae = tiny_vae()
  keras.utils.set_random_seed(3)
  first, second = vae.sample(2), vae.sample(2)
  keras.utils.set_random_seed(3)
  assert not np.allclose(first, second)
  np.testing.assert_array_equal(vae.sample(2), first)


def test_elbo_is_seeded_per_example():
  vae = tiny_vae(bound=aevb.bounds.SGVB("B", 2))
  x = digits(6)
  elbo = vae.elbo(x, seed=1).numpy()
  assert elbo.shape == (6,) and elbo.dtype == np.float32
  np.testing.assert_allclose(vae.elbo(x[:4], seed=1), elbo[:4], rtol=1e-5)
  assert not np.allclose(vae.elbo(x, seed=2), elbo)
  with pytest.raises(ValueError, match="reach from 0 to 3.*gaussian"):
    vae.elbo(3 * x, seed=1)


def test_kl_per_dimension_adds_up_to_the_kl():
  vae = tiny_vae(latent_dim=3)
  x = digits(6)
  kl = vae.kl_per_dimension(x)
  q = vae.encode(x)
  total = tfp.distributions.kl_divergence(q, vae.prior.distribution())
  assert kl.shape == (6, 3)
  np.testing.assert_allclose(tf.reduce_sum(kl, 1), total, rtol=1e-5)


@pytest.mark.parametrize("batch_size", [1, 7, 20, 60, 1000])
def test_evaluate_weighs_every_example_alike(batch_size):
  vae = tiny_vae()
  vae.compile("adam")
  x = digits(60)
  rows = tf.range(60)
  seed = aevb.random.fold_in(vae.seed, 2)
  exact = vae.bound_parts(x, seed, rows, training=False)
  result = vae.evaluate(x, batch_size=batch_size, return_dict=True, verbose=0)
  np.testing.assert_allclose(result["elbo"], np.mean(exact.elbo), rtol=2e-6)
  np.testing.assert_allclose(result["kl"], np.mean(exact.kl), rtol=2e-6)
  np.testing.assert_allclose(result["loss"], -np.mean(exact.elbo), rtol=2e-6)


def test_compile_refuses_a_loss():
  with pytest.raises(ValueError, match="is minus its bound"):
    tiny_vae().compile("adam", loss="mse")


def test_metrics_of_the_user_see_data_and_reconstruction():
  vae = tiny_vae()
  vae.compile(
    keras.optimizers.SGD(0.0), metrics=[keras.metrics.MeanSquaredError("mse")]
  )
  x = digits(20)
  result = vae.evaluate(x, batch_size=20, return_dict=True, verbose=0)
  expected = np.mean((x - vae.reconstruct(x).numpy()) ** 2)
  np.testing.assert_allclose(result["mse"], expected, rtol=1e-5)
  history = vae.fit(x, batch_size=20, verbose=0).history
  np.testing.assert_allclose(history["mse"], [expected], rtol=1e-5)


def test_saved_files_that_are_none_are_named(tmp_path):
  with pytest.raises(FileNotFoundError, match="no file .*missing.keras"):
    aevb.load(tmp_path / "missing.keras")
  broken = tmp_path / "broken.keras"
  broken.write_bytes(b"PK nonsense")
  with pytest.raises(ValueError, match="broken.keras is not a .keras file"):
    aevb.load(broken)
  vae = tiny_vae()
  vae.save(tmp_path / "good.keras")
  content = (tmp_path / "good.keras").read_bytes()
  broken.write_bytes(content[: len(content) // 2])
  with pytest.raises(ValueError, match="broken.keras"):
    aevb.load(broken)
