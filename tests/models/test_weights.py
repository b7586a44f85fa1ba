"""Sample weights count on every path, with and without y; exact sums as the oracle."""

import keras
import numpy as np
import pytest

import aevb_tf as aevb
from tests.models import paths
from tests.models.test_vae import digits
from tests.oracle import put_back, state, tiny_vae

# The last batch is short.
X = digits(20)
WEIGHTS = np.resize(np.float32([0, 1, 1000, 1, 0, 2]), 20)
LABELS = np.arange(20) % 2


def still(model=aevb.VAE, **options):
  """A model whose training changes nothing."""
  vae = tiny_vae(model=model, **options)
  vae.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
  return vae


@pytest.fixture(scope="module")
def vae():
  return still()


def assert_logs(logs, bounds, elbos, weights):
  np.testing.assert_allclose(logs["loss"], -np.mean(weights * bounds), rtol=1e-5)
  elbo = np.average(elbos, weights=weights)
  np.testing.assert_allclose(logs["elbo"], elbo, rtol=1e-5)


@pytest.mark.parametrize("y", [None, LABELS], ids=["no y", "labels"])
@pytest.mark.parametrize("path", paths.WEIGHTED_TEST)
def test_weights_count_in_evaluation(path, y, vae):
  examples = paths.Examples(X, y, WEIGHTS)
  parts = paths.evaluation_parts(vae, examples)
  logs = paths.TEST[path](vae, examples)
  assert_logs(logs, parts.bound, parts.elbo, WEIGHTS)


@pytest.mark.parametrize("y", [None, LABELS], ids=["no y", "labels"])
@pytest.mark.parametrize("path", paths.WEIGHTED_TRAIN)
def test_weights_count_in_training(path, y, vae):
  examples = paths.Examples(X, y, WEIGHTS)
  parts = list(paths.training_parts(vae, examples))
  logs = paths.TRAIN[path](vae, examples)
  bounds, elbos = (paths.joined(parts, name) for name in ("bound", "elbo"))
  assert_logs(logs, bounds, elbos, WEIGHTS)


@pytest.mark.parametrize("path", ["array", "tf.data"])
def test_weights_count_in_compiled_loops(path):
  vae = tiny_vae()
  vae.compile(keras.optimizers.SGD(0.0))
  examples = paths.Examples(X, None, WEIGHTS)
  parts = paths.evaluation_parts(vae, examples)
  logs = paths.TEST[path](vae, examples)
  assert_logs(logs, parts.bound, parts.elbo, WEIGHTS)
  parts = list(paths.training_parts(vae, examples))
  logs = paths.TRAIN[path](vae, examples)
  bounds, elbos = (paths.joined(parts, name) for name in ("bound", "elbo"))
  assert_logs(logs, bounds, elbos, WEIGHTS)


def test_weights_count_with_a_number_of_examples():
  vae = still(dataset_size=50)
  examples = paths.Examples(X, None, WEIGHTS)
  bound = paths.evaluation_parts(vae, examples).bound
  loss = vae.evaluate(X, sample_weight=WEIGHTS, verbose=0, return_dict=True)["loss"]
  np.testing.assert_allclose(loss, -50 * np.mean(WEIGHTS * bound), rtol=1e-5)


def test_weights_count_in_full_variational_bayes():
  vae = still(aevb.FullVB, dataset_size=50)
  examples = paths.Examples(X, None, WEIGHTS)
  expected = vae.weight_kl() - 50 * np.mean(
    WEIGHTS * paths.evaluation_parts(vae, examples).bound
  )
  loss = vae.evaluate(X, sample_weight=WEIGHTS, verbose=0, return_dict=True)["loss"]
  np.testing.assert_allclose(loss, expected, rtol=1e-5)


def test_weights_count_in_wake_sleep():
  vae = still(aevb.WakeSleep)
  examples = paths.Examples(X, None, WEIGHTS)
  parts = paths.evaluation_parts(vae, examples)
  logs = vae.evaluate(X, sample_weight=WEIGHTS, verbose=0, return_dict=True)
  assert_logs(logs, parts.bound, parts.elbo, WEIGHTS)


def test_weights_count_in_monte_carlo_em():
  vae = aevb.MonteCarloEM(
    aevb.networks.MLPDecoder(X.shape[1:], (8,)), 2, num_transitions=1, num_updates=2
  )
  vae.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
  examples = paths.Examples(X, None, WEIGHTS, batch_size=20)
  (parts,) = paths.training_parts(vae, examples)
  logs = vae.train_on_batch(X, sample_weight=WEIGHTS, return_dict=True)
  np.testing.assert_allclose(logs["loss"], -np.mean(WEIGHTS * parts.bound), rtol=1e-5)
  log_joint = np.average(parts.log_joint, weights=WEIGHTS)
  np.testing.assert_allclose(logs["log_joint"], log_joint, rtol=1e-5)


def weights_after(vae, start, x, weights, batch_size, learning_rate=0.1):
  put_back(vae, start)
  vae.optimizer.learning_rate = learning_rate
  options = {"batch_size": batch_size, "shuffle": False, "verbose": 0}
  vae.fit(x, sample_weight=weights, **options)
  return [v.numpy() for v in vae.trainable_variables]


def test_examples_of_weight_0_are_left_out_of_the_gradient():
  vae = still()
  start = state(vae)
  weights = np.resize(np.float32([1] * 5 + [0] * 5), 20)
  padded = weights_after(vae, start, X, weights, batch_size=10)
  # The same examples have the same noise, and half as many halve the divisor.
  kept = X[weights == 1]
  expected = weights_after(vae, start, kept, np.full(10, 0.5), batch_size=5)
  for a, b, before in zip(padded, expected, start, strict=False):
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)
    assert not np.array_equal(a, before)


def test_a_weight_multiplies_the_gradient():
  vae = still()
  start = state(vae)
  heavy = weights_after(vae, start, X, np.full(20, 1000), 10, learning_rate=1e-4)
  expected = weights_after(vae, start, X, None, 10, learning_rate=1e-1)
  for a, b in zip(heavy, expected, strict=True):
    np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("way", ["fit", "train_on_batch"])
def test_class_weights_are_the_weights_of_the_examples(way, vae):
  start = state(vae)
  options = {"shuffle": False, "verbose": 0} if way == "fit" else {"return_dict": True}

  def loss(**given):
    put_back(vae, start)
    logs = getattr(vae, way)(X, LABELS, **given, **options)
    return logs.history["loss"] if way == "fit" else logs["loss"]

  by_example = loss(sample_weight=np.where(LABELS == 0, 0.0, 3.0))
  assert loss(class_weight={0: 0.0, 1: 3.0}) == by_example
  assert loss() != by_example


@pytest.mark.parametrize("way", ["fit", "train_on_batch"])
def test_class_weights_need_labels(way, vae):
  with pytest.raises(ValueError, match="class_weight needs labels: pass them as y"):
    getattr(vae, way)(X, class_weight={0: 1.0, 1: 2.0})


@pytest.mark.parametrize("weights", [np.ones(19), np.ones((20, 12)), ["a"] * 20])
def test_weights_that_are_not_a_number_for_each_example_are_refused(weights, vae):
  for way in (vae.fit, vae.evaluate, vae.train_on_batch, vae.test_on_batch):
    with pytest.raises(ValueError, match="give a number for each of 20 examples"):
      way(X, sample_weight=weights)
