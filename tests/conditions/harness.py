"""What every condition satisfies: `check_member`, or one check at a time."""

import json
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf

import aevb_tf as aevb
from aevb_tf import conditions


class Case(NamedTuple):
  """A condition, and where it is tried."""

  condition: Any  # what `VAE(condition=...)` takes
  values: Any  # those of three examples, as a user has them
  invalid: float  # a number that a batch must not have
  event_shape: tuple[int, ...] = (4, 3, 1)  # of x


def check_member(case):
  """All checks of one condition."""
  for check in CHECKS:
    check(case)


def arrays_have_the_shape_and_dtype_of_the_condition(case):
  condition = conditions.get(case.condition)
  c = condition.as_array(case.values)
  assert c.shape == (3, *condition.shape) and c.dtype == condition.dtype
  np.testing.assert_array_equal(condition.as_array(c), c)
  np.testing.assert_array_equal(condition.as_array(c[0]), c[:1])
  features = condition.features(tf.constant(c))
  assert features.shape == (3, *condition.features_shape)
  assert features.dtype == tf.float32


def examples_are_valid(case):
  condition = conditions.get(case.condition)
  c = condition.examples(5)
  assert c.shape == (5, *condition.shape) and c.dtype == condition.dtype
  np.testing.assert_array_equal(condition.as_array(c), c)
  assert np.all(condition.is_valid(tf.constant(c)))


def an_invalid_number_is_found_in_its_row(case):
  condition = conditions.get(case.condition)
  c = condition.examples(3).astype(np.float32)
  c[1, ...] = case.invalid
  np.testing.assert_array_equal(condition.is_valid(tf.constant(c)), [True, False, True])
  with pytest.raises(ValueError, match="condition has"):
    condition.as_array(c)
  assert condition.advice().endswith(".")


def configuration_survives_json(case):
  condition = conditions.get(case.condition)
  again = conditions.get(json.loads(json.dumps(condition.get_config())))
  assert type(again) is type(condition)
  assert again.get_config() == condition.get_config()
  np.testing.assert_array_equal(
    again.as_array(case.values), condition.as_array(case.values)
  )


def a_model_of(case, networks="mlp", prior="conditional", **options):
  keras.utils.set_random_seed(0)
  encoder, decoder = {
    "mlp": (aevb.networks.MLPEncoder, aevb.networks.MLPDecoder),
    "conv": (aevb.networks.ConvEncoder, aevb.networks.ConvDecoder),
  }[networks]
  hidden = {"hidden_units": (5,)} if networks == "mlp" else {"filters": (2,)}
  return aevb.VAE(
    encoder(2, **hidden),
    decoder(case.event_shape, **hidden),
    condition=case.condition,
    prior=prior,
    seed=0,
    **options,
  )


def images(case, count=3):
  """x `[count, *event_shape]`, and c of each."""
  x = np.random.default_rng(0).random((count, *case.event_shape)).astype(np.float32)
  return x, conditions.get(case.condition).as_array(case.values)[np.arange(count) % 3]


def every_answer_depends_on_it(case):
  """Of networks, and of the prior: each has weights for what it sees of c."""
  x, c = images(case)
  other = np.roll(c, 1, axis=0)
  vae = a_model_of(case)
  vae.prior.head.kernel.assign_add(tf.ones_like(vae.prior.head.kernel))
  for answer in (
    lambda c: vae.encode(x, condition=c).mean(),
    lambda c: vae.decode(np.zeros((3, 2), np.float32), condition=c).mean(),
    lambda c: vae.sample(3, seed=1, condition=c),
    lambda c: vae.elbo(x, seed=1, condition=c),
    lambda c: vae.reconstruct(x, condition=c),
  ):
    found, moved = np.asarray(answer(c)), np.asarray(answer(other))
    assert np.all(np.any(np.reshape(found != moved, (3, -1)), axis=1))
    # One for all examples is that of each.
    np.testing.assert_allclose(
      answer(c[0]), answer(np.repeat(c[:1], 3, axis=0)), 1e-6, 1e-6
    )


def mixed_precision_computes_bounds_in_float32(case):
  x, c = images(case)
  full = a_model_of(case)
  before = keras.mixed_precision.dtype_policy()
  keras.mixed_precision.set_dtype_policy("mixed_float16")
  try:
    half = a_model_of(case)
  finally:
    keras.mixed_precision.set_dtype_policy(before)
  half.set_weights(full.get_weights())
  found = half.elbo(x, seed=1, condition=c)
  assert found.dtype == tf.float32
  np.testing.assert_allclose(found, full.elbo(x, seed=1, condition=c), rtol=2e-3)


CHECKS = (
  arrays_have_the_shape_and_dtype_of_the_condition,
  examples_are_valid,
  an_invalid_number_is_found_in_its_row,
  configuration_survives_json,
  every_answer_depends_on_it,
  mixed_precision_computes_bounds_in_float32,
)
