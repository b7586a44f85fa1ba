"""Float32's edges: noise of 0 and 1, and parameters far from one, stay finite."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from aevb_tf import reparameterization
from tests.reparameterization import cases

ALL = cases.every_case()

EDGES = {
  "uniform": [0.0, 1e-45, 1e-38, 2.0**-24, 0.5, 1 - 2.0**-24, 1.0],
  "normal": [-13.0, -5.5, -1e-30, 0.0, 5.5, 13.0],
}
# The values that each constraint allows, from one end of float32's use to the other.
EXTREMES = {
  "real": [-1e8, -1.0, 0.0, 1e8],
  "positive": [1e-8, 1e-3, 1.0, 30.0, 1e4, 1e8],
  "positive_integer": [1, 200],
  "cholesky": [1e-8, 1.0, 1e8],
}


def _finite(member, params, **noise):
  """Draws, and asserts that draws and gradients are finite."""
  watched = [p for p in params if tf.is_tensor(p)]
  with tf.GradientTape() as tape:
    tape.watch(watched)
    z = member.sample(*params, **noise)
  assert np.all(np.isfinite(z)), (params, z)
  for gradient in tape.gradient(z, watched):
    assert np.all(np.isfinite(gradient)), (params, gradient)
  return z


def _copies(case, n):
  """The learned parameters n times, so that each draw has gradients of its own."""
  copies = list(case.params)
  for i in case.learned():
    value = np.asarray(copies[i], np.float32)
    copies[i] = tf.constant(np.broadcast_to(value, (n, *value.shape)))
  return copies


@pytest.mark.parametrize(("member", "case"), ALL, ids=cases.label)
def test_noise_at_its_ends_gives_finite_draws_and_gradients(member, case):
  shape = member.noise_shape(*case.params, sample_shape=200)
  choices = np.random.default_rng(0).integers(len(EDGES[member.noise]), size=shape)
  choices[: len(EDGES[member.noise])] = np.arange(len(EDGES[member.noise])).reshape(
    (-1,) + (1,) * (len(shape) - 1)
  )
  noise = np.array(EDGES[member.noise], np.float32)[choices]
  _finite(member, _copies(case, len(noise)), noise=noise)


@pytest.mark.parametrize(("member", "case"), ALL, ids=cases.label)
def test_the_noise_that_we_draw_has_a_finite_log_prob(member, case):
  # The two ends of what `aevb_tf.random` draws, in every combination up to 64.
  ends = {"uniform": (2.0**-24, 1 - 2.0**-24), "normal": (-5.5, 5.5)}[member.noise]
  shape = member.noise_shape(*case.params)
  rows = itertools.islice(itertools.product(ends, repeat=int(np.prod(shape))), 64)
  noise = np.array([np.reshape(row, shape) for row in rows], np.float32)
  z = member.sample(*case.params, noise=noise)
  log_prob = member.distribution(*case.params).log_prob(z)
  assert np.all(np.isfinite(log_prob)), (z, log_prob)


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


@pytest.mark.parametrize("name", reparameterization.names())
def test_extreme_parameters_give_finite_draws_and_gradients(name):
  member = reparameterization.get(name)
  chosen = list(_extreme_params(member))
  assert chosen
  if "positive_integer" in member.parameters.values():
    for params in chosen:
      _finite(member, params, seed=1, sample_shape=50)
    return
  stacked = [tf.stack(column) for column in zip(*chosen, strict=True)]
  _finite(member, stacked, seed=1, sample_shape=50)


def test_uneven_concentrations_leave_no_component_at_zero():
  dirichlet = reparameterization.get("dirichlet")
  concentration = tf.constant([1e-6, 1.0, 1e6])
  z = _finite(dirichlet, [concentration], seed=1, sample_shape=100)
  assert np.all(z > 0)
  assert np.all(np.isfinite(dirichlet.distribution(concentration).log_prob(z)))


@pytest.mark.parametrize("name", ["beta", "uniform", "reciprocal", "triangular"])
def test_draws_stay_inside_an_interval(name):
  member = reparameterization.get(name)
  params = {"triangular": (0.1, 3.3, 2.0)}.get(name, (0.1, 3.3))
  noise = np.full(member.noise_shape(*params, sample_shape=2), 0.5, np.float32)
  noise[0], noise[1] = 0.0, 1.0
  z = member.sample(*params, noise=noise).numpy()
  low, high = (0.0, 1.0) if name == "beta" else np.float32(params[:2])
  assert np.all((low <= z) & (z <= high))
