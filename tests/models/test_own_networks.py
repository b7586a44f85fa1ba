"""Networks of the user's own, built by the first data that any path brings."""

import keras
import numpy as np
import pytest

import aevb_tf as aevb
from tests.models import paths
from tests.models.test_vae import digits
from tests.oracle import tiny_vae

X = digits(20)
layers = keras.layers


def own_encoder(returns):
  """As in Keras' example: [mean, log-variance], perhaps with a sample behind them."""
  keras.utils.set_random_seed(0)
  x = keras.Input((4, 3, 1))
  h = layers.Dense(8, "tanh")(layers.Flatten()(x))
  mean, log_variance = layers.Dense(2)(h), layers.Dense(2)(h)
  if returns == "one tensor":
    return keras.Model(x, layers.Concatenate()([mean, log_variance]))
  if returns == "two tensors":
    return keras.Model(x, [mean, log_variance])
  z = mean + keras.ops.exp(0.5 * log_variance) * 7.0
  return keras.Model(x, [mean, log_variance, z])


def own_decoder(end=None, behind=True):
  """A functional decoder, whose logits go through `end`."""
  z = keras.Input((2,))
  logits = layers.Dense(12)(layers.Dense(8, "tanh")(z))
  output = end(logits) if end else logits
  if not behind:
    return keras.Model(z, output)
  return keras.Model(z, layers.Reshape((4, 3, 1))(output))


def own_vae(returns="two tensors", likelihood="bernoulli", **options):
  vae = aevb.VAE(
    own_encoder(returns),
    own_decoder(),
    posterior="gaussian",
    likelihood=likelihood,
    seed=0,
    **options,
  )
  vae.compile(keras.optimizers.Adam(0.01), run_eagerly=True)
  return vae


RETURNS = ["one tensor", "two tensors", "three tensors"]


@pytest.mark.parametrize("returns", RETURNS)
def test_mean_and_log_variance_are_those_of_the_posterior(returns):
  vae = own_vae(returns)
  outputs = vae.encoder(X)
  if returns == "one tensor":
    outputs = np.split(outputs, 2, axis=1)
  q = vae.encode(X)
  np.testing.assert_allclose(q.mean(), outputs[0], rtol=1e-6)
  np.testing.assert_allclose(q.variance(), np.exp(outputs[1]), rtol=1e-5)
  assert vae.latent_dim == 2


@pytest.mark.parametrize("returns", RETURNS)
def test_they_train_save_and_load(returns, tmp_path):
  vae = own_vae(returns)
  losses = vae.fit(X, batch_size=20, epochs=3, verbose=0).history["loss"]
  assert losses[-1] < losses[0]
  vae.save(tmp_path / "own.keras")
  again = aevb.load(tmp_path / "own.keras")
  np.testing.assert_array_equal(again.elbo(X, seed=0), vae.elbo(X, seed=0))


# The shape of the data is not known before they run.
LAZY = [name for name in paths.ALL if "unknown" not in name and "split" not in name]


@pytest.mark.parametrize("path", [n for n in LAZY if "validation" not in n])
def test_the_first_data_of_every_path_build_the_model(path):
  vae = own_vae()
  assert not vae.built
  logs = paths.ALL[path](vae, paths.Examples(X, batch_size=20))
  assert vae.built and vae.event_shape == (4, 3, 1)
  assert np.isfinite(logs["loss"])
  assert len(vae.trainable_variables) == 10


ANSWERS = {
  "call": lambda vae: vae(X),
  "encode": lambda vae: vae.encode(X),
  "elbo": lambda vae: vae.elbo(X),
  "reconstruct": lambda vae: vae.reconstruct(X),
  "predict": lambda vae: vae.predict(X, verbose=0),
  "log_marginal": lambda vae: vae.log_marginal(X, num_samples=2),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_the_first_question_builds_the_model(answer):
  vae = own_vae()
  ANSWERS[answer](vae)
  assert vae.built and vae.event_shape == (4, 3, 1)


def test_data_of_unknown_shape_cannot_build_it():
  with pytest.raises(ValueError, match="not known"):
    vae = own_vae()
    vae.compile("adam")
    paths.TRAIN["tf.data of unknown shape"](vae, paths.Examples(X))


ENDS = {
  "Dense(activation)": lambda h: layers.Dense(12, "sigmoid")(h),
  "Activation": lambda h: layers.Activation("sigmoid")(h),
  "keras.ops.sigmoid": keras.ops.sigmoid,
  "Sequential": lambda h: keras.Sequential(
    [layers.Dense(12), layers.Activation("sigmoid")]
  )(h),
  "nested Sequential": lambda h: keras.Sequential(
    [layers.Dense(12), keras.Sequential([layers.Dense(12, "sigmoid")])]
  )(h),
}


def with_sigmoid(end, likelihood, behind=True):
  keras.utils.set_random_seed(0)
  encoder = aevb.networks.MLPEncoder(2, (8,))
  return aevb.VAE(encoder, own_decoder(ENDS[end], behind), likelihood=likelihood)


@pytest.mark.parametrize(
  "likelihood", ["bernoulli", "continuous_bernoulli", "categorical"]
)
@pytest.mark.parametrize("end", ENDS)
def test_probabilities_are_refused_where_logits_are_taken(end, likelihood):
  for behind in (True, False):
    with pytest.raises(ValueError, match="ends in a sigmoid.*takes logits"):
      with_sigmoid(end, likelihood, behind)


@pytest.mark.parametrize("end", ENDS)
def test_a_sigmoid_may_be_a_mean(end):
  vae = with_sigmoid(end, {"name": "gaussian", "scale": 0.1})
  assert vae(X).shape == X.shape


def test_a_sequential_decoder_is_looked_at():
  decoder = keras.Sequential(
    [layers.Dense(12, "sigmoid"), layers.Reshape((4, 3, 1))], name="bad"
  )
  with pytest.raises(ValueError, match="decoder bad ends in a sigmoid"):
    aevb.VAE(aevb.networks.MLPEncoder(2, (8,)), decoder, likelihood="bernoulli")


def test_an_encoder_of_two_tensors_is_only_for_gaussians():
  vae = aevb.VAE(
    own_encoder("two tensors"),
    own_decoder(),
    posterior="laplace",
    likelihood="bernoulli",
    bound=aevb.bounds.SGVB("A"),
  )
  with pytest.raises(ValueError, match="only 'gaussian' takes .mean, log_variance"):
    vae.elbo(X)


def test_the_same_layers_train_as_those_of_the_package():
  ours, own = tiny_vae(), own_vae("one tensor")
  ours.compile(keras.optimizers.Adam(0.01), run_eagerly=True)
  own.build((None, 4, 3, 1))
  w1, b1, w2, b2, *decoder = [v.numpy() for v in ours.trainable_variables]
  parts = [w1, b1, w2[:, :2], b2[:2], w2[:, 2:], b2[2:], *decoder]
  for variable, value in zip(own.trainable_variables, parts, strict=True):
    variable.assign(value)
  options = {"batch_size": 8, "epochs": 2, "shuffle": False, "verbose": 0}
  a, b = ours.fit(X, **options).history, own.fit(X, **options).history
  np.testing.assert_allclose(a["loss"], b["loss"], rtol=1e-5)


def test_a_decoder_of_other_latents_is_named():
  z = keras.Input((3,))
  decoder = keras.Model(z, keras.layers.Dense(12)(z), name="mine")
  encoder = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(4)])
  vae = aevb.VAE(encoder, decoder, posterior="gaussian", likelihood="bernoulli")
  with pytest.raises(
    ValueError, match=r"mine cannot take .* \(None, 2\), .*\(None, 3\)"
  ):
    vae.build((None, 12))


class Unregistered(keras.Model):
  """An encoder that Keras cannot find by its name."""

  def __init__(self, **kwargs):
    super().__init__(**kwargs)
    self.dense = keras.layers.Dense(4)

  def call(self, x):
    return self.dense(x)


def test_a_class_that_loading_does_not_know_is_named(tmp_path):
  decoder = aevb.networks.MLPDecoder(event_shape=(12,), hidden_units=())
  vae = aevb.VAE(Unregistered(), decoder, posterior="gaussian")
  x = np.full((2, 12), 0.5, np.float32)
  vae.build((None, 12))
  vae.save(tmp_path / "own.keras")
  with pytest.raises(
    TypeError, match="own.keras contains the class 'Unregistered'"
  ) as info:
    aevb.load(tmp_path / "own.keras")
  assert len(str(info.value).splitlines()) == 1
  again = aevb.load(
    tmp_path / "own.keras", custom_objects={"Unregistered": Unregistered}
  )
  np.testing.assert_array_equal(again.elbo(x, seed=0), vae.elbo(x, seed=0))
