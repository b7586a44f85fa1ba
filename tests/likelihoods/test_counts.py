import numpy as np
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf

from aevb_tf import likelihoods
from aevb_tf.likelihoods import special

U = np.float32([1e-7, 1e-3, 0.2, 0.5, 0.8, 0.999, 1 - 2.0**-24])


def built(identifier, event_shape=(1,)):
  likelihood = likelihoods.get(identifier)
  likelihood.build(event_shape)
  return likelihood


def poisson(log_rate):
  """p(x|z) of a column, and the distribution of SciPy with the same rate."""
  p = built("poisson").distribution(tf.fill((1, 1), log_rate))
  rate = np.exp(np.float64(p.distribution.log_rate.numpy().item()))
  return p, scipy.stats.poisson(rate)


def negative_binomial(log_mean, log_theta):
  likelihood = built({"name": "negative_binomial", "dispersion": "per_pixel"})
  p = likelihood.distribution(tf.constant([[log_mean, log_theta]]))
  mean, theta = (
    np.exp(np.float64(value.numpy().item()))
    for value in (p.distribution.log_mean, p.distribution.log_theta)
  )
  return p, scipy.stats.nbinom(theta, theta / (theta + mean))


CASES = [
  *[(poisson, (log_rate,)) for log_rate in (-15.0, -2.0, 0.0, 3.0, 9.0, 15.0)],
  *[
    (negative_binomial, (log_mean, log_theta))
    for log_mean in (-4.0, 0.0, 5.0, 11.0)
    for log_theta in (-6.0, 0.0, 6.0)
  ],
]


@pytest.mark.parametrize("make, arguments", CASES)
def test_density_against_scipy(make, arguments):
  p, exact = make(*arguments)
  likely = exact.ppf(np.linspace(1e-6, 1 - 1e-6, 41))
  x = np.float32(np.append(likely, [0, 1, 2, 7, 8, 100, 10_000]))[:, np.newaxis]
  # Rounding of log(x) to float32 counts as often as the deviations from the mean.
  digits = 2e-6 + 3e-7 * exact.std() * max(0.0, arguments[0])
  np.testing.assert_allclose(p.log_prob(x), exact.logpmf(x)[:, 0], 2e-6, digits)
  np.testing.assert_allclose(p.mean().numpy().item(), exact.mean(), rtol=1e-5)
  np.testing.assert_allclose(p.variance().numpy().item(), exact.var(), rtol=1e-5)


@pytest.mark.parametrize("make, arguments", CASES)
def test_draws_are_the_inverse_cdf(make, arguments):
  p, exact = make(*arguments)
  likelihood = built("poisson")
  x = likelihood.quantile(p, tf.constant(U[:, np.newaxis])).numpy()[:, 0]
  expected = exact.ppf(np.float64(U))
  # SciPy's own CDF may lie on the other side of a uniform number that it equals.
  np.testing.assert_allclose(x, expected, rtol=2e-5, atol=0)


@pytest.mark.parametrize("rate", [9.9e4, 1.01e5, 1e7])
def test_cdf_of_large_rates(rate):
  p, exact = poisson(np.log(rate))
  u = tf.constant(np.linspace(1e-4, 1 - 1e-4, 99, dtype=np.float32)[:, np.newaxis])
  x = np.float64(p.distribution.quantile(u))
  below, above = exact.cdf(x - 1), exact.cdf(x)
  assert np.all(below - 2e-7 < u) and np.all(u < above + 2e-7)


def test_shared_dispersion_is_one_weight_for_each_column():
  likelihood = built("negative_binomial", (3, 2))
  (log_theta,) = likelihood.trainable_variables
  assert log_theta.shape == (2,)
  log_theta.assign([0.0, np.log(5.0)])
  p = likelihood.distribution(tf.zeros((1, 3, 2)))
  np.testing.assert_allclose(p.variance(), np.tile([2.0, 1.2], (1, 3, 1)), rtol=1e-4)
  assert likelihood.params_shape((3, 2)) == (3, 2)


def test_the_limit_of_a_large_inverse_dispersion_is_poisson():
  p, _ = negative_binomial(2.0, 1e4)
  limit, _ = poisson(2.0)
  x = np.float32([[0], [3], [7], [30]])
  np.testing.assert_allclose(p.log_prob(x), limit.log_prob(x), rtol=1e-4)


@pytest.mark.parametrize("make, size", [(poisson, 1), (negative_binomial, 2)])
@pytest.mark.parametrize("x", [0.0, 1.0, 1e3, 1e7])
def test_gradients_are_finite_and_have_the_right_sign(make, size, x):
  family = built({"name": "negative_binomial", "dispersion": "per_pixel"})
  family = family if size == 2 else built("poisson")
  for log_mean in (-1e4, -15.0, 0.0, 7.0, 15.0, 1e4):
    params = tf.constant([[log_mean, 1.0][:size]])
    with tf.GradientTape() as tape:
      tape.watch(params)
      log_prob = family.distribution(params).log_prob([[x]])
    gradient = tape.gradient(log_prob, params).numpy()
    assert np.all(np.isfinite(gradient)) and np.all(np.isfinite(log_prob))
    if abs(log_mean) <= 15:
      assert np.sign(gradient[0, 0]) == np.sign(x - np.exp(log_mean))


def test_stirling_error():
  # Where the two terms of the definition do not cancel in float64.
  x = np.geomspace(1e-6, 200.0, 400).astype(np.float32)
  exact = scipy.special.gammaln(np.float64(x) + 1) - (
    x * np.log(np.float64(x)) - x + 0.5 * np.log(2 * np.pi * np.float64(x))
  )
  np.testing.assert_allclose(special.stirling_error(tf.constant(x)), exact, 0, 2e-6)
  large = np.float32([1e3, 1e5, 1e8])
  found = special.stirling_error(tf.constant(large))
  np.testing.assert_allclose(found, 1 / (12 * np.float64(large)), rtol=1e-6)


def test_exp_residual():
  d = np.float32([-50.0, -3.0, -0.51, -0.49, -1e-3, 1e-3, 0.49, 0.51, 20.0])
  powers = np.arange(2, 90)
  exact = [sum(float(x) ** powers / scipy.special.factorial(powers)) for x in d[1:]]
  found = special.exp_residual(tf.constant(d))
  np.testing.assert_allclose(found, [np.expm1(-50) + 50, *exact], rtol=1e-6)
  assert special.exp_residual(tf.constant(0.0)) == 0.0


def test_options_and_targets_that_are_refused():
  with pytest.raises(
    ValueError, match="dispersion='gene': use 'shared' or 'per_pixel'"
  ):
    likelihoods.get({"name": "negative_binomial", "dispersion": "gene"})
  for name in ("poisson", "negative_binomial"):
    likelihood = built(name)
    likelihood.check_targets(np.array([[0.0], [3.0], [1e6]]))
    for bad in (0.5, -1.0):
      with pytest.raises(
        ValueError, match="needs counts, .*uint8.*likelihood='gaussian'"
      ):
        likelihood.check_targets(np.array([[0.0], [bad]]))
    likelihood.check_targets(np.array([[0.0], [1.0]]))  # may be rare counts
    likelihood.check_targets(np.float32(np.arange(1000)[:, None] % 20 == 0))
    with pytest.raises(ValueError, match="1 NaN or infinite values of 2"):
      likelihood.check_targets(np.array([[0.0], [np.inf]]))
    with pytest.warns(UserWarning, match="only 0 and 1.*likelihood='bernoulli'"):
      likelihood.check_targets(np.array([[0.0], [1.0]] * 200))


@pytest.mark.parametrize("identifier", ["poisson", "negative_binomial"])
def test_params_of_mean(identifier):
  likelihood = built(identifier, (3,))
  mean = np.array([0.5, 2.0, 1e4])
  p = likelihood.distribution(likelihood.params_of_mean(mean)[np.newaxis])
  np.testing.assert_allclose(p.mean()[0], mean, rtol=1e-4)
