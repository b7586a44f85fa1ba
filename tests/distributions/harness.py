"""What every distribution of section 2.4 satisfies: `check_member`, or one check at a time.

The statistical checks fail by chance once in a million.
"""

import itertools

import numpy as np
import pytest
import scipy.special
import tensorflow as tf

from aevb_tf import distributions
from tests import stats
from tests.distributions import cases

NUM_SAMPLES = 20_000

EDGES = {
  "uniform": [0.0, 1e-45, 1e-38, 2.0**-24, 0.5, 1 - 2.0**-24, 1.0],
  "normal": [-13.0, -5.5, -1e-30, 0.0, 5.5, 13.0],
}
# Bounded, with slopes that die out: their gradients have a variance even for Cauchy.
FUNCTIONS = {
  "arctan": (tf.atan, np.arctan),
  "bell": (lambda z: 1 / (1 + z**2), lambda z: 1 / (1 + z**2)),
}


def check_member(member, case, seeds):
  """All checks that apply to one member at the parameters of one case."""
  for check in checks_for(member, case):
    check(member, case, seeds)


def checks_for(member, case) -> list:
  """The checks that apply to a case."""
  checks = [
    config_round_trip,
    shapes_broadcast,
    impossible_parameters_are_refused_by_name,
    parameters_are_found_in_the_distribution,
    draws_follow_the_cdf,
    log_prob_is_scipys,
    the_distribution_draws_what_g_draws,
    noise_at_its_ends_gives_finite_draws_and_gradients,
    the_noise_that_we_draw_has_a_finite_log_prob,
  ]
  if case.learned():
    checks.append(gradient_of_an_expectation_is_exact)
  if case.joint is None:
    checks.append(cdf_is_scipys)
  # One number of noise makes one draw, so g is the quantile function.
  if case.joint is None and member.noise_shape(*case.params) == ():
    checks.append(g_is_the_quantile_function_in_both_tails)
  return checks


# Interface.


def config_round_trip(member, case, seeds):
  again = distributions.get(member.get_config())
  assert again.name == member.name
  assert dict(again.options) == dict(member.options) == dict(case.options)
  assert distributions.get(member) is member


def shapes_broadcast(member, case, seeds):
  event = member.sample(*case.params, seed=1).shape
  params = _batched(case, (2, 3))
  noise_event = member.noise_shape(*case.params)
  assert member.noise_shape(*params, sample_shape=(4,)) == (4, 2, 3, *noise_event)
  z = member.sample(*params, seed=1, sample_shape=(4,))
  assert z.shape == (4, 2, 3, *event) and z.dtype == tf.float32
  q = member.distribution(*params)
  assert q.batch_shape == (2, 3) and q.event_shape == event
  assert q.log_prob(z).shape == (4, 2, 3)
  np.testing.assert_array_equal(member.log_prob(z, *params), q.log_prob(z))
  assert q.sample(4, seed=1).shape == z.shape


def _batched(case, shape):
  """The parameters with batch axes: the first has `shape`, the others its last axis."""
  batched = []
  for i, param in enumerate(case.params):
    axes = shape if i == 0 else shape[-1:]
    value = np.asarray(param)
    batched.append(np.broadcast_to(value, (*axes, *value.shape)))
  return batched


def impossible_parameters_are_refused_by_name(member, case, seeds):
  for i, (name, constraint) in enumerate(member.parameters.items()):
    if constraint == "real":
      continue
    broken = list(case.params)
    broken[i] = -np.asarray(broken[i])
    with pytest.raises(ValueError, match=f"{member.name}: {name} must"):
      member.sample(*broken, seed=1)
    with pytest.raises(ValueError, match=f"{member.name}: {name} must"):
      member.distribution(*broken)
  for low, high in itertools.pairwise(member.increasing):
    values = dict(zip(member.parameters, case.params, strict=True))
    values[low], values[high] = values[high], values[low]
    with pytest.raises(ValueError, match=f"{member.name}: .* must be below"):
      member.sample(**values, seed=1)


def parameters_are_found_in_the_distribution(member, case, seeds):
  found = member.parameters_of(member.distribution(*case.params))
  assert list(found) == list(member.parameters)
  for value, given in zip(found.values(), case.params, strict=True):
    np.testing.assert_array_equal(value, np.float32(given))


# Against SciPy.


def g_is_the_quantile_function_in_both_tails(member, case, seeds):
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


def draws_follow_the_cdf(member, case, seeds):
  z = member.sample(*case.params, seed=seeds(), sample_shape=NUM_SAMPLES)
  stats.assert_ks(case.project(z), case.oracle(*map(np.asarray, case.params)).cdf)


def gradient_of_an_expectation_is_exact(member, case, seeds):
  for f, exact_f in FUNCTIONS.values():
    gradients = gradients_of(member, case, f, seeds())
    for position, gradient in zip(case.learned(), gradients, strict=True):
      stats.assert_mean(gradient, cases.exact_gradient(exact_f, case, position))


def gradients_of(member, case, f, seed):
  """Gradients of each f(z_i), every draw with its own copy of the parameters."""
  copies = copies_of(case, NUM_SAMPLES)
  learned = [copies[i] for i in case.learned()]
  with tf.GradientTape() as tape:
    tape.watch(learned)
    z = member.sample(*copies, seed=seed)
    value = tf.reduce_sum(f(case.project(z)))
  return tape.gradient(value, learned)


def log_prob_is_scipys(member, case, seeds):
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
  np.testing.assert_allclose(
    member.log_prob(z, *params), expected, rtol=1e-8, atol=1e-8
  )


def cdf_is_scipys(member, case, seeds):
  q = member.distribution(*cases.in_float64(member, case))
  oracle = case.oracle(*case.params)
  z = oracle.ppf([1e-3, 0.3, 0.5, 0.9, 0.999])
  np.testing.assert_allclose(q.cdf(z), oracle.cdf(z), rtol=1e-8)


def the_distribution_draws_what_g_draws(member, case, seeds):
  z = member.distribution(*case.params).sample(5_000, seed=(seeds(), 1))
  stats.assert_ks(case.project(z), case.oracle(*map(np.asarray, case.params)).cdf)


# Float32's edges.


def noise_at_its_ends_gives_finite_draws_and_gradients(member, case, seeds):
  shape = member.noise_shape(*case.params, sample_shape=200)
  edges = EDGES[member.noise]
  choices = np.random.default_rng(0).integers(len(edges), size=shape)
  choices[: len(edges)] = np.arange(len(edges)).reshape((-1,) + (1,) * (len(shape) - 1))
  noise = np.array(edges, np.float32)[choices]
  finite_draws(member, copies_of(case, len(noise)), noise=noise)


def the_noise_that_we_draw_has_a_finite_log_prob(member, case, seeds):
  # The two ends of what `aevb_tf.random` draws, in every combination up to 64.
  ends = {"uniform": (2.0**-24, 1 - 2.0**-24), "normal": (-5.5, 5.5)}[member.noise]
  shape = member.noise_shape(*case.params)
  rows = itertools.islice(itertools.product(ends, repeat=int(np.prod(shape))), 64)
  noise = np.array([np.reshape(row, shape) for row in rows], np.float32)
  z = member.sample(*case.params, noise=noise)
  log_prob = member.log_prob(z, *case.params)
  assert np.all(np.isfinite(log_prob)), (z, log_prob)


def copies_of(case, n):
  """The learned parameters n times, so that each draw has separate gradients."""
  copies = list(case.params)
  for i in case.learned():
    value = np.asarray(copies[i], np.float32)
    copies[i] = tf.constant(np.broadcast_to(value, (n, *value.shape)))
  return copies


def finite_draws(member, params, **noise):
  """Draws, and asserts that draws and gradients are finite."""
  watched = [p for p in params if tf.is_tensor(p)]
  with tf.GradientTape() as tape:
    tape.watch(watched)
    z = member.sample(*params, **noise)
  assert np.all(np.isfinite(z)), (params, z)
  for gradient in tape.gradient(z, watched):
    assert np.all(np.isfinite(gradient)), (params, gradient)
  return z
