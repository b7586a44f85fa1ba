import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
import tensorflow_probability as tfp

from aevb_tf import bounds, posteriors, priors
from aevb_tf.posteriors import independent
from tests import stats

tfd = tfp.distributions

# The family's parameters, in their order -> the same distribution in SciPy.
SCIPY = {
  "laplace": scipy.stats.laplace,
  "logistic": scipy.stats.logistic,
  "student_t": scipy.stats.t,
  "gumbel": scipy.stats.gumbel_r,
  "log_normal": lambda loc, scale: scipy.stats.lognorm(scale, scale=np.exp(loc)),
  "gamma": lambda shape, rate: scipy.stats.gamma(shape, scale=1 / rate),
  "exponential": lambda rate: scipy.stats.expon(scale=1 / rate),
  "weibull": lambda shape, scale: scipy.stats.weibull_min(shape, scale=scale),
  "rayleigh": lambda scale: scipy.stats.rayleigh(scale=scale),
  "gompertz": lambda shape, rate: scipy.stats.gompertz(shape, scale=1 / rate),
  "chi2": scipy.stats.chi2,
  "f": scipy.stats.f,
}
FAMILIES = independent.REAL + independent.POSITIVE


def clipped(raw, low, high):
  above = low + np.logaddexp(0, raw - low)
  width = high - low
  return high - np.logaddexp(0, high - above) * width / np.logaddexp(0, width)


# Where draws would leave float32 for smaller shapes, or for larger scales of the log.
LEAST = {
  ("gamma", "concentration"): 0.1,
  ("weibull", "concentration"): 0.1,
  ("chi2", "df"): 0.2,
  ("f", "df1"): 0.25,
  ("f", "df2"): 0.25,
}


def bounds_of(family, name):
  if family == "log_normal":
    return (-20, 20) if name == "loc" else (np.exp(-10), 12)
  shape = name in ("concentration", "df", "df1", "df2")
  least, most = np.exp([-3, 6] if shape else [-10, 10])
  return LEAST.get((family, name), least), most


def exact(family, raw):
  """The SciPy distribution of what the encoder gives, one array for each parameter."""
  values = []
  for (name, constraint), value in zip(family.parameters.items(), raw, strict=True):
    low, high = bounds_of(family.name, name)
    if constraint == "positive":
      value = np.exp(clipped(value, np.log(low), np.log(high)))
      value = value + 2 if (family.name, name) == ("student_t", "df") else value
    elif family.name == "log_normal":
      value = clipped(value, low, high)
    values.append(value)
  return SCIPY[family.name](*values)


@pytest.mark.parametrize("name", FAMILIES)
def test_density_and_draws_are_scipy_s(name, seeds):
  posterior = posteriors.get(name)
  posterior.build((2,))
  num_parameters = len(posterior.family.parameters)
  raw = np.random.default_rng(0).normal(size=(num_parameters, 2))
  q = posterior.distribution(tf.constant(raw.reshape(1, -1), tf.float32))
  z = posterior.sample(q, posterior.noise(seeds(0), tf.range(1), 2000))
  density = exact(posterior.family, raw)
  expected = density.logpdf(z[:, 0].numpy().astype(np.float64)).sum(1)
  np.testing.assert_allclose(q.log_prob(z)[:, 0], expected, rtol=1e-4, atol=1e-4)
  stats.assert_ks(density.cdf(z[:, 0].numpy())[:, 0], "uniform")
  stats.assert_ks(density.cdf(z[:, 0].numpy())[:, 1], "uniform")
  correlation = scipy.stats.spearmanr(z[:, 0, 0], z[:, 0, 1])
  assert correlation.pvalue > stats.FAILURE_RATE


@pytest.mark.parametrize("name", FAMILIES)
def test_the_point_estimate_is_the_mean_or_the_median(name):
  posterior = posteriors.get(name)
  posterior.build((2,))
  raw = np.random.default_rng(1).normal(size=(len(posterior.family.parameters), 2))
  q = posterior.distribution(tf.constant(raw.reshape(1, -1), tf.float32))
  density = exact(posterior.family, raw)
  if name == "f":  # two numbers of noise: the ratio of two medians
    dfs = np.exp(clipped(raw, np.log(0.25), 6))
    expected = np.divide(*(scipy.stats.chi2(df).median() / df for df in dfs))
  else:
    expected = density.mean() if name in independent.REAL else density.median()
  np.testing.assert_allclose(posterior.point_estimate(q)[0], expected, rtol=1e-4)


def says_nothing(z):
  """A likelihood of x that does not see z."""
  return tfd.Independent(tfd.Normal(tf.zeros_like(z[:, :1]), 1.0), 1)


@pytest.mark.parametrize("prior", ["gamma", "exponential"])
@pytest.mark.parametrize("name", independent.POSITIVE)
def test_the_closed_form_kl_is_the_mean_of_its_samples(name, prior, seeds):
  posterior, prior = posteriors.get(name), priors.get(prior)
  if not bounds.has_analytic_kl(posterior, prior):
    assert name in ("log_normal", "rayleigh", "gompertz", "f")
    return
  posterior.build((2,)), prior.build((2,))
  raw = np.random.default_rng(0).normal(size=(1, posterior.params_size(2)))
  q, p = posterior.distribution(tf.constant(raw, tf.float32)), prior.distribution()
  z = posterior.sample(q, posterior.noise(seeds(0), tf.range(1), 4000))
  terms = bounds.evaluate_terms(tf.zeros((1, 1)), z, q, p, says_nothing, True)
  stats.assert_mean(terms.log_q - terms.log_prior, terms.kl)
  np.testing.assert_allclose(
    tf.reduce_sum(terms.kl_per_latent, -1), terms.kl, rtol=1e-5
  )


@pytest.mark.parametrize(
  "family, message",
  [
    ("cauchy", "no variance.*student_t"),
    ("erlang", "integer.*'gamma'"),
    ("uniform", "depends on its parameters"),
    ("pareto", "depends on its parameters"),
    ("dirichlet", "depends on its parameters"),
    ("poisson", "cannot be reparameterized"),
  ],
)
def test_unfit_families_are_refused_with_the_reason(family, message):
  with pytest.raises(ValueError, match=message):
    posteriors.Independent(family)
