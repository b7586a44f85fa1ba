import numpy as np
import pytest
import scipy.integrate
import scipy.stats
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from aevb_tf import likelihoods
from aevb_tf.likelihoods.continuous_bernoulli import log_normalizer
from tests import stats
from tests.likelihoods import cases, harness

EVENT = (3, 2, 1)


def build(name, event_shape=EVENT):
  likelihood = likelihoods.get(name)
  likelihood.build(event_shape)
  return likelihood


ALL = [
  "bernoulli",
  "beta",
  "continuous_bernoulli",
  "categorical",
  {"name": "category", "levels": 4},
  cases.identifier("columns"),
  "discretized_logistic",
  {"name": "discretized_logistic", "num_mixtures": 3},
  "gaussian",
  {"name": "gaussian", "scale": "shared"},
  {"name": "gaussian", "scale": 0.5},
  {"name": "gaussian", "unit_mean": True},
  "laplace",
  "log_normal",
  "multinomial",
  {"name": "multinomial", "total": 9},
  "negative_binomial",
  {"name": "negative_binomial", "dispersion": "per_pixel"},
  "one_hot",
  {"name": "one_hot", "groups": [2, 1, 3]},
  {"name": "ordinal", "levels": 4},
  "poisson",
  "student_t",
  {"name": "student_t", "df": 3.0},
]
# What the harness needs to know about some of them.
NOTES = {
  "columns": {"columns": 9, "is_vector": True, "spread": 0.1},
  "log_normal": {"spread": 0.1},  # for which the mean of draws is nearly normal
  "{'name': 'one_hot', 'groups': [2, 1, 3]}": {"columns": 6},
}


def test_all_registered_names_are_tested_here():
  tested = {cases.name_of(identifier) for identifier in ALL}
  assert tested == set(likelihoods.names())


@pytest.mark.parametrize("check", harness.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", ALL, ids=lambda name: str(name)[:60])
def test_members(name, check, seeds):
  notes = NOTES.get(str(name), NOTES.get(cases.name_of(name), {}))
  check(harness.case(name, **notes), seeds(0))


@pytest.mark.parametrize("grey", [0.0, 0.25, 1.0])
@pytest.mark.parametrize("logit", [-1e4, -30.0, -0.5, 0.0, 2.0, 1e4])
def test_bernoulli_is_minus_the_cross_entropy(grey, logit):
  likelihood = build("bernoulli", (1,))
  value = likelihood.distribution(tf.constant([[logit]])).log_prob([[grey]])
  exact = -grey * np.logaddexp(0, -logit) - (1 - grey) * np.logaddexp(0, logit)
  np.testing.assert_allclose(value, [exact], rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize(
  "logit", [-50.0, -3.0, -0.6, -0.4, -1e-4, 0.0, 0.49, 0.51, 20.0]
)
def test_continuous_bernoulli_integrates_to_one(logit):
  exact = np.log(scipy.integrate.quad(lambda x: np.exp(logit * x), 0, 1)[0])
  # The normaliser of exp(l x) / (1 + exp(l)) on [0, 1].
  expected = np.logaddexp(0, logit) - exact
  np.testing.assert_allclose(log_normalizer(tf.constant(logit)), expected, rtol=2e-6)


@pytest.mark.parametrize("logit", [-90.0, -3.0, -0.4, 0.0, 0.45, 0.55, 4.0, 90.0])
def test_continuous_bernoulli_mean(logit):
  likelihood = build("continuous_bernoulli", (1,))
  shift = max(logit, 0.0)  # keeps the integrand in range

  def weight(x):
    return np.exp(logit * x - shift)

  points = [0.01, 0.1, 0.9, 0.99]
  mass = scipy.integrate.quad(weight, 0, 1, points=points)[0]
  mean = scipy.integrate.quad(lambda x: x * weight(x), 0, 1, points=points)[0] / mass
  ours = likelihood.distribution(tf.constant([[logit]])).mean()
  np.testing.assert_allclose(ours, [[mean]], rtol=3e-6)


def test_gaussian_against_scipy():
  rng = np.random.default_rng(0)
  mean, log_variance = rng.normal(size=(2, 7, 3, 2, 1))
  x = rng.normal(size=(7, 3, 2, 1)).astype(np.float32)
  params = tf.constant(np.concatenate([mean, log_variance], -1), tf.float32)
  ours = build("gaussian").distribution(params).log_prob(x)
  exact = scipy.stats.norm.logpdf(x, mean, np.exp(log_variance / 2)).sum((1, 2, 3))
  np.testing.assert_allclose(ours, exact, rtol=1e-5)

  unit = build({"name": "gaussian", "unit_mean": True}).distribution(params)
  np.testing.assert_allclose(unit.mean(), 1 / (1 + np.exp(-mean)), rtol=1e-5)

  fixed = build({"name": "gaussian", "scale": 0.3})
  ours = fixed.distribution(tf.constant(mean, tf.float32)).log_prob(x)
  exact = scipy.stats.norm.logpdf(x, mean, 0.3).sum((1, 2, 3))
  np.testing.assert_allclose(ours, exact, rtol=1e-5)


def test_shared_variance_is_one_trainable_number():
  likelihood = build({"name": "gaussian", "scale": "shared"})
  (log_variance,) = likelihood.trainable_variables
  assert log_variance.shape == ()
  log_variance.assign(2 * np.log(0.2))
  p = likelihood.distribution(tf.zeros((1, *EVENT)))
  np.testing.assert_allclose(p.stddev(), np.full((1, *EVENT), 0.2), rtol=1e-6)


@pytest.mark.parametrize("scale", [0, -1.0, "pixel", True, None])
def test_gaussian_refuses_impossible_scales(scale):
  with pytest.raises(ValueError, match="use 'per_pixel', 'shared', or a positive"):
    likelihoods.Gaussian(scale=scale)


def test_categorical_is_a_softmax_over_levels():
  rng = np.random.default_rng(0)
  likelihood = build("categorical")
  params = harness.params_of(likelihood, rng, 2, EVENT)
  levels = rng.integers(0, 256, size=(2, *EVENT))
  logits = params.numpy().reshape(2, *EVENT, 256).astype(np.float64)
  log_softmax = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
  exact = np.take_along_axis(log_softmax, levels[..., None], -1).sum((1, 2, 3, 4))
  p = likelihood.distribution(params)
  x = tf.constant(levels / 255, tf.float32)
  np.testing.assert_allclose(p.log_prob(x), exact, rtol=1e-5)
  mean = (np.exp(log_softmax) * np.arange(256) / 255).sum(-1)
  np.testing.assert_allclose(p.mean(), mean, rtol=1e-4)


def test_draws_of_a_density_have_its_cdf(seeds):
  rng = np.random.default_rng(seeds(1))
  likelihood = build("continuous_bernoulli", (1,))
  for logit in (-4.0, 0.0, 1e-3, 2.5):
    p = likelihood.distribution(tf.fill((20000, 1), logit))
    u = tf.constant(rng.uniform(1e-6, 1 - 1e-6, size=(20000, 1)), tf.float32)

    def cdf(x, logit=logit):
      return np.expm1(logit * x) / np.expm1(logit) if logit else x

    stats.assert_ks(likelihood.quantile(p, u).numpy().ravel(), cdf)


@pytest.mark.parametrize(
  "name, bad, advice",
  [
    ("bernoulli", 1.5, "use likelihood='gaussian'"),
    ("bernoulli", -0.1, "scale other data to"),
    ("bernoulli", 255.0, "Divide 8-bit levels by 255 .*ArrayDataset"),
    ("continuous_bernoulli", 255.0, "Divide 8-bit levels by 255 .*ArrayDataset"),
    ("categorical", 255.0, "Divide 8-bit levels by 255 .*ArrayDataset"),
    ("continuous_bernoulli", 2.0, "use likelihood='gaussian'"),
    ("categorical", 0.3001, "continuous_bernoulli"),
    ("categorical", 2.0, "multiples of 1/255"),
    ("gaussian", np.nan, "1 NaN or infinite values of 3, .* fix the broken examples"),
    ("bernoulli", np.inf, "1 NaN or infinite values of 3, .* fix the broken examples"),
  ],
)
def test_targets_outside_the_support_are_refused_with_advice(name, bad, advice):
  likelihood = build(name, (1,))
  likelihood.check_targets(np.array([[0.0], [0.2], [1.0]]))
  with pytest.raises(ValueError, match=advice):
    likelihood.check_targets(np.array([[0.0], [0.2], [bad]]))


def test_binary_targets_of_256_levels_are_warned_of_once():
  one_hot = np.eye(4, dtype=np.float32)
  with pytest.warns(UserWarning, match="only 0 and 1.*'bernoulli'") as caught:
    build("categorical", (4,)).check_targets(one_hot)
  assert len(caught) == 1
  build("categorical", (4,)).check_targets(0 * one_hot)  # black images
  for name in ("bernoulli", "gaussian"):
    build(name, (4,)).check_targets(one_hot)  # a warning would be an error


def test_colours_of_bernoulli_pixels_are_warned_of_once():
  grey = np.full((2, 4, 4, 3), 0.5, np.float32)
  likelihood = build("bernoulli", (4, 4, 3))
  with pytest.warns(UserWarning, match="colour .*likelihood='gaussian'") as caught:
    likelihood.check_targets(grey)
  assert len(caught) == 1 and "\n" not in str(caught[0].message)
  likelihood.check_targets(grey)  # a warning would be an error
  build("bernoulli", (4, 4, 3)).check_targets(np.round(grey))
  build("bernoulli", (4, 4, 1)).check_targets(grey[..., :1])
  build("bernoulli", (4, 3)).check_targets(grey[0])
  for name in ("continuous_bernoulli", "gaussian"):
    build(name, (4, 4, 3)).check_targets(grey)


def test_unscaled_levels_are_refused_with_the_divisor():
  levels = np.arange(256, dtype=np.uint8).reshape(-1, 4)
  for name in ("bernoulli", "continuous_bernoulli", "categorical"):
    likelihood = build(name, (4,))
    with pytest.raises(ValueError, match="from 0 to 255, .*Divide 8-bit levels by 255"):
      likelihood.check_targets(levels.astype(np.float32))
    likelihood.check_targets(levels.astype(np.float32) / 255)


def test_elements_of_a_joint_density_are_refused():
  class Joint(likelihoods.Likelihood):
    def distribution(self, params):
      return tfd.MultivariateNormalDiag(params)

  likelihood = Joint()
  likelihood.build((3,))
  with pytest.raises(TypeError, match=r"Joint must define `log_prob_of_each\("):
    likelihood.log_prob_of_each(likelihood.distribution(tf.zeros((2, 3))), tf.zeros(3))
