import numpy as np
import pytest
import tensorflow as tf

from aevb_tf import bounds, random
from tests import stats
from tests.bounds.estimators import one_sample_gradients
from tests.oracle import LinearGaussian, tiny_vae

OPTIONS = [(1, None), (3, None), (1, "moving_average"), (3, "leave_one_out")]


@pytest.fixture
def problem(seeds):
  rng = np.random.default_rng(seeds(0))
  oracle = LinearGaussian.random(rng, data_dim=3)
  return oracle, oracle.draw(rng, 3)


def test_value_is_sgvb_a_s():
  rng = np.random.default_rng(0)
  terms = bounds.Terms(*rng.normal(size=(3, 4, 5)).astype(np.float32), None)
  for baseline in (None, "moving_average", "leave_one_out"):
    bound = bounds.ScoreFunction(4, baseline)
    np.testing.assert_array_equal(bound(terms), bounds.sgvb_a(terms))


@pytest.mark.parametrize("num_samples, baseline", OPTIONS)
def test_gradient_is_unbiased_for_every_parameter(
  num_samples, baseline, problem, seeds
):
  oracle, x = problem
  vae = oracle.vae(bound=bounds.ScoreFunction(num_samples, baseline))
  ours = one_sample_gradients(oracle, vae, x, seeds(1), n=8000)
  for name, exact in oracle.gradients(x).items():
    stats.assert_mean(ours[name], exact)


@pytest.mark.parametrize(
  "mutate",
  [
    lambda t: t._replace(log_q=tf.stop_gradient(t.log_q)),
    lambda t: t._replace(log_q=-t.log_q),
  ],
  ids=["dropped score path", "wrong sign"],
)
def test_mutants_fail_the_gradient_test(mutate, problem, seeds):
  oracle, x = problem
  vae = oracle.vae(bound=bounds.ScoreFunction(3, "leave_one_out"))
  ours = one_sample_gradients(oracle, vae, x, seeds(1), n=2000, mutate=mutate)
  with pytest.raises(AssertionError, match="standard errors"):
    for name, exact in oracle.gradients(x).items():
      stats.assert_mean(ours[name], exact)


def test_variance_falls_with_a_baseline_and_most_with_the_path(problem, seeds):
  oracle, x = problem
  spread = []
  for bound in (
    bounds.ScoreFunction(3),
    bounds.ScoreFunction(3, "leave_one_out"),
    bounds.SGVB("A", 3),
  ):
    ours = one_sample_gradients(oracle, oracle.vae(bound=bound), x, seeds(1), n=1000)
    spread.append(ours["encoder_weights"].var(axis=0).sum())
  assert spread[0] > 1.5 * spread[1] > 1.5 * spread[2]


def test_the_moving_average_follows_only_training_and_is_saved(tmp_path):
  vae = tiny_vae(bound=bounds.ScoreFunction(2, "moving_average"))
  vae.compile("adam", jit_compile=False)
  x = np.random.default_rng(0).random((20, 4, 3, 1), np.float32)
  vae.evaluate(x, verbose=0)
  np.testing.assert_array_equal(vae.bound.sums, [0.0, 0.0])
  seed = random.fold_in(random.fold_in(vae.seed, 1), 0)
  rows = tf.range(20)
  signal = tf.reduce_mean(vae.terms(x, seed, rows).log_weight).numpy()
  vae.fit(x, batch_size=20, shuffle=False, verbose=0)
  np.testing.assert_allclose(vae.bound.sums, [0.01 * signal, 0.01], rtol=1e-5)
  vae.save(tmp_path / "vae.keras")
  again = type(vae).from_config(vae.get_config())
  again.load_weights(tmp_path / "vae.keras")
  np.testing.assert_array_equal(again.bound.sums, vae.bound.sums)
  assert again.bound.baseline == "moving_average"


@pytest.mark.parametrize(
  "arguments", [(0,), (1, "leave_one_out"), (2, "mean")], ids=str
)
def test_invalid_arguments_are_refused(arguments):
  with pytest.raises(ValueError, match="num_samples|baseline"):
    bounds.ScoreFunction(*arguments)
