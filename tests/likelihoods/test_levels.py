import math

import numpy as np
import pytest
import tensorflow as tf

from aevb_tf import likelihoods
from tests.likelihoods import harness


def built(identifier, event_shape=(1,)):
  likelihood = likelihoods.get(identifier)
  likelihood.build(event_shape)
  return likelihood


def sigmoid(x):
  return 1 / (1 + np.exp(-np.float64(x)))


def probabilities(p, levels):
  """P(x = level) of every level, `[levels, ...event]`, for one example."""
  parts = p.distribution
  values = tf.reshape(tf.constant(levels, tf.float32), (-1, *[1] * len(p.event_shape)))
  x = tf.broadcast_to(values, (len(levels), *p.event_shape))
  return np.exp(parts.log_prob(x).numpy().astype(np.float64))


def variance_of(masses):
  """The variance of the level, of its probabilities `[..., levels]`."""
  levels = np.arange(masses.shape[-1])
  return masses @ levels**2 - (masses @ levels) ** 2


def test_categories_are_a_softmax():
  likelihood = built({"name": "category", "levels": 3}, (2, 1))
  params = harness.params_of(likelihood, np.random.default_rng(0), 1, (2, 1))
  p = likelihood.distribution(params)
  logits = params.numpy().reshape(2, 1, 3).astype(np.float64)
  softmax = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
  found = probabilities(p, [0.0, 1.0, 2.0])
  np.testing.assert_allclose(np.moveaxis(found, 0, -1), softmax, rtol=1e-5)
  np.testing.assert_allclose(p.mean()[0], softmax @ [0, 1, 2], rtol=1e-5)
  np.testing.assert_allclose(p.variance()[0], variance_of(softmax), rtol=1e-5)


@pytest.mark.parametrize("levels", [3, 7])
def test_cumulative_logits(levels):
  likelihood = built({"name": "ordinal", "levels": levels}, (2, 3))
  first, log_gaps = likelihood.trainable_variables
  rng = np.random.default_rng(levels)
  first.assign(rng.normal(size=(3, 1)))
  log_gaps.assign(rng.normal(size=(3, levels - 2)))
  cuts = likelihood.cutpoints_and_gaps()[0].numpy().astype(np.float64)
  assert cuts.shape == (3, levels - 1) and np.all(np.diff(cuts) > 0)
  loc = 3 * harness.params_of(likelihood, rng, 1, (2, 3))
  p = likelihood.distribution(loc)
  cdf = sigmoid(cuts - loc.numpy()[0, ..., np.newaxis])
  cdf = np.concatenate([0 * cdf[..., :1], cdf, 1 + 0 * cdf[..., :1]], axis=-1)
  exact = np.diff(cdf)
  found = np.moveaxis(probabilities(p, range(levels)), 0, -1)
  np.testing.assert_allclose(found, exact, rtol=1e-5)
  np.testing.assert_allclose(p.mean()[0], exact @ np.arange(levels), rtol=1e-5)


def test_levels_are_equally_likely_before_training():
  likelihood = built({"name": "ordinal", "levels": 5})
  p = likelihood.distribution(tf.zeros((1, 1)))
  found = probabilities(p, range(5))
  np.testing.assert_allclose(found, np.full((5, 1), 0.2), rtol=2e-4)


@pytest.mark.parametrize("loc", [-1e4, -30.0, 30.0, 1e4])
def test_far_locations_of_ordered_levels(loc):
  """Far from the cutpoints, log P falls with the distance to the nearest."""
  likelihood = built({"name": "ordinal", "levels": 3})
  p = likelihood.distribution(tf.fill((1, 1), loc))
  (low, high), width = np.log([0.5, 2.0]), np.log(4.0)
  log_mass = np.log(-np.expm1(-width))
  exact = {
    0.0: -np.logaddexp(0, loc - low),
    1.0: -np.logaddexp(0, loc - high) - np.logaddexp(0, low - loc) + log_mass,
    2.0: -np.logaddexp(0, high - loc),
  }
  for level, expected in exact.items():
    found = p.log_prob([[level]])
    np.testing.assert_allclose(found, [expected], rtol=1e-5, atol=1e-5)


def logistic_levels(weights, loc, scale):
  """P(level) by the differences of the CDF in float64, `[256]`."""
  edges = (2 * np.arange(255) + 1) / 255 - 1
  cdf = sum(
    w * sigmoid((edges - m) / s) for w, m, s in zip(weights, loc, scale, strict=True)
  )
  return np.diff(np.concatenate([[0.0], cdf, [1.0]]))


@pytest.mark.parametrize(
  "loc, log_scale", [(0.0, 0.0), (-1.0, -3.0), (0.3, -5.0), (1.5, -1.0)]
)
def test_discretized_logistic_is_a_difference_of_the_cdf(loc, log_scale):
  p = built("discretized_logistic").distribution(tf.constant([[loc, log_scale]]))
  scale = p.distribution.scale.numpy().item()
  exact = logistic_levels([1.0], [loc], [scale])
  found = probabilities(p, np.arange(256) / 255)[:, 0]
  np.testing.assert_allclose(found.sum(), 1.0, rtol=1e-5)
  np.testing.assert_allclose(found, exact, rtol=2e-4, atol=1e-12)
  mean = exact @ np.arange(256) / 255
  np.testing.assert_allclose(p.mean().numpy().item(), mean, rtol=1e-5)
  variance = variance_of(exact) / 255**2
  np.testing.assert_allclose(p.variance().numpy().item(), variance, rtol=1e-4)


def test_mixture_of_discretized_logistics():
  rng = np.random.default_rng(0)
  likelihood = built({"name": "discretized_logistic", "num_mixtures": 3}, (2,))
  assert likelihood.params_shape((2,)) == (18,)
  logits, loc, log_scale = rng.normal(size=(3, 2, 3)) - [[[0]], [[0]], [[2]]]
  params = np.concatenate([logits.ravel(), loc.ravel(), log_scale.ravel()])
  p = likelihood.distribution(tf.constant(params[np.newaxis], tf.float32))
  found = probabilities(p, np.arange(256) / 255)
  cdf = np.cumsum(found, axis=0)
  for column in range(2):
    weights = np.exp(logits[column]) / np.exp(logits[column]).sum()
    scale = p.distribution.scale.numpy()[0, column]
    exact = logistic_levels(weights, loc[column], scale)
    np.testing.assert_allclose(found[:, column], exact, rtol=5e-4)
    mean = exact @ np.arange(256) / 255
    np.testing.assert_allclose(p.mean()[0, column], mean, rtol=1e-5)
    variance = variance_of(exact) / 255**2
    np.testing.assert_allclose(p.variance()[0, column], variance, rtol=1e-4)
  u = np.linspace(0.013, 0.987, 40, dtype=np.float32)[:, np.newaxis].repeat(2, axis=1)
  drawn = likelihood.quantile(p, tf.constant(u)).numpy()
  level = [np.searchsorted(cdf[:, c], u[:, c]) for c in range(2)]
  np.testing.assert_allclose(drawn, np.stack(level, axis=1) / 255, rtol=1e-6)


@pytest.mark.parametrize("loc", [-50.0, 50.0])
def test_far_levels_have_finite_logs_of_the_right_slope(loc):
  p = built("discretized_logistic").distribution(tf.constant([[loc, -5.0]]))
  scale = p.distribution.scale.numpy().item()
  level = np.float32([[100 / 255], [101 / 255]])
  found = p.log_prob(level).numpy()
  np.testing.assert_allclose(
    found[1] - found[0], np.sign(loc) * 2 / 255 / scale, rtol=1e-3
  )


def test_bits_per_dim():
  bits = likelihoods.bits_per_dim(np.array([-6 * math.log(256)]), (1, 2, 3))
  np.testing.assert_allclose(bits, [8.0])
  bits = likelihoods.bits_per_dim(tf.constant(-6 * math.log(2)), (6,))
  np.testing.assert_allclose(bits, 1.0, rtol=1e-6)


@pytest.mark.parametrize(
  "identifier, message",
  [
    ({"name": "category", "levels": 1}, "levels=1: must be at least 2"),
    ({"name": "category", "levels": 2.5}, "levels"),
    ({"name": "ordinal", "levels": 2}, "levels=2: must be at least 3.*'bernoulli'"),
    ("ordinal", "'ordinal' refused .*levels"),
    ({"name": "discretized_logistic", "num_mixtures": 0}, "num_mixtures"),
  ],
)
def test_impossible_options_are_refused(identifier, message):
  with pytest.raises(ValueError, match=message):
    likelihoods.get(identifier)


@pytest.mark.parametrize(
  "identifier, bad, advice",
  [
    ({"name": "category", "levels": 4}, 4.0, "codes 0, 1, ..., 3. Code the categories"),
    ({"name": "category", "levels": 4}, 0.5, "codes 0, 1, ..., 3. Code the categories"),
    ({"name": "ordinal", "levels": 4}, -1.0, "ordered levels 0, 1, ..., 3. Code the"),
    ("discretized_logistic", 0.3001, "continuous_bernoulli"),
    ("discretized_logistic", 255.0, "Divide 8-bit levels by 255"),
  ],
)
def test_targets_outside_the_support_are_refused_with_advice(identifier, bad, advice):
  likelihood = built(identifier)
  likelihood.check_targets(np.array([[0.0], [1.0], [0.0]]) * 0)
  with pytest.raises(ValueError, match=advice):
    likelihood.check_targets(np.array([[0.0], [bad]]))


def test_binary_targets_of_grey_levels_are_warned_of():
  with pytest.warns(UserWarning, match="only 0 and 1.*'bernoulli'"):
    built("discretized_logistic", (4,)).check_targets(np.eye(4, dtype=np.float32))
