import keras
import numpy as np
import pytest
import tensorflow as tf

import aevb_tf as aevb
from tests.likelihoods import cases
from tests.networks import harness

NETWORKS = {
  "mlp": lambda **o: aevb.networks.MLPEncoder(3, (6, 5), **o),
  "linear": lambda **o: aevb.networks.MLPEncoder(3, (), **o),
  "conv": lambda **o: aevb.networks.ConvEncoder(3, (4, 6), hidden_units=(5,), **o),
  "conv deep": lambda **o: aevb.networks.ConvEncoder(3, (4, 4, 4), kernel_size=5, **o),
  "mlp decoder": lambda e, **o: aevb.networks.MLPDecoder(e, (5, 6), **o),
  "linear decoder": lambda e, **o: aevb.networks.MLPDecoder(e, (), **o),
  "conv decoder": lambda e, **o: aevb.networks.ConvDecoder(
    e, (6, 4), hidden_units=(5,), **o
  ),
  "conv deep decoder": lambda e, **o: aevb.networks.ConvDecoder(e, (4, 4, 4), 5, **o),
}
CASES = {name: harness.Case(make) for name, make in NETWORKS.items()}
COLUMNS = [{"kind": "categorical", "levels": 3}, {"kind": "count", "mean": 9.0}]
CASES["table"] = harness.Case(
  lambda **o: aevb.networks.TableEncoder(COLUMNS, 3, (6, 5), **o), ((2,), (4,))
)


@pytest.mark.parametrize("check", harness.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", CASES)
def test_every_network(name, check):
  check(CASES[name])


def _can_return(name, likelihood):
  """Convolutions return images, and not rows of a table."""
  return "conv" not in name or len(cases.event_shape(likelihood)) == 3


DECODERS = [
  (name, likelihood)
  for name in NETWORKS
  for likelihood in aevb.likelihoods.names()
  if "decoder" in name and _can_return(name, likelihood)
]


@pytest.mark.parametrize("name, likelihood", DECODERS)
def test_decoders_give_the_parameters_of_their_likelihood(name, likelihood):
  """One shape suffices: decoders know of a likelihood nothing but `params_shape`."""
  small = cases.event_shape(likelihood)
  shape = (16, 5, *small[2:]) if len(small) == 3 else small
  decoder = NETWORKS[name](shape, likelihood=cases.identifier(likelihood))
  z = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
  assert decoder(z).shape == (4, *decoder.params_shape)
  p = decoder.likelihood(z)
  assert p.batch_shape == (4,) and p.event_shape == shape


def test_mlp_is_the_paper_s_formula():
  encoder = aevb.networks.MLPEncoder(2, (4,))
  x = np.random.default_rng(0).random((3, 5, 1, 1), np.float32)
  encoder(x)
  w3, b3, w45, b45 = encoder.get_weights()
  h = np.tanh(x.reshape(3, 5) @ w3 + b3)
  np.testing.assert_allclose(encoder(x), h @ w45 + b45, rtol=1e-5, atol=1e-6)


def test_layers_of_equal_shape_start_differently():
  initializer = keras.initializers.RandomNormal(stddev=0.1)
  network = aevb.networks.MLPEncoder(2, (4, 4, 4), kernel_initializer=initializer)
  network(np.zeros((1, 4), np.float32))
  first, second = (layer.kernel.numpy() for layer in network.hidden[1:])
  assert not np.any(first == second)


def test_initializers_reach_every_layer():
  options = {"kernel_initializer": "ones", "bias_initializer": "ones"}
  encoder = aevb.networks.MLPEncoder(2, (4,), **options)
  decoder = aevb.networks.MLPDecoder((3, 1, 1), (4,), **options)
  encoder(np.zeros((1, 3, 1, 1), np.float32)), decoder(np.zeros((1, 2), np.float32))
  for weights in (*encoder.get_weights(), *decoder.get_weights()):
    np.testing.assert_array_equal(weights, np.ones_like(weights))


@pytest.mark.parametrize(
  "make, message",
  [
    (lambda: aevb.networks.MLPEncoder(0), "latent_dim=0 must be a positive integer"),
    (lambda: aevb.networks.MLPEncoder(2, 500), r"hidden_units=500 .* such as \(500,\)"),
    (lambda: aevb.networks.MLPEncoder(2, (0,)), "hidden_units=0"),
    (lambda: aevb.networks.MLPDecoder(784), "event_shape=784"),
    (lambda: aevb.networks.MLPDecoder(()), "event_shape"),
    (lambda: aevb.networks.ConvDecoder((784,)), "Use an MLPDecoder"),
    (lambda: aevb.networks.ConvEncoder(2, ()), "filters"),
    (lambda: aevb.networks.MLPEncoder(2, posterior="gausian"), "Did you mean gaussian"),
    (
      lambda: aevb.networks.MLPDecoder((2,), likelihood="berno"),
      "Did you mean bernoulli",
    ),
    (lambda: aevb.networks.MLPEncoder(2, activation="tanhh"), "tanhh"),
  ],
)
def test_wrong_arguments_are_named(make, message):
  with pytest.raises(ValueError, match=message):
    make()


@keras.saving.register_keras_serializable(package="tests")
class OwnEncoder(keras.Model):
  """A network that knows nothing of this package."""

  def __init__(self, **kwargs):
    super().__init__(**kwargs)
    self.flatten = keras.layers.Flatten()
    self.dense = keras.layers.Dense(4)

  def call(self, x):
    return self.dense(self.flatten(x))


def functional_decoder(outputs=12):
  z = keras.Input((2,))
  x = keras.layers.Dense(outputs)(keras.layers.Dense(5, "relu")(z))
  return keras.Model(z, keras.layers.Reshape((4, 3, outputs // 12))(x))


@pytest.mark.parametrize(
  "encoder",
  [
    OwnEncoder,
    lambda: keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(4)]),
  ],
  ids=["subclassed", "sequential"],
)
def test_own_networks_train_save_and_load(encoder, tmp_path):
  vae = aevb.VAE(
    encoder(),
    functional_decoder(),
    posterior="gaussian",
    likelihood="bernoulli",
    seed=0,
  )
  vae.compile(keras.optimizers.Adam(0.05))
  x = (np.random.default_rng(0).random((40, 4, 3, 1)) > 0.8).astype(np.float32)
  with pytest.raises(ValueError, match="`sample` needs to know the shape"):
    vae.sample(1)
  history = vae.fit(x, batch_size=10, epochs=8, verbose=0).history["loss"]
  assert history[-1] < history[0]
  assert vae.latent_dim == 2 and vae.event_shape == (4, 3, 1)
  vae.save(tmp_path / "own.keras")
  again = aevb.load(tmp_path / "own.keras")
  np.testing.assert_array_equal(again.reconstruct(x), vae.reconstruct(x))
  np.testing.assert_array_equal(again.elbo(x, seed=3), vae.elbo(x, seed=3))


def test_own_networks_that_do_not_fit_are_refused_with_sizes():
  options = {"posterior": "gaussian", "likelihood": "bernoulli"}
  x = np.zeros((2, 4, 3, 1), np.float32)
  with pytest.raises(ValueError, match="does not define a posterior"):
    aevb.VAE(OwnEncoder(), functional_decoder(), likelihood="bernoulli")
  with pytest.raises(ValueError, match="does not define a likelihood"):
    aevb.VAE(OwnEncoder(), functional_decoder(), posterior="gaussian")
  with pytest.raises(ValueError, match="has its own posterior"):
    aevb.VAE(aevb.networks.MLPEncoder(2), functional_decoder(), **options)
  odd = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(5)])
  with pytest.raises(
    ValueError, match=r"returns \(5,\) .* 2 numbers for J=1 and 4 for"
  ):
    aevb.VAE(odd, functional_decoder(), **options)(x)
  with pytest.raises(ValueError, match=r"returns \(4, 3, 2\) .* takes \(4, 3, 1\)"):
    aevb.VAE(OwnEncoder(), functional_decoder(24), **options)(x)


def test_data_of_another_shape_than_the_decoder_s_are_refused():
  decoder = aevb.networks.MLPDecoder((4, 3, 1), (5,))
  vae = aevb.VAE(aevb.networks.MLPEncoder(2, (5,)), decoder)
  vae.compile("adam")
  for x in (np.zeros((2, 5, 3, 1)), np.zeros((2, 4, 3))):
    with pytest.raises(ValueError, match="but the model needs data of shape"):
      vae.fit(x, verbose=0)


def test_a_shared_variance_stays_in_float32_in_a_half_precision_model():
  decoder = aevb.networks.MLPDecoder(
    (4, 3, 1),
    (5,),
    likelihood={"name": "gaussian", "scale": "shared"},
    dtype="mixed_float16",
  )
  encoder = aevb.networks.MLPEncoder(2, (5,), dtype="mixed_float16")
  vae = aevb.VAE(encoder, decoder, dtype="mixed_float16")
  vae.likelihood_family.log_variance.assign(-30.0)
  x = np.random.default_rng(0).random((2, 4, 3, 1), np.float32)
  assert vae(x).dtype == tf.float32
  assert np.all(np.isfinite(vae.elbo(x, seed=0)))


def test_networks_run_in_half_precision_and_densities_in_float32():
  x = np.random.default_rng(0).random((4, 8, 8, 1), np.float32)
  for encoder, decoder in (("mlp", "mlp"), ("conv", "conv")):
    encoder = NETWORKS[encoder](dtype="mixed_bfloat16")
    decoder = NETWORKS[f"{decoder} decoder"]((8, 8, 1), dtype="mixed_bfloat16")
    assert encoder(x).dtype == tf.bfloat16
    q = encoder.posterior(x)
    assert q.mean().dtype == tf.float32
    assert decoder(q.mean()).dtype == tf.bfloat16
    assert decoder.likelihood(q.mean()).log_prob(x).dtype == tf.float32
