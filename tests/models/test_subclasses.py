"""Subclasses of the user's own: their steps' logs are reported, their layers kept."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import aevb_tf as aevb
from tests.models import paths
from tests.models.test_vae import digits

X = digits(20)
LAST = X[16:]  # the last batch


@keras.saving.register_keras_serializable("tests")
class WithLogs(aevb.VAE):
  """Steps that add to the logs of the base."""

  def train_step(self, data):
    return {**super().train_step(data), "ink": self._ink(data)}

  def test_step(self, data):
    return {**super().test_step(data), "ink": self._ink(data)}

  def _ink(self, data):
    x, _, _ = keras.utils.unpack_x_y_sample_weight(data)
    return tf.reduce_mean(x)


@keras.saving.register_keras_serializable("tests")
class WithLayer(aevb.VAE):
  """A layer that is added behind `super().__init__`."""

  def __init__(self, *args, **kwargs):
    super().__init__(*args, **kwargs)
    self.scale = keras.layers.Dense(1, name="scale")

  def build(self, input_shape):
    super().build(input_shape)
    if not self.scale.built:
      self.scale.build((None, self.latent_dim))


def compiled_vae(cls, **options):
  keras.utils.set_random_seed(0)
  encoder = aevb.networks.MLPEncoder(2, (8,))
  vae = cls(encoder, aevb.networks.MLPDecoder((4, 3, 1), (8,)), seed=0)
  vae.compile(keras.optimizers.SGD(0.0), **options)
  return vae


@pytest.fixture(scope="module")
def logging():
  return compiled_vae(WithLogs, run_eagerly=True)


# One batch tested by itself is all examples; batches trained on by themselves are means.
@pytest.mark.parametrize("path", [n for n in paths.ALL if "on_batch" not in n])
def test_logs_of_an_own_step_are_reported(path, logging):
  logs = paths.ALL[path](logging, paths.Examples(X))
  np.testing.assert_allclose(logs["ink"], np.mean(LAST), rtol=1e-5)


@pytest.mark.parametrize(
  "path", ["fit, array", "fit, tf.data", "evaluate, ArrayDataset"]
)
def test_logs_of_an_own_step_are_reported_by_compiled_loops(path):
  logs = paths.ALL[path](compiled_vae(WithLogs), paths.Examples(X))
  np.testing.assert_allclose(logs["ink"], np.mean(LAST), rtol=1e-5)


def test_the_logs_of_each_batch_have_it(logging):
  logged = []
  callback = keras.callbacks.LambdaCallback(
    on_train_batch_end=lambda batch, logs: logged.append(float(logs["ink"]))
  )
  paths.TRAIN["array"](logging, paths.Examples(X), callbacks=[callback])
  expected = [np.mean(X[i : i + 8]) for i in range(0, 20, 8)]
  np.testing.assert_allclose(logged, expected, rtol=1e-5)


@pytest.mark.parametrize("base", ["gaussian", "full_gaussian", "laplace", "iaf"])
def test_a_distribution_that_a_subclass_of_a_posterior_overrides_is_used(base):
  family = aevb.posteriors.get(base)

  class Shifted(type(family)):
    def distribution(self, params):
      return super().distribution(params + 1.0)

  family = Shifted.from_config(family.get_config())
  encoder = aevb.networks.MLPEncoder(2, (8,), posterior=family)
  decoder = aevb.networks.MLPDecoder((4, 3, 1), (8,))
  vae = aevb.VAE(encoder, decoder, bound={"name": "sgvb", "estimator": "A"})
  z = np.full((4, 2), 0.3, np.float32)
  expected = vae.encoder.posterior(X[:4]).log_prob(z)
  np.testing.assert_allclose(vae.encode(X[:4]).log_prob(z), expected, rtol=1e-5)
  plain = type(family).__base__.distribution(family, vae.encoder(X[:4]))
  assert not np.allclose(plain.log_prob(z), expected)


def test_a_layer_that_a_subclass_adds_is_built_and_saved(tmp_path):
  vae = compiled_vae(WithLayer, run_eagerly=True)
  assert vae.built and vae.scale.built
  assert any(v is vae.scale.kernel for v in vae.trainable_variables)
  vae.scale.kernel.assign([[2.0], [3.0]])
  vae.save(tmp_path / "own.keras")
  again = aevb.load(tmp_path / "own.keras")
  np.testing.assert_array_equal(again.scale.kernel, [[2.0], [3.0]])
  np.testing.assert_array_equal(again.elbo(X, seed=0), vae.elbo(X, seed=0))


def test_a_layer_without_weights_may_be_added_too():
  class WithFlatten(aevb.VAE):
    def __init__(self, *args, **kwargs):
      super().__init__(*args, **kwargs)
      self.flatten = keras.layers.Flatten()

  vae = compiled_vae(WithFlatten, run_eagerly=True)
  assert vae.built and vae.flatten(X).shape == (20, 12)


class WithFormerNames(aevb.VAE):
  """Overrides and calls what had other names."""

  def mistake(self, what):
    return f"MY {what}"

  def learn(self, x, y, weights, seed):
    rows = tf.range(tf.shape(x)[0])
    return self.update(lambda: self.bound_parts(x, seed, rows, training=True), weights)


def test_former_names_work_and_name_the_new_ones():
  vae = compiled_vae(WithFormerNames, run_eagerly=True)
  with pytest.warns(DeprecationWarning, match="`update`.*models.steps.update"):
    vae.fit(X, verbose=0)
  with pytest.warns(DeprecationWarning, match="`mistake`.*use batch_error"):
    assert vae.batch_error("targets") == "MY targets"


def test_names_that_moved_say_where_they_are():
  with pytest.raises(AttributeError, match="experiments/plots of a checkout"):
    aevb.plots.bound_curves  # noqa: B018
  with pytest.warns(DeprecationWarning, match="PerExample"):
    assert aevb.evidence.PerDatum is aevb.evidence.PerExample
