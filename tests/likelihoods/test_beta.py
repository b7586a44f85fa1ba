import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from aevb_tf import likelihoods

CASES = [
  (logit, log_concentration)
  for logit in (-9.0, -1.0, 0.0, 2.0)
  for log_concentration in (-4.0, 0.0, 3.0, 9.0)
]


def built(event_shape=(1,)):
  likelihood = likelihoods.Beta()
  likelihood.build(event_shape)
  return likelihood


def pair(logit, log_concentration):
  """p(x|z) of a column, and the distribution of SciPy with the same parameters."""
  p = built().distribution(tf.constant([[logit, log_concentration]]))
  logit, log_c = (
    np.float64(value.numpy().item())
    for value in (p.distribution.logits, p.distribution.log_concentration)
  )
  c = np.exp(log_c)
  return p, scipy.stats.beta(c / (1 + np.exp(-logit)), c / (1 + np.exp(logit)))


@pytest.mark.parametrize("logit, log_concentration", CASES)
def test_density_against_scipy(logit, log_concentration):
  p, exact = pair(logit, log_concentration)
  likely = np.clip(exact.ppf([0.01, 0.2, 0.5, 0.8, 0.99]), 1e-30, 1 - 2e-7)
  x = np.float32([*likely, 1e-30, 1e-5, 0.3, 0.5, 0.9, 1 - 2.0**-24])
  # A float32 x near the mean is rounded, by more standard deviations if c is large.
  digits = 3e-6 * (1 + np.exp(log_concentration / 2))
  expected = exact.logpdf(np.float64(x))
  np.testing.assert_allclose(p.log_prob(x[:, np.newaxis]), expected, 3e-6, digits)
  np.testing.assert_allclose(p.mean().numpy().item(), exact.mean(), rtol=1e-5)
  np.testing.assert_allclose(p.variance().numpy().item(), exact.var(), rtol=1e-5)


@pytest.mark.parametrize("logit, log_concentration", CASES)
def test_draws_are_the_inverse_cdf(logit, log_concentration):
  p, exact = pair(logit, log_concentration)
  u = np.float32([1e-3, 0.2, 0.5, 0.8, 0.999])
  x = built().quantile(p, tf.constant(u[:, np.newaxis])).numpy()[:, 0]
  assert np.all((x > 0) & (x < 1))
  # Much of the mass may be between neighbouring numbers of float32, or beyond the ends.
  below, above = x * (1 - 1e-6) - 1e-7 * (x > 0.5), x * (1 + 1e-6)
  below = np.where(x > 1e-37, below, 0.0)
  above = np.where(x < 1 - 1e-7, above, 1.0)
  slack = 1e-6
  assert np.all(exact.cdf(np.float64(below)) - slack < u)
  assert np.all(u < exact.cdf(np.float64(above)) + slack)


def test_zero_and_one_are_refused_with_advice():
  likelihood = built()
  likelihood.check_targets(np.array([[1e-30], [0.5], [1 - 2.0**-24]]))
  for bad in (0.0, 1.0):
    with pytest.raises(ValueError, match=r"n - 1.*or use .*'continuous_bernoulli'"):
      likelihood.check_targets(np.array([[0.5], [bad]]))


def test_params_of_mean():
  likelihood = built((3,))
  mean = np.array([0.01, 0.5, 0.9])
  p = likelihood.distribution(likelihood.params_of_mean(mean)[np.newaxis])
  np.testing.assert_allclose(p.mean()[0], mean, rtol=1e-4)
