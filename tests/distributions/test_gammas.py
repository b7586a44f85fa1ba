"""The implicitly reparameterized gamma quantile, point by point."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import special

from aevb_tf.distributions import gammas

UNIFORMS = np.array([2.0**-24, 1e-3, 0.3, 0.5, 0.9, 1 - 2.0**-24])


def _log_quantile(a, u):
  """The log of F^-1(u; a), by the series where SciPy's quantile would underflow."""
  series = (np.log(u) + special.gammaln(a + 1)) / a
  with np.errstate(divide="ignore"):
    return np.where(series < -60, series, np.log(special.gammaincinv(a, u)))


# On both sides of every border between the branches.
@pytest.mark.parametrize("a", [1e-5, 0.02, 0.3, 1, 30, 999, 1001, 1e5])
def test_quantile_and_its_gradient(a):
  concentration = tf.fill(UNIFORMS.shape, tf.constant(a, tf.float64))
  with tf.GradientTape() as tape:
    tape.watch(concentration)
    log_z = gammas.log_standard(tf.constant(UNIFORMS), concentration)
  gradient = tape.gradient(log_z, concentration)
  np.testing.assert_allclose(log_z, _log_quantile(a, UNIFORMS), rtol=1e-8, atol=1e-9)

  # The five-point rule: SciPy's quantiles have about twelve digits.
  step = 1e-2 * a if a < 1e4 else np.sqrt(a)
  points = [_log_quantile(a + k * step, UNIFORMS) for k in (-2, -1, 1, 2)]
  exact = (points[0] - 8 * points[1] + 8 * points[2] - points[3]) / (12 * step)
  np.testing.assert_allclose(gradient, exact, rtol=2e-5)


def test_a_huge_concentration_is_nearly_normal():
  # SciPy's incomplete gamma function has lost its digits here.
  a, x = 1e8, special.ndtri(UNIFORMS)
  log_z = gammas.log_standard(tf.constant(UNIFORMS), tf.constant(a, tf.float64))
  standardized = (np.exp(log_z) - a) / np.sqrt(a)
  np.testing.assert_allclose(
    standardized, x + (x**2 - 1) / (3 * np.sqrt(a)), atol=2 * 5.3**3 / (36 * a)
  )


def test_counts_sum_as_many_exponentials():
  u = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]], np.float32)
  log_z = gammas.log_standard(tf.constant(u), np.array([1, 3]))
  exponentials = -np.log1p(-u.astype(np.float64))
  expected = [np.log(exponentials[0, 0]), np.log(exponentials[1].sum())]
  np.testing.assert_allclose(log_z, expected, rtol=1e-12)
