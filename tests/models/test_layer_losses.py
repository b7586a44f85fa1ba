"""Losses of layers count in `loss` and in the gradient, once for an update.

The oracle writes them out: `c sum k^2` for a kernel, and for the outputs h of each call
of a layer `c sum h^2 / batch`, as Keras does.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

import aevb_tf as aevb
from aevb_tf.random import Purpose, derive
from tests.models import paths
from tests.models.test_vae import digits

KERNEL, BIAS, ACTIVITY = 3.0, 2.0, 0.5
X = digits(20)
LEARNING_RATE = 1e-2


def regularized(model, with_encoder=True, **options):
  """A model with every regularizer in a layer of each of its networks."""
  keras.utils.set_random_seed(0)
  encoder = aevb.networks.MLPEncoder(2, (8,))
  decoder = aevb.networks.MLPDecoder((4, 3, 1), (8,))
  for network in (encoder, decoder):
    layer = network.hidden[0]
    layer.kernel_regularizer = keras.regularizers.L2(KERNEL)
    layer.bias_regularizer = keras.regularizers.L2(BIAS)
    layer.activity_regularizer = keras.regularizers.L2(ACTIVITY)
  networks = (encoder, decoder) if with_encoder else (decoder,)
  model = model(*networks, seed=0, **options)
  for network in networks:
    network.hidden[0].bias.assign(np.linspace(-1, 1, 8))
  model.compile(keras.optimizers.SGD(LEARNING_RATE), run_eagerly=True)
  return model


# For each model: the outputs of its regularized layers in a pass, as (outputs, share).


def outputs(network, inputs, kernel=None, bias=None):
  layer = network.hidden[0]
  inputs = tf.reshape(inputs, (-1, layer.kernel.shape[0]))
  kernel = tf.convert_to_tensor(layer.kernel) if kernel is None else kernel
  bias = tf.convert_to_tensor(layer.bias) if bias is None else bias
  return tf.tanh(inputs @ kernel + bias)


def latents(vae, x, seed, rows, hold=False):
  noise = vae.posterior_family.noise(seed, rows, vae.bound.num_draws)
  z = vae.posterior_family.sample(vae.encode(x), noise)
  return tf.stop_gradient(z) if hold else z


def of_vae(vae, x, seed, rows):
  yield outputs(vae.encoder, x), 1
  yield outputs(vae.decoder, latents(vae, x, seed, rows)), 1


def of_vamp(vae, x, seed, rows):
  yield from of_vae(vae, x, seed, rows)
  yield outputs(vae.encoder, tf.convert_to_tensor(vae.prior.pseudo_inputs)), 1


def of_wake_sleep(vae, x, seed, rows):
  z, dreamt = vae.dream(derive(seed, Purpose.DREAM), rows)
  yield outputs(vae.encoder, x), 1
  yield outputs(vae.decoder, latents(vae, x, seed, rows, hold=True)), 1
  yield outputs(vae.decoder, z), 1
  yield outputs(vae.encoder, dreamt), 1


def of_full_vb(vae, x, seed, rows):
  variables = vae.generative_variables
  layer = vae.decoder.hidden[0]
  names = [v.path for v in variables]
  kernel, bias = (names.index(v.path) for v in (layer.kernel, layer.bias))
  draws = vae.num_weight_samples
  for i in range(draws):
    draw = derive(seed, Purpose.WEIGHT_DRAW, i)
    theta = vae.weight_family.sample(variables, derive(draw, Purpose.WEIGHTS))
    z = latents(vae, x, draw, rows)
    yield outputs(vae.encoder, x), draws
    yield outputs(vae.decoder, z, theta[kernel], theta[bias]), draws


def of_monte_carlo_em(em, x, seed, rows):
  z = em.posterior_samples(x, seed, rows).z
  yield outputs(em.decoder, z), 1


A = aevb.bounds.SGVB("A", 2)
MODELS = {
  "VAE": (lambda **o: regularized(aevb.VAE, **o), of_vae),
  "VAE, 2 samples": (lambda **o: regularized(aevb.VAE, bound=A, **o), of_vae),
  "VAE, vamp": (lambda **o: regularized(aevb.VAE, prior="vamp", bound=A, **o), of_vamp),
  "WakeSleep": (lambda **o: regularized(aevb.WakeSleep, **o), of_wake_sleep),
  "FullVB": (
    lambda **o: regularized(
      aevb.FullVB, num_weight_samples=2, **({"dataset_size": 30} | o)
    ),
    of_full_vb,
  ),
  "MonteCarloEM": (
    lambda **o: regularized(
      aevb.MonteCarloEM,
      with_encoder=False,
      latent_dim=2,
      num_transitions=1,
      leapfrog_steps=1,
      num_updates=1,
      **o,
    ),
    of_monte_carlo_em,
  ),
}


def layer_losses(model, of_model, x, seed, rows):
  total = tf.add_n(
    [
      ACTIVITY * tf.reduce_sum(h**2) / (share * h.shape[0])
      for h, share in of_model(model, tf.constant(x), seed, rows)
    ]
  )
  for network in (getattr(model, name) for name in model.networks):
    layer = network.hidden[0]
    total += KERNEL * tf.reduce_sum(tf.convert_to_tensor(layer.kernel) ** 2)
    total += BIAS * tf.reduce_sum(tf.convert_to_tensor(layer.bias) ** 2)
  return total


def data_loss(model, parts):
  loss = -(model.dataset_size or 1) * tf.reduce_mean(parts.bound)
  return loss + model.weight_kl() if isinstance(model, aevb.FullVB) else loss


@pytest.mark.parametrize(
  "name, dataset_size",
  [*((name, None) for name in MODELS), ("VAE", 30), ("WakeSleep", 30)],
)
def test_layer_losses_count_once_in_loss_and_gradient(name, dataset_size):
  make, of_model = MODELS[name]
  model = make(**({} if dataset_size is None else {"dataset_size": dataset_size}))
  rows = tf.range(20)

  seed = derive(model.seed, Purpose.TEST)
  (parts,) = [paths.evaluation_parts(model, paths.Examples(X))]
  expected = data_loss(model, parts) + layer_losses(model, of_model, X, seed, rows)
  logs = model.test_on_batch(X, return_dict=True)
  np.testing.assert_allclose(logs["loss"], expected, rtol=1e-5)

  seed = derive(derive(model.seed, Purpose.TRAIN), Purpose.STEP, 0)
  variables = model.trainable_variables
  before = [v.numpy() for v in variables]
  with tf.GradientTape() as tape:
    (parts,) = paths.training_parts(model, paths.Examples(X, batch_size=20))
    loss = data_loss(model, parts) + layer_losses(model, of_model, X, seed, rows)
  gradients = tape.gradient(loss, variables)
  logs = model.train_on_batch(X, return_dict=True)
  np.testing.assert_allclose(logs["loss"], loss, rtol=1e-5)
  for old, gradient, variable in zip(before, gradients, variables, strict=True):
    moved = old - LEARNING_RATE * np.asarray(gradient)
    np.testing.assert_allclose(variable, moved, rtol=1e-4, atol=1e-5)


@pytest.fixture(scope="module")
def still():
  vae = regularized(aevb.VAE)
  vae.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
  return vae


@pytest.mark.parametrize("path", paths.ALL)
def test_layer_losses_count_on_every_path(path, still):
  examples = paths.Examples(X)
  if path.startswith("evaluate"):
    batches = [(X, paths.evaluation_parts(still, examples))]
    seeds = [derive(still.seed, Purpose.TEST)]
  else:
    batches = list(
      zip(
        [batch[0] for batch in examples.batches()],
        paths.training_parts(still, examples),
        strict=True,
      )
    )
    train, first = derive(still.seed, Purpose.TRAIN), int(still.updates)
    seeds = [derive(train, Purpose.STEP, first + i) for i in range(len(batches))]
  losses = [
    data_loss(still, parts) + layer_losses(still, of_vae, x, seed, tf.range(len(x)))
    for (x, parts), seed in zip(batches, seeds, strict=True)
  ]
  expected = np.average(losses, weights=[len(x) for x, _ in batches])
  logs = paths.ALL[path](still, examples)
  np.testing.assert_allclose(logs["loss"], expected, rtol=1e-5)


@pytest.mark.parametrize(
  "name, options", [("VAE", {"metrics": ["mse"]}), ("MonteCarloEM", {})]
)
def test_layer_losses_count_once_in_compiled_loops(name, options):
  make, of_model = MODELS[name]
  model = make()
  model.compile(keras.optimizers.SGD(0.0), **options)
  expected = data_loss(model, paths.evaluation_parts(model, paths.Examples(X)))
  seed = derive(model.seed, Purpose.TEST)
  expected += layer_losses(model, of_model, X, seed, tf.range(20))
  for _ in range(2):
    result = model.evaluate(X, batch_size=8, verbose=0, return_dict=True)
    np.testing.assert_allclose(result["loss"], expected, rtol=1e-5)


def test_a_loss_that_an_own_layer_adds_counts():
  @keras.saving.register_keras_serializable("tests")
  class Sparse(keras.layers.Layer):
    def call(self, inputs):
      self.add_loss(tf.reduce_mean(inputs**2))
      return inputs

  keras.utils.set_random_seed(0)
  z = keras.Input((2,))
  h = Sparse()(keras.layers.Dense(12)(z))
  decoder = keras.Model(z, keras.layers.Reshape((4, 3, 1))(h))
  encoder = aevb.networks.MLPEncoder(2, (8,))
  vae = aevb.VAE(encoder, decoder, likelihood="bernoulli", seed=0)
  vae.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
  parts = paths.evaluation_parts(vae, paths.Examples(X))
  logits = decoder(latents(vae, X, derive(0, Purpose.TEST), tf.range(20))[0])
  expected = tf.reduce_mean(logits**2) - tf.reduce_mean(parts.bound)
  loss = vae.evaluate(X, verbose=0, return_dict=True)["loss"]
  np.testing.assert_allclose(loss, expected, rtol=1e-5)
