"""Persistent chains of Monte Carlo EM, which continue at the next visit of an example."""

import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

import aevb_tf as aevb
from tests import stats
from tests.mcmc.test_resampling import TwoModes
from tests.models import paths
from tests.models.test_monte_carlo_em import em_of, example
from tests.models.test_vae import digits
from tests.oracle import state


def persistent(exact, size, **options):
  options = {"persistent_transitions": 1, "step_size": 0.2, **options}
  return em_of(exact, dataset_size=size, **options)


def go_on(em, x, seed, visits):
  """Samples of the last of so many E-steps of all data."""
  e_step = tf.function(em.persistent_samples, autograph=False)
  for i in range(visits):
    samples = e_step(x, tf.range(len(x)), aevb.random.fold_in(seed, i))
  return samples


def assert_posterior(z, exact, x):
  """Whether z `[L, 2 n, J]` of n copies of two examples are from their posteriors."""
  mean, covariance = exact.posterior(x)
  for i, ours in enumerate(np.split(np.asarray(z), 2, axis=1)):
    ours = np.reshape(ours, (-1, ours.shape[-1]))
    stats.assert_mean(ours, mean[i])
    centred = ours - mean[i]
    stats.assert_mean(centred[:, :, None] * centred[:, None, :], covariance)


@pytest.mark.parametrize("num_samples", [1, 3])
def test_persistent_chains_converge_to_the_posterior(num_samples, seeds):
  exact, x = example(np.random.default_rng(seeds(0)), n=2)
  em = persistent(exact, 2000, num_samples=num_samples)
  samples = go_on(em, np.repeat(x, 1000, axis=0), seeds(1), visits=20)
  np.testing.assert_array_equal(samples.z, np.swapaxes(em.chains, 0, 1))
  assert_posterior(samples.z, exact, x)


def test_chains_that_hardly_move_do_not_come_to_the_posterior(seeds):
  exact, x = example(np.random.default_rng(seeds(0)), n=2)
  em = persistent(exact, 2000, step_size=1e-4)
  samples = go_on(em, np.repeat(x, 1000, axis=0), seeds(1), visits=2)
  with pytest.raises(AssertionError, match="standard errors"):
    assert_posterior(samples.z, exact, x)


@pytest.mark.parametrize("persistent_transitions", [None, 1])
def test_chains_that_choose_get_to_the_mode_with_the_mass(
  persistent_transitions, seeds
):
  likelihood = {"name": "gaussian", "scale": 0.2}
  x = np.repeat(np.array([[1.0, 0.5]], np.float32), 200, axis=0)

  def in_mode(candidates):
    """How many chains are there, after four E-steps or one."""
    em = aevb.MonteCarloEM(
      TwoModes(),
      1,
      likelihood=likelihood,
      step_size=0.1,
      persistent_transitions=persistent_transitions,
      candidates=candidates,
      dataset_size=len(x),
      seed=0,
    )
    em.build((None, 2))
    if persistent_transitions:
      z = go_on(em, x, seeds(), visits=4).z
    else:
      z = em.infer(x, seed=seeds())
    return np.mean(np.asarray(z) > 0)

  assert in_mode(100) == 1.0
  assert 0.3 < in_mode(1) < 0.7


def test_first_chains_are_draws_of_the_prior(seeds):
  exact, _ = example(np.random.default_rng(seeds(0)))
  chains = persistent(exact, 1000, num_samples=2).chains.numpy()
  assert chains.shape == (1000, 2, 2)
  stats.assert_ks(chains.ravel(), scipy.stats.norm.cdf)
  stats.assert_mean(chains[:, 0] * chains[:, 1], np.zeros(2))


def test_a_step_moves_only_the_chains_of_its_data():
  exact, x = example(np.random.default_rng(0), n=10)
  em = persistent(exact, 10)
  before = em.chains.numpy()
  em.compile("sgd", jit_compile=False)
  numbers = np.array([7, 2, 5])
  em.train_on_batch(x[numbers], numbers)
  moved = np.any(em.chains.numpy() != before, axis=(1, 2))
  assert sorted(np.flatnonzero(moved)) == [2, 5, 7]


def test_numbers_may_come_in_a_pipeline_that_does_not_say_their_shape():
  exact, x = example(np.random.default_rng(0), n=10)
  numbers = np.arange(10)
  chains = []
  for way in ("tf.data", "tf.data of unknown shape"):
    em = persistent(exact, 10)
    em.build((None, x.shape[1]))
    em.compile("sgd", jit_compile=False)
    paths.TRAIN[way](em, paths.Examples(x, numbers))
    chains.append(em.chains.numpy())
  np.testing.assert_array_equal(*chains)


def of_digits(epochs, em=None, first=0, jit=False):
  """A persistent model of small images after some epochs."""
  data = aevb.data.ArrayDataset(digits(40), np.arange(40), batch_size=10, shuffle=True)
  if em is None:
    keras.utils.set_random_seed(0)
    decoder = aevb.networks.MLPDecoder((4, 3, 1), (8,))
    options = {"persistent_transitions": 1, "dataset_size": 40, "num_updates": 2}
    em = aevb.MonteCarloEM(decoder, 2, num_transitions=2, seed=0, **options)
    em.compile(keras.optimizers.Adam(0.01), jit_compile=jit)
  em.fit(data, epochs=epochs, initial_epoch=first, verbose=0)
  return em


@pytest.fixture(scope="module")
def whole_run():
  """A model after four epochs, and what it holds then."""
  em = of_digits(4)
  return em, state(em)


def test_a_resumed_run_continues_its_saved_chains(whole_run, tmp_path):
  half = of_digits(2, jit=True)
  half.save(tmp_path / "half.keras")
  again = aevb.load(tmp_path / "half.keras")
  assert again.persistent_transitions == 1
  np.testing.assert_array_equal(again.chains, half.chains)
  # By XLA until here, and without it from here on.
  again.compile(again.optimizer, jit_compile=False)
  of_digits(4, again, first=2)
  for ours, theirs in zip(state(again), whole_run[1], strict=True):
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4)


def test_evaluation_does_not_change_the_chains(whole_run):
  em, _ = whole_run
  before = em.chains.numpy()
  em.evaluate(digits(20), batch_size=10, verbose=0)
  np.testing.assert_array_equal(em.chains, before)


@pytest.mark.parametrize(
  "y", [None, np.arange(10) + 31, -np.ones(10, int), np.zeros((10, 1))]
)
def test_persistent_chains_want_the_numbers_of_the_data(whole_run, y):
  with pytest.raises(ValueError, match=r"as y, an int in 0 to 39"):
    whole_run[0].fit(digits(10), y, batch_size=10, verbose=0)
