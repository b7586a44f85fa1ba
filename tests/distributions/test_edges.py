"""Float32's edges: noise of 0 and 1, and parameters far from one, stay finite.

And how many draws fall on an edge, where they have no gradient.
"""

import dataclasses
import itertools
import warnings

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from aevb_tf import distributions
from tests.distributions import cases
from tests.distributions.harness import finite_draws

# The values that each constraint allows, from one end of float32's use to the other.
EXTREMES = {
  "real": [-1e8, -1.0, 0.0, 1e8],
  "positive": [1e-8, 1e-3, 1.0, 30.0, 1e4, 1e8],
  "positive_integer": [1, 200],
  "cholesky": [1e-8, 1.0, 1e8],
}


# These tests leave the range in which draws have gradients; they stay finite there.
OUTSIDE = pytest.mark.filterwarnings("ignore:.* is outside .*:UserWarning")


def _extreme_params(member):
  values = [EXTREMES[constraint] for constraint in member.parameters.values()]
  for chosen in itertools.product(*values):
    params = dict(zip(member.parameters, chosen, strict=True))
    if any(
      params[low] >= params[high] for low, high in itertools.pairwise(member.increasing)
    ):
      continue
    yield [_shaped(member, name, value) for name, value in params.items()]


def _shaped(member, name, value):
  constraint = member.parameters[name]
  if constraint == "positive_integer":
    return value
  ndims = member.parameter_ndims.get(name, 0)
  array = value * np.eye(3) if ndims == 2 else np.full((3,) * ndims, value)
  return tf.constant(array, tf.float32)


@OUTSIDE
@pytest.mark.parametrize("name", distributions.names())
def test_extreme_parameters_give_finite_draws_and_gradients(name):
  member = distributions.get(name)
  chosen = list(_extreme_params(member))
  assert chosen
  if "positive_integer" in member.parameters.values():
    for params in chosen:
      finite_draws(member, params, seed=1, sample_shape=50)
    return
  stacked = [tf.stack(column) for column in zip(*chosen, strict=True)]
  finite_draws(member, stacked, seed=1, sample_shape=50)


@OUTSIDE
def test_uneven_concentrations_leave_no_component_at_zero():
  dirichlet = distributions.get("dirichlet")
  concentration = tf.constant([1e-6, 1.0, 1e6])
  z = finite_draws(dirichlet, [concentration], seed=1, sample_shape=100)
  assert np.all(z > 0)
  assert np.all(np.isfinite(dirichlet.distribution(concentration).log_prob(z)))


@pytest.mark.parametrize("name", ["beta", "uniform", "reciprocal", "triangular"])
def test_draws_stay_inside_an_interval(name):
  member = distributions.get(name)
  params = {"triangular": (0.1, 3.3, 2.0)}.get(name, (0.1, 3.3))
  noise = np.full(member.noise_shape(*params, sample_shape=2), 0.5, np.float32)
  noise[0], noise[1] = 0.0, 1.0
  z = member.sample(*params, noise=noise).numpy()
  low, high = (0.0, 1.0) if name == "beta" else np.float32(params[:2])
  assert np.all((low <= z) & (z <= high))


# The share of draws on the smallest or the largest float that is stated to be sound.
LIMIT = 1e-3
# For shapes without an upper bound, the largest value that is tried.
LARGE = {"beta": 8.0, "dirichlet": 8.0}
DIRICHLETS = [[0.1] * 6, [0.5, 0.5], [8.0, 0.5], [0.1, 400.0]]


def _sound_params(member, case):
  """Parameters at the ends of their ranges, and others far from 1."""
  if member.name == "dirichlet":
    yield from ((concentration,) for concentration in DIRICHLETS)
    return
  if (
    "interval" in member.support
    or member.parameter_ndims
    or case.learned() != list(range(len(case.params)))
  ):
    yield case.params  # they have no shape
    return
  ends = []
  for name, constraint in member.parameters.items():
    otherwise = (0.0, 0.0) if constraint == "real" else np.exp([-10.0, 10.0])
    low, high = member.sound.get(name, otherwise)
    high = LARGE.get(member.name, 400.0) if np.isinf(high) else high
    ends.append([np.float32(low or np.exp(-10)), np.float32(high)])
  yield from itertools.product(*ends)
  if member.name == "beta":
    yield 1e4, 1.0  # as its docstring has it


def _ends(member, case, params):
  """The smallest and the largest draw that any noise gives, in float64."""
  noise = {"uniform": (2.0**-24, 0.5, 1 - 2.0**-24), "normal": (-5.4, 0.0, 5.4)}
  shape = member.noise_shape(*params)
  rows = itertools.product(noise[member.noise], repeat=int(np.prod(shape)))
  noise = np.array([np.reshape(row, shape) for row in rows], np.float32)
  z = np.asarray(case.project(member.sample(*params, noise=noise)))
  return z.min(), z.max()


def _share_at_the_ends(member, case, params):
  """How much of the exact distribution rounds to an end, or lies beyond it."""
  low, high = _ends(member, case, params)
  oracle = case.oracle(*(np.asarray(param, np.float64) for param in params))
  above = (np.float64(low) + np.nextafter(low, np.float32(np.inf))) / 2
  below = (np.float64(high) + np.nextafter(high, np.float32(-np.inf))) / 2
  return oracle.cdf(above) + oracle.sf(below)


def _oracle(name):
  """The first case of a member; of a Dirichlet, for its first component."""
  case = cases.CASES[name][0]
  if name != "dirichlet":
    return case

  def marginal(concentration):
    return scipy.stats.beta(concentration[0], np.sum(concentration[1:]))

  return dataclasses.replace(case, oracle=marginal)


@pytest.mark.parametrize("name", distributions.names())
def test_few_draws_fall_on_an_end_of_float32(name):
  member, case = distributions.get(name), _oracle(name)
  tried = list(_sound_params(member, case))
  for params in tried:
    assert _share_at_the_ends(member, case, params) < LIMIT, params
    if not member.parameter_ndims:
      ends = np.array(_ends(member, case, params))
      assert np.all(np.isfinite(member.distribution(*params).log_prob(ends))), params
  # All of these are inside: they draw without a warning, which is an error here.
  member.sample(*tried[0], seed=1)


OUT_OF_RANGE = {
  "gamma": [(0.05, 1.0)],
  "weibull": [(0.05, 1.0)],
  "chi2": [(0.05,)],
  "pareto": [(0.05, 1.0)],
  "f": [(0.05, 3.0), (3.0, 0.05)],
  "student_t": [(0.05, 0.0, 1.0)],
  "beta": [(0.05, 1.0), (1.0, 0.05)],
  "dirichlet": [([0.05, 1.0],)],
  "log_normal": [(0.0, 30.0), (60.0, 10.0), (-80.0, 10.0)],
}


@pytest.mark.parametrize("name", OUT_OF_RANGE)
def test_outside_its_range_a_parameter_is_warned_of(name):
  member, case = distributions.get(name), _oracle(name)
  for params in OUT_OF_RANGE[name]:
    with pytest.warns(UserWarning, match=f"{name}: .* is outside .* an end of float32"):
      share = _share_at_the_ends(member, case, params)
    assert share > LIMIT
    with warnings.catch_warnings(action="error"):
      member.sample(*(tf.constant(p, tf.float64) for p in params), seed=1)


def test_every_range_is_tried_from_outside():
  stated = {n for n in distributions.names() if distributions.get(n).sound}
  assert stated == set(OUT_OF_RANGE)


def test_a_small_scale_leaves_weibull_s_draws_above_zero():
  weibull = distributions.get("weibull")
  params = [tf.constant(0.1), tf.constant(np.exp(-10.0), tf.float32)]
  z = finite_draws(weibull, params, noise=np.full(3, 2.0**-24, np.float32))
  assert np.all(z > 0)
  assert np.all(np.isfinite(weibull.distribution(*params).log_prob(z)))
