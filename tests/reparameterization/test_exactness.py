"""Every member against SciPy: draws, gradients of expectations, log densities.

The tests are generated from the registry: a new member enters `cases.CASES`, or the
collection fails. The statistical ones fail by chance once in a million.
"""

import numpy as np
import pytest
import scipy.special
import tensorflow as tf

from tests import stats
from tests.reparameterization import cases

ALL = cases.every_case()
SCALAR = [(member, case) for member, case in ALL if case.joint is None]
NUM_SAMPLES = 20_000

# One number of noise makes one draw, so g is the quantile function.
MONOTONE = [(m, c) for m, c in SCALAR if m.noise_shape(*c.params) == ()]

# Bounded, with slopes that die out: their gradients have a variance even for Cauchy.
FUNCTIONS = {
  "arctan": (tf.atan, np.arctan),
  "bell": (lambda z: 1 / (1 + z**2), lambda z: 1 / (1 + z**2)),
}


def _gradients(member, case, f, seed):
  """Gradients of each f(z_i), every draw with its own copy of the parameters."""
  copies = []
  for i, param in enumerate(case.params):
    if i in case.learned():
      value = np.asarray(param, np.float32)
      param = tf.constant(np.broadcast_to(value, (NUM_SAMPLES, *value.shape)))
    copies.append(param)
  learned = [copies[i] for i in case.learned()]
  shape = () if learned else NUM_SAMPLES
  with tf.GradientTape() as tape:
    tape.watch(learned)
    z = member.sample(*copies, seed=seed, sample_shape=shape)
    value = tf.reduce_sum(f(case.project(z)))
  return tape.gradient(value, learned)


@pytest.mark.parametrize(("member", "case"), MONOTONE, ids=cases.label)
def test_g_is_the_quantile_function_in_both_tails(member, case):
  noise = np.array([1e-10, 2.0**-24, 1e-3, 0.3, 0.5, 0.9, 1 - 2.0**-24], np.float32)
  low, high = noise.astype(np.float64), 1 - noise.astype(np.float64)
  if member.noise == "normal":
    noise = scipy.special.ndtri(low).astype(np.float32)
    low, high = scipy.special.ndtr(np.float64([noise, -noise]))
  oracle = case.oracle(*case.params)
  expected = np.where(low < 0.5, oracle.ppf(low), oracle.isf(high))
  # Float32's rounding of the draw, and of location + scale * eps near zero.
  spread = oracle.ppf(0.75) - oracle.ppf(0.25)
  np.testing.assert_allclose(
    member.sample(*case.params, noise=noise), expected, rtol=5e-6, atol=1e-6 * spread
  )


@pytest.mark.parametrize(("member", "case"), ALL, ids=cases.label)
def test_draws_follow_the_cdf(member, case, seeds):
  z = member.sample(*case.params, seed=seeds(), sample_shape=NUM_SAMPLES)
  stats.assert_ks(case.project(z), case.oracle(*map(np.asarray, case.params)).cdf)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(
  ("member", "case"), [pair for pair in ALL if pair[1].learned()], ids=cases.label
)
def test_gradient_of_an_expectation_is_exact(member, case, name, seeds):
  f, exact_f = FUNCTIONS[name]
  gradients = _gradients(member, case, f, seeds())
  for position, gradient in zip(case.learned(), gradients, strict=True):
    exact = cases.exact_gradient(exact_f, case, position)
    stats.assert_mean(gradient, exact)


def test_a_gradient_that_misses_a_tenth_is_noticed(seeds):
  member, case = next(pair for pair in ALL if pair[0].name == "gamma")
  (gradient, _) = _gradients(member, case, tf.atan, seeds())
  exact = cases.exact_gradient(np.arctan, case, 0)
  stats.assert_mean(gradient, exact)
  with pytest.raises(AssertionError):
    stats.assert_mean(0.9 * gradient, exact)


@pytest.mark.parametrize(("member", "case"), ALL, ids=cases.label)
def test_log_prob_is_scipys(member, case, seeds):
  params = cases.in_float64(member, case)
  oracle = case.oracle(*map(np.asarray, case.params))
  if case.joint is None:
    z = oracle.ppf([1e-6, 0.01, 0.3, 0.5, 0.9, 0.999, 1 - 1e-6])
    expected = oracle.logpdf(z)
  else:
    z = member.sample(*params, seed=seeds(), sample_shape=50).numpy()
    # Exact sums to one, which SciPy insists on.
    z = z / z.sum(-1, keepdims=True) if member.support == "simplex" else z
    expected = [case.joint(*map(np.asarray, case.params)).logpdf(row) for row in z]
  q = member.distribution(*params)
  np.testing.assert_allclose(q.log_prob(z), expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize(("member", "case"), SCALAR, ids=cases.label)
def test_cdf_is_scipys(member, case):
  q = member.distribution(*cases.in_float64(member, case))
  oracle = case.oracle(*case.params)
  z = oracle.ppf([1e-3, 0.3, 0.5, 0.9, 0.999])
  np.testing.assert_allclose(q.cdf(z), oracle.cdf(z), rtol=1e-8)


@pytest.mark.parametrize(("member", "case"), ALL, ids=cases.label)
def test_the_distribution_draws_what_g_draws(member, case, seeds):
  z = member.distribution(*case.params).sample(5_000, seed=(seeds(), 1))
  stats.assert_ks(case.project(z), case.oracle(*map(np.asarray, case.params)).cdf)
