"""Densities far from 0 in float32, against SciPy in float64."""

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
import tensorflow_probability as tfp

from aevb_tf import distributions, likelihoods, normal, posteriors, priors

tfd = tfp.distributions

# A scale that is small beside the location; floats about 300 are 2^-15 apart.
LOC, SCALE = np.float32(300), np.float32(1e-4)
X = LOC + np.arange(-24, 25, 3, dtype=np.float32) * np.float32(2.0**-15)
# A log-density of some tens, of three terms, each rounded once or twice.
ROUNDING = {"rtol": 1e-6, "atol": 3e-6}


def exact(x=X, loc=LOC, scale=SCALE):
  """log N(x; loc, scale) in float64."""
  return scipy.stats.norm.logpdf(*np.float64([x, np.broadcast_to(loc, x.shape)]), scale)


def test_the_log_density_and_its_gradients_are_exact_far_from_zero():
  loc, scale = tf.fill(X.shape, LOC), tf.fill(X.shape, SCALE)
  x = tf.constant(X)
  with tf.GradientTape() as tape:
    tape.watch([x, loc, scale])
    log_prob = normal.Normal(loc, scale).log_prob(x)
  np.testing.assert_allclose(log_prob, exact(), **ROUNDING)
  z, s = (np.float64(X) - LOC) / np.float64(SCALE), np.float64(SCALE)
  of_x, of_loc, of_scale = tape.gradient(log_prob, [x, loc, scale])
  np.testing.assert_allclose(of_x, -z / s, rtol=1e-6)
  np.testing.assert_allclose(of_loc, z / s, rtol=1e-6)
  np.testing.assert_allclose(of_scale, (z**2 - 1) / s, rtol=1e-6)


def test_tfp_s_own_normal_is_not():
  """Where this fails, TFP has mended it, and the subclass can go."""
  log_prob = tfd.Normal(LOC, SCALE).log_prob(X)
  assert np.max(np.abs(log_prob / exact() - 1)) > 0.01


@pytest.mark.parametrize("other", [normal.Normal, tfd.Normal])
def test_the_closed_form_kl_is_found(other):
  q = normal.Normal(tf.constant([0.5, -1.0]), tf.constant([0.3, 2.0]))
  p = other(0.0, 1.5)
  known = tfd.kl_divergence(tfd.Normal(q.loc, q.scale), tfd.Normal(0.0, 1.5))
  np.testing.assert_array_equal(tfd.kl_divergence(q, p), known)
  assert np.all(tfd.kl_divergence(p, q) > 0)
  logs = [normal.LogNormal(0.5, 0.3), tfd.LogNormal(0.0, 1.5)]
  np.testing.assert_array_equal(tfd.kl_divergence(*logs), known[0])


def raw(*values):
  return tf.constant([values], tf.float32)


LOG_VARIANCE = 2 * np.log(np.float64(SCALE))


def gaussian_likelihood():
  likelihood = likelihoods.get({"name": "gaussian", "scale": float(SCALE)})
  likelihood.build((1,))
  return likelihood.distribution(raw(LOC))


def posterior(name):
  """A posterior with the means LOC, and scales about SCALE."""
  q = posteriors.get(name)
  q.build((2,))
  mean, log_variance = [LOC] * 2, [LOG_VARIANCE] * 2
  return q.distribution(raw(*mean, *log_variance, *[0.0] * (q.params_size(2) - 4)))


def mixture():
  prior = priors.get({"name": "mixture", "num_components": 1})
  prior.build((1,))
  prior.means.assign([[LOC]])
  prior.log_variances.assign([[LOG_VARIANCE]])
  return prior.distribution()


def test_a_gaussian_likelihood_is_exact():
  log_prob = gaussian_likelihood().log_prob(X[:, np.newaxis])
  np.testing.assert_allclose(log_prob, exact(), **ROUNDING)


@pytest.mark.parametrize("name", ["gaussian", "full_gaussian", "iaf", "real_nvp"])
def test_gaussian_posteriors_are_exact(name):
  q = posterior(name)
  base = q.distribution if name in ("iaf", "real_nvp") else q
  stddev = np.float64(base.stddev())[0, 0]
  assert 0.5 * SCALE < stddev < 2 * SCALE
  log_prob = base.log_prob(np.stack([X, X], axis=-1)[:, np.newaxis])[:, 0]
  np.testing.assert_allclose(log_prob, 2 * exact(scale=stddev), **ROUNDING)


def test_a_mixture_s_component_is_exact():
  p = mixture()
  stddev = np.float64(p.components_distribution.stddev())[0, 0]
  log_prob = p.log_prob(X[:, np.newaxis])
  np.testing.assert_allclose(log_prob, exact(scale=stddev), **ROUNDING)


LOCATION_SCALE = {
  "normal": scipy.stats.norm,
  "laplace": scipy.stats.laplace,
  "logistic": scipy.stats.logistic,
  "gumbel": scipy.stats.gumbel_r,
  "cauchy": scipy.stats.cauchy,
}


@pytest.mark.parametrize("name", LOCATION_SCALE)
def test_location_scale_families_are_exact(name):
  log_prob = distributions.get(name).distribution(LOC, SCALE).log_prob(X)
  oracle = LOCATION_SCALE[name](np.float64(LOC), np.float64(SCALE))
  np.testing.assert_allclose(log_prob, oracle.logpdf(np.float64(X)), **ROUNDING)


@pytest.mark.parametrize("df", [None, 4])
def test_elliptical_families_are_exact(df):
  family = distributions.get({"name": "elliptical", "df": df})
  loc, scale_tril = tf.constant([LOC]), tf.constant([[SCALE]])
  log_prob = family.distribution(loc, scale_tril).log_prob(X[:, np.newaxis])
  oracle = scipy.stats.norm if df is None else scipy.stats.t(df)
  z = (np.float64(X) - LOC) / np.float64(SCALE)
  expected = oracle.logpdf(z) - np.log(np.float64(SCALE))
  np.testing.assert_allclose(log_prob, expected, **ROUNDING)


def test_student_s_t_is_exact():
  family = distributions.get("student_t")
  log_prob = family.distribution(np.float32(4), LOC, SCALE).log_prob(X)
  oracle = scipy.stats.t(4, np.float64(LOC), np.float64(SCALE))
  np.testing.assert_allclose(log_prob, oracle.logpdf(np.float64(X)), **ROUNDING)


def test_the_log_normal_loses_only_what_the_logarithm_rounds():
  loc, scale = np.float32(30), np.float32(1e-3)
  z = np.exp(30 + 1e-3 * np.linspace(-5, 5, 9)).astype(np.float32)
  log_z = np.log(np.float64(z))
  # The logarithm that float32 gives, not that of the exact one.
  rounded = np.float64(tf.math.log(z))
  expected = exact(rounded, loc, np.float64(scale)) - log_z
  ours = distributions.get("log_normal").distribution(loc, scale).log_prob(z)
  np.testing.assert_allclose(ours, expected, **ROUNDING)


def test_the_log_normal_is_created_without_log_messages(caplog):
  assert normal.LogNormal([0.0, 1.0], 1.0).batch_shape == (2,)
  assert normal.LogNormal(0.0, 1.0).copy(loc=2.0).distribution.loc == 2.0
  assert not caplog.records
