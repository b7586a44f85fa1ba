"""What every likelihood satisfies: `check_member`, or one check at a time."""

from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from aevb_tf import likelihoods
from aevb_tf.likelihoods.observed import Observed
from tests import stats
from tests.likelihoods import cases

NUM_DRAWS = 20_000


class Case(NamedTuple):
  """A likelihood, and what it is tried with."""

  make: Callable  # -> a new likelihood
  values: np.ndarray  # of pixels
  sizes: tuple[float, ...] = (1e3, 1e4, -1e3, -1e4)  # outputs that have to be finite
  spread: float = 1.0  # of the outputs for which draws have a mean that can be tested
  data: Callable | None = None  # (rng, shape) -> targets; None: independent `values`
  columns: int | None = None  # size of the last axis, if only one is possible
  is_vector: bool = False  # whether an example has no other axis

  def built(self, event_shape):
    likelihood = self.make()
    likelihood.build(event_shape)
    return likelihood

  def shape(self, *event_shape):
    """`event_shape`, with the possible number of columns."""
    event_shape = event_shape[-1:] if self.is_vector else event_shape
    return (*event_shape[:-1], self.columns or event_shape[-1])

  def targets(self, rng, shape):
    if self.data is None:
      return tf.constant(rng.choice(self.values, size=shape))
    return tf.constant(self.data(rng, shape))


def case(identifier, **options):
  """A case of the package."""
  return Case(
    lambda: likelihoods.get(identifier),
    cases.values(identifier),
    data=lambda rng, shape: cases.data(identifier, rng, shape),
    **options,
  )


def check_member(case, seed=0):
  """All checks of one likelihood."""
  for check in CHECKS:
    check(case, seed)


def params_of(likelihood, rng, batch, event_shape):
  shape = (batch, *likelihood.params_shape(event_shape))
  return tf.constant(rng.normal(size=shape), tf.float32)


def shapes_are_right(case, seed):
  for event_shape in (case.shape(3, 2, 1), case.shape(2, 2, 3), case.shape(5)):
    likelihood = case.built(event_shape)
    params = params_of(likelihood, np.random.default_rng(0), 4, event_shape)
    p = likelihood.distribution(params)
    assert p.batch_shape == (4,) and p.event_shape == event_shape
    assert p.mean().shape == (4, *event_shape)
    x = likelihood.quantile(p, tf.fill((4, *event_shape), 0.3))
    assert x.shape == (4, *event_shape) and x.dtype == tf.float32
    assert p.log_prob(x).shape == (4,)
    assert bool(likelihood.in_support(x))
    x = p.sample(2, seed=0)
    assert x.shape == (2, 4, *event_shape)
    assert p.log_prob(x).shape == (2, 4)
    assert bool(likelihood.in_support(x))


def densities_of_half_precision_outputs_are_float32(case, seed):
  rng, event_shape = np.random.default_rng(0), case.shape(4)
  likelihood = case.built(event_shape)
  params = params_of(likelihood, rng, 2, event_shape)
  p = likelihood.distribution(tf.cast(params, tf.float16))
  x = case.targets(rng, (2, *event_shape))
  assert p.mean().dtype == p.log_prob(x).dtype == tf.float32


def pairs_are_scored_as_one_by_one(case, seed):
  rng, event_shape = np.random.default_rng(0), case.shape(3, 2, 1)
  likelihood = case.built(event_shape)
  params = params_of(likelihood, rng, 4, event_shape)
  x = case.targets(rng, (3, *event_shape))

  def pairs(x):
    return likelihood.log_prob_of_pairs(likelihood.distribution(params), x)

  one_by_one = [
    [likelihood.distribution(params[k : k + 1]).log_prob(x[i])[0] for k in range(4)]
    for i in range(3)
  ]
  for jit in (False, True):
    compiled = tf.function(pairs, jit_compile=jit)
    found = compiled(x)
    np.testing.assert_allclose(found, one_by_one, rtol=1e-5, atol=1e-5)


def elements_add_up_to_the_density(case, seed):
  rng = np.random.default_rng(0)
  for event_shape in (case.shape(3, 2, 1), case.shape(5)):
    likelihood = case.built(event_shape)
    p = likelihood.distribution(params_of(likelihood, rng, 4, event_shape))
    for batch in ((4,), (2, 4), ()):  # `batch` may have other axes than the outputs
      x = case.targets(rng, (*batch, *event_shape))
      each = likelihood.log_prob_of_each(p, x)
      assert each.dtype == tf.float32
      assert each.shape == (*(batch or (4,)), *event_shape)
      axes = range(-len(event_shape), 0)
      log_prob = p.log_prob(x)
      np.testing.assert_allclose(np.sum(each, tuple(axes)), log_prob, 1e-5, 1e-5)


def a_safe_value_can_be_scored(case, seed):
  event_shape = case.shape(5)
  likelihood = case.built(event_shape)
  params = params_of(likelihood, np.random.default_rng(0), 4, event_shape)
  x = tf.broadcast_to(tf.cast(likelihood.safe_value, tf.float32), (4, *event_shape))
  assert bool(likelihood.in_support(x))
  with tf.GradientTape() as tape:
    tape.watch(params)
    each = likelihood.log_prob_of_each(likelihood.distribution(params), x)
  assert np.all(np.isfinite(each))
  assert np.all(np.isfinite(tape.gradient(each, params)))


def draws_have_the_mean_of_the_distribution(case, seed):
  rng = np.random.default_rng(seed)
  event_shape = case.shape(3)
  likelihood = case.built(event_shape)
  params = case.spread * params_of(likelihood, rng, 1, event_shape)
  p = likelihood.distribution(tf.repeat(params, NUM_DRAWS, axis=0))
  shape = (NUM_DRAWS, *event_shape)
  u = tf.constant(rng.uniform(1e-6, 1 - 1e-6, size=shape), tf.float32)
  stats.assert_mean(likelihood.quantile(p, u).numpy(), p.mean().numpy()[0])


def draws_are_the_same_when_compiled(case, seed):
  rng, event_shape = np.random.default_rng(0), case.shape(5)
  likelihood = case.built(event_shape)
  params = params_of(likelihood, rng, 3, event_shape)
  u = tf.constant(rng.uniform(size=(3, *event_shape)), tf.float32)

  def draw(u):
    return likelihood.quantile(likelihood.distribution(params), u)

  for jit in (False, True):
    compiled = tf.function(draw, jit_compile=jit)
    np.testing.assert_allclose(compiled(u), draw(u), rtol=1e-4, atol=1e-5)


def extreme_outputs_of_large_events_are_finite(case, seed):
  event_shape = case.shape(20_000)
  likelihood = case.built(event_shape)
  x = case.targets(np.random.default_rng(0), (2, *event_shape))
  for size in case.sizes:
    params = tf.fill((2, *likelihood.params_shape(event_shape)), size)
    with tf.GradientTape() as tape:
      tape.watch(params)
      log_prob = likelihood.distribution(params).log_prob(x)
    assert np.all(np.isfinite(log_prob)), size
    for gradient in tape.gradient(log_prob, [params, *likelihood.trainable_variables]):
      assert np.all(np.isfinite(gradient)), size


def missing_values_are_left_out(case, seed):
  event_shape = case.shape(3, 2, 3)
  rng, likelihood = np.random.default_rng(0), case.built(event_shape)
  params = params_of(likelihood, rng, 4, event_shape)
  x = case.targets(rng, (4, *event_shape)).numpy()
  gaps = rng.random(x.shape) < 0.3
  gaps[1], gaps[2] = True, False
  incomplete = tf.constant(np.where(gaps, np.nan, x), tf.float32)
  family = Observed(likelihood)
  assert bool(family.in_support(incomplete))
  family.check_support(incomplete)
  observed = likelihood.observed(incomplete).numpy()
  assert not np.any(observed & gaps) and np.all(observed[2])
  each = likelihood.log_prob_of_each(likelihood.distribution(params), tf.constant(x))
  wanted = np.where(observed, each, 0.0).reshape(4, -1).sum(axis=1)
  with tf.GradientTape() as tape:
    tape.watch(params)
    found = family.distribution(params).log_prob(incomplete)
  np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)
  assert np.all(np.isfinite(tape.gradient(found, params)))


def configuration_survives_saving(case, seed):
  likelihood = case.make()
  again = keras.saving.deserialize_keras_object(
    keras.saving.serialize_keras_object(likelihood)
  )
  assert type(again) is type(likelihood)
  assert again.get_config() == likelihood.get_config()


def a_point_estimate_is_an_example(case, seed):
  """For one z it is the mean, or a level, of the shape of an example."""
  event_shape = case.shape(5, 4, 3)
  likelihood = case.built(event_shape)
  params = params_of(likelihood, np.random.default_rng(0), 6, event_shape)
  expectations = likelihood.expectations(likelihood.distribution(params))
  assert expectations.shape == (6, *likelihood.expectations_shape())
  assert likelihood.point_estimate(expectations).shape == (6, *event_shape)


CHECKS = (
  shapes_are_right,
  densities_of_half_precision_outputs_are_float32,
  pairs_are_scored_as_one_by_one,
  elements_add_up_to_the_density,
  a_safe_value_can_be_scored,
  a_point_estimate_is_an_example,
  draws_have_the_mean_of_the_distribution,
  draws_are_the_same_when_compiled,
  extreme_outputs_of_large_events_are_finite,
  missing_values_are_left_out,
  configuration_survives_saving,
)
