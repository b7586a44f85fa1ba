"""fit(noisy, clean): the encoder sees x, the likelihood scores y of x's shape.

A y of any other shape or kind is a label, and changes nothing.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

import aevb_tf as aevb
from aevb_tf.random import Purpose, derive
from tests.models import paths
from tests.models.test_vae import digits
from tests.oracle import put_back, state, tiny_vae

CLEAN = digits(20)
NOISY = np.random.default_rng(1).random(CLEAN.shape, np.float32)


def compiled_vae(model=aevb.VAE, **options):
  vae = tiny_vae(model=model, **options)
  vae.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
  return vae


@pytest.fixture(scope="module")
def vae():
  return compiled_vae()


def test_the_terms_score_the_targets_under_the_posterior_of_x(vae):
  seed, rows = derive(0, Purpose.TEST), tf.range(20)
  terms = vae.terms(NOISY, seed, rows, targets=CLEAN)
  q = vae.encode(NOISY)
  z = vae.posterior_family.sample(q, vae.posterior_family.noise(seed, rows, 1))
  expected = vae.decode(z[0]).log_prob(CLEAN)
  np.testing.assert_allclose(terms.log_likelihood[0], expected, rtol=1e-5)
  alone = vae.terms(NOISY, seed, rows)
  np.testing.assert_array_equal(terms.kl, alone.kl)


@pytest.mark.parametrize("weights", [None, np.arange(20, dtype=np.float32)], ids=type)
@pytest.mark.parametrize("path", paths.WEIGHTED_TEST)
def test_targets_are_scored_in_evaluation(path, weights, vae):
  examples = paths.Examples(NOISY, CLEAN, weights)
  terms = vae.terms(NOISY, derive(vae.seed, Purpose.TEST), tf.range(20), targets=CLEAN)
  elbo = terms.log_likelihood[0] - terms.kl
  w = np.ones(20) if weights is None else weights
  logs = paths.TEST[path](vae, examples)
  np.testing.assert_allclose(logs["loss"], -np.mean(w * elbo), rtol=1e-5)
  np.testing.assert_allclose(logs["elbo"], np.average(elbo, weights=w), rtol=1e-5)


@pytest.mark.parametrize("path", paths.WEIGHTED_TRAIN)
def test_targets_are_scored_in_training(path, vae):
  examples = paths.Examples(NOISY, CLEAN)
  losses, first = [], int(vae.updates)
  for i, (x, y) in enumerate(examples.batches()):
    seed = derive(derive(vae.seed, Purpose.TRAIN), Purpose.STEP, first + i)
    terms = vae.terms(x, seed, tf.range(len(x)), training=True, targets=y)
    losses += [terms.kl - terms.log_likelihood[0]]
  logs = paths.TRAIN[path](vae, examples)
  np.testing.assert_allclose(logs["loss"], np.mean(np.concatenate(losses)), rtol=1e-5)


@pytest.mark.parametrize("model", [aevb.WakeSleep, aevb.FullVB])
def test_other_models_score_targets(model):
  vae = compiled_vae(model, dataset_size=20)
  examples = paths.Examples(NOISY, CLEAN)
  parts = paths.evaluation_parts(vae, examples)
  logs = vae.evaluate(NOISY, CLEAN, verbose=0, return_dict=True)
  for name in ("elbo", "log_likelihood"):
    expected = np.mean(getattr(parts, name))
    np.testing.assert_allclose(logs[name], expected, rtol=1e-5)
  alone = vae.evaluate(NOISY, verbose=0, return_dict=True)
  np.testing.assert_allclose(logs["kl"], alone["kl"], rtol=1e-5)
  assert logs["log_likelihood"] != alone["log_likelihood"]


def test_metrics_compare_the_reconstruction_with_the_targets():
  vae = tiny_vae()
  metrics = [keras.metrics.MeanSquaredError("mse")]
  vae.compile("sgd", metrics=metrics, run_eagerly=True)
  mse = vae.evaluate(NOISY, CLEAN, verbose=0, return_dict=True)["mse"]
  expected = np.mean((CLEAN - vae.reconstruct(NOISY).numpy()) ** 2)
  np.testing.assert_allclose(mse, expected, rtol=1e-5)


@pytest.mark.parametrize("path", ["array", "tf.data", "train_on_batch"])
def test_the_support_is_that_of_the_targets(path, vae):
  with pytest.raises(ValueError, match="likelihood='gaussian'"):
    paths.TRAIN[path](vae, paths.Examples(CLEAN, 3 * NOISY))
  paths.TRAIN[path](vae, paths.Examples(3 * NOISY, CLEAN))  # the encoder takes anything


LABELS = {
  "strings": np.array(["a", "b"] * 10),
  "list of strings": ["a"] * 20,
  "None": [None] * 20,
  "floats": np.linspace(0, 1, 20),
  "ints": list(range(20)),
  "large ints": np.full(20, 2**40),
  "bools": np.arange(20) > 3,
  "one-hot": np.eye(20),
  "column": np.zeros((20, 1)),
}


def trained(vae, start, y):
  put_back(vae, start)
  options = {"batch_size": 8, "shuffle": False, "verbose": 0}
  logs = vae.fit(CLEAN, y, **options).history
  return [logs, [v.numpy() for v in vae.variables]]


def assert_same_training(a, b):
  assert a[0] == b[0]
  for u, v in zip(a[1], b[1], strict=True):
    np.testing.assert_array_equal(u, v)


@pytest.fixture(scope="module")
def unlabelled():
  vae = tiny_vae()
  vae.compile(keras.optimizers.SGD(0.1), run_eagerly=True)
  start = state(vae)
  return vae, start, trained(vae, start, None)


@pytest.mark.parametrize("kind", LABELS)
def test_labels_change_nothing(kind, unlabelled):
  vae, start, expected = unlabelled
  assert_same_training(trained(vae, start, LABELS[kind]), expected)


@pytest.mark.parametrize("path", ["array", "tf.data", "train_on_batch"])
def test_floats_of_the_shape_of_other_images_are_labels_and_that_is_said(path):
  examples = paths.Examples(CLEAN, CLEAN.transpose(0, 3, 1, 2))
  shapes = r"y has shape \[n, 1, 4, 3\] and x \[n, 4, 3, 1\]: y is treated as labels"
  with pytest.warns(UserWarning, match=shapes):
    warned = paths.TRAIN[path](compiled_vae(), examples)
  assert warned == paths.TRAIN[path](compiled_vae(), paths.Examples(CLEAN))


def test_targets_of_python_s_numbers_are_targets(vae):
  loss = vae.evaluate(NOISY, CLEAN, verbose=0)[0]
  assert vae.evaluate(NOISY, CLEAN.astype(object), verbose=0)[0] == loss
  assert vae.evaluate(NOISY, verbose=0)[0] != loss


@pytest.mark.parametrize("label", ["1", None])
def test_labels_with_the_shape_of_x_that_are_not_numbers_are_labels(label):
  x = CLEAN.reshape(20, 12)[:, :1]
  vae = tiny_vae(event_shape=(1,))
  vae.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
  labels = np.full((20, 1), label, object)
  assert vae.evaluate(x, labels, verbose=0) == vae.evaluate(x, verbose=0)


def test_labels_of_pandas_change_nothing(unlabelled):
  pandas = pytest.importorskip("pandas")
  vae, start, expected = unlabelled
  labels = pandas.Series(LABELS["strings"], dtype="category")
  assert_same_training(trained(vae, start, labels), expected)


@pytest.mark.parametrize("kind", ["strings", "floats", "one-hot", "column"])
def test_labels_in_streams_change_nothing(kind, vae):
  examples = paths.Examples(CLEAN, np.asarray(LABELS[kind]))
  logs = paths.TEST["tf.data"](vae, examples)
  assert logs == paths.TEST["tf.data"](vae, paths.Examples(CLEAN))


def test_a_y_of_another_length_is_refused(vae):
  with pytest.raises(ValueError, match=r"y has shape \[19\], and x has 20 examples"):
    vae.fit(CLEAN, np.zeros(19))


@pytest.mark.parametrize("path", ["array", "tf.data", "train_on_batch"])
def test_monte_carlo_em_refuses_targets(path):
  em = aevb.MonteCarloEM(
    aevb.networks.MLPDecoder((4, 3, 1), (8,)), 2, num_transitions=1, leapfrog_steps=1
  )
  em.compile(keras.optimizers.SGD(0.1), run_eagerly=True)
  with (
    paths.unchanged(em),
    pytest.raises(ValueError, match="no encoder that could see"),
  ):
    paths.TRAIN[path](em, paths.Examples(NOISY, CLEAN))


def test_weights_of_losses_are_refused():
  with pytest.raises(ValueError, match="Use the kl_weight"):
    tiny_vae().compile("adam", loss_weights=[1.0])
