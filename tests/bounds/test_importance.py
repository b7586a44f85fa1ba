import numpy as np
import pytest
import scipy.special
import tensorflow as tf

from aevb_tf import bounds, random
from tests import stats
from tests.bounds import estimators
from tests.oracle import LinearGaussian

DREG = {"gradient": "doubly_reparameterized"}


def terms(num_draws, seed=0):
  rng = np.random.default_rng(seed)
  densities = rng.normal(size=(3, num_draws, 5)).astype(np.float32)
  return bounds.Terms(*map(tf.constant, densities), None)


def test_the_bounds_are_their_equations():
  t = terms(6)
  log_weight = (t.log_likelihood + t.log_prior - t.log_q).numpy().astype(np.float64)
  iwae = scipy.special.logsumexp(log_weight, axis=0) - np.log(6)
  halves = [
    scipy.special.logsumexp(h, axis=0) - np.log(3) for h in np.split(log_weight, 2)
  ]
  elbo = log_weight.mean(0)
  close = {"rtol": 1e-5, "atol": 1e-6}
  np.testing.assert_allclose(bounds.ImportanceWeighted(6)(t), iwae, **close)
  np.testing.assert_allclose(
    bounds.ImportanceWeighted(3, 2)(t), np.mean(halves, 0), **close
  )
  np.testing.assert_allclose(bounds.ImportanceWeighted(1, 6)(t), elbo, **close)
  # As Rainforth et al. have it: beta is the weight of the ELBO.
  np.testing.assert_allclose(bounds.CIWAE(6, 0.3)(t), 0.3 * elbo + 0.7 * iwae, **close)
  np.testing.assert_allclose(bounds.CIWAE(6, 0.0)(t), iwae, **close)
  np.testing.assert_allclose(bounds.CIWAE(6, 1.0)(t), elbo, **close)


def test_weights_too_large_for_floats_stay_finite():
  far = tf.constant([[-1e30], [1e4], [-1e4]])
  with tf.GradientTape() as tape:
    tape.watch(far)
    bound = bounds.importance_weighted(far, 3)
  np.testing.assert_allclose(bound, [1e4 - np.log(3)], rtol=1e-6)
  np.testing.assert_allclose(tape.gradient(bound, far), [[0.0], [1.0], [0.0]])


@pytest.mark.parametrize(
  "make",
  [
    lambda: bounds.ImportanceWeighted(0),
    lambda: bounds.ImportanceWeighted(5, num_samples=1.5),
    lambda: bounds.ImportanceWeighted(5, gradient="triple"),
    lambda: bounds.CIWAE(5, beta=1.1),
    lambda: bounds.PIWAE(5, 0),
  ],
)
def test_invalid_arguments_are_refused(make):
  with pytest.raises(ValueError, match="num_|gradient|beta"):
    make()


def values(oracle, x, bound, seed, n=20000):
  vae = oracle.vae(bound=bound)
  many = tf.repeat(tf.constant(x), n, axis=0)
  parts = vae.bound_parts(many, random.as_seed(seed), tf.range(n), training=True)
  return parts.bound.numpy()


@pytest.mark.parametrize("options", [{}, DREG], ids=["standard", "DReG"])
def test_bounds_rise_with_k_and_stay_below_the_evidence(options, seeds):
  rng = np.random.default_rng(seeds(0))
  oracle = LinearGaussian.random(rng)
  x = oracle.draw(rng, 1)
  last_mean, last_error = oracle.bound(x)[0], 0.0
  for i, k in enumerate([1, 3, 10]):
    bound = bounds.ImportanceWeighted(k, **options)
    samples = values(oracle, x, bound, seeds(1 + i))
    if k == 1:
      stats.assert_mean(samples, last_mean)
    else:
      mean, error = estimators.mean_and_error(samples)
      assert mean - last_mean > 5 * np.hypot(error, last_error)
      assert mean + 5 * error < oracle.log_evidence(x)[0]
      last_mean, last_error = mean, error


BOUNDS = {
  "IWAE": (bounds.ImportanceWeighted(4), (1, 4)),
  "DReG": (bounds.ImportanceWeighted(4, **DREG), (1, 4)),
  "DReG, K=1": (bounds.ImportanceWeighted(1, **DREG), (1, 1)),
  "MIWAE": (bounds.ImportanceWeighted(2, 3), (3, 2)),
  "MIWAE, DReG": (bounds.ImportanceWeighted(2, 3, **DREG), (3, 2)),
}


@pytest.fixture
def problem(seeds):
  rng = np.random.default_rng(seeds(0))
  oracle = LinearGaussian.random(rng, data_dim=3)
  return oracle, oracle.draw(rng, 3), rng


def assert_same_mean(ours, expected):
  for name, samples in expected.items():
    stats.assert_mean(ours[name], *estimators.mean_and_error(samples))


@pytest.mark.parametrize("name", BOUNDS)
def test_gradients_agree_in_mean_with_numpy(name, problem, seeds):
  oracle, x, rng = problem
  bound, shape = BOUNDS[name]
  ours = estimators.one_sample_gradients(oracle, oracle.vae(bound=bound), x, seeds(1))
  expected = estimators.importance_weighted_gradients(oracle, x, rng, shape)
  assert_same_mean(ours, expected)


def test_ciwae_s_gradient_is_between_those_of_its_parts(problem, seeds):
  oracle, x, rng = problem
  vae = oracle.vae(bound=bounds.CIWAE(4, beta=0.3))
  ours = estimators.one_sample_gradients(oracle, vae, x, seeds(1))
  tight = estimators.importance_weighted_gradients(oracle, x, rng, (1, 4))
  exact = oracle.gradients(x)
  assert_same_mean(ours, {k: 0.3 * exact[k] + 0.7 * tight[k] for k in exact})


def test_piwae_s_gradients_are_iwae_s_and_miwae_s(problem, seeds):
  oracle, x, rng = problem
  vae = oracle.vae(bound=bounds.PIWAE(2, 3))
  ours = estimators.one_sample_gradients(oracle, vae, x, seeds(1))
  decoder = estimators.importance_weighted_gradients(oracle, x, rng, (1, 6))
  encoder = estimators.importance_weighted_gradients(oracle, x, rng, (3, 2))
  expected = {k: (decoder if k in estimators.DECODER else encoder)[k] for k in decoder}
  assert_same_mean(ours, expected)


def test_dreg_has_less_variance_than_the_standard_gradient(problem, seeds):
  oracle, x, _ = problem
  spread = {}
  for name, options in {"standard": {}, "DReG": DREG}.items():
    vae = oracle.vae(bound=bounds.ImportanceWeighted(20, **options))
    ours = estimators.one_sample_gradients(oracle, vae, x, seeds(1), n=300)
    spread[name] = ours["encoder_weights"].var(axis=0).sum()
  assert spread["DReG"] < 0.5 * spread["standard"]


@pytest.mark.parametrize(
  "mutate",
  [
    lambda t: t._replace(slope=0.9 * t.slope),
    lambda t: t._replace(slope=-t.slope),
    lambda t: t._replace(z=tf.stop_gradient(t.z)),
    lambda t: t._replace(log_likelihood=tf.stop_gradient(t.log_likelihood)),
  ],
  ids=["a tenth lost", "wrong sign", "dropped path of q", "dropped path of x"],
)
def test_mutants_of_dreg_fail_the_gradient_test(mutate, problem, seeds):
  oracle, x, rng = problem
  vae = oracle.vae(bound=bounds.ImportanceWeighted(4, **DREG))
  ours = estimators.one_sample_gradients(oracle, vae, x, seeds(1), mutate=mutate)
  expected = estimators.importance_weighted_gradients(oracle, x, rng, (1, 4))
  with pytest.raises(AssertionError, match="standard errors"):
    assert_same_mean(ours, expected)
