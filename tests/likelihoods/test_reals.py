import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from aevb_tf import likelihoods
from aevb_tf.numerics import scale_of

X = np.float32([-1e6, -30.0, -1.0, -1e-3, 0.0, 0.4, 2.0, 1e3, 1e6])
U = np.float32([1e-7, 1e-3, 0.2, 0.499, 0.5, 0.8, 0.999, 1 - 2.0**-24])


def built(identifier, event_shape=(1,)):
  likelihood = likelihoods.get(identifier)
  likelihood.build(event_shape)
  return likelihood


def pair(name, loc, log_scale, df=None):
  """p(x|z) of a column, and the distribution of SciPy with the same parameters."""
  identifier = name if df is None else {"name": name, "df": df}
  p = built(identifier).distribution(tf.constant([[loc, log_scale]], tf.float32))
  scale = np.float64(scale_of(tf.constant(2.0 * log_scale)))
  if name == "laplace":
    return p, scipy.stats.laplace(loc, scale)
  if name == "student_t":
    return p, scipy.stats.t(df, loc, scale)
  return p, scipy.stats.lognorm(scale, 0.0, np.exp(loc))


REAL = [
  (name, loc, log_scale, df)
  for name, df in (
    ("laplace", None),
    ("student_t", 1.01),
    ("student_t", 2.5),
    ("student_t", 30.0),
    ("student_t", 1e5),
  )
  for loc, log_scale in ((0.0, 0.0), (3.0, -9.0), (-2.0, 6.0))
]
POSITIVE = [("log_normal", 0.0, 0.0, None), ("log_normal", 8.0, -4.0, None)]


@pytest.mark.parametrize("name, loc, log_scale, df", REAL + POSITIVE)
def test_density_against_scipy(name, loc, log_scale, df):
  p, exact = pair(name, loc, log_scale, df)
  x = np.float32([1e-30, 1e-3, 1.0, 2.0, 1e4, 1e30]) if name == "log_normal" else X
  x = np.append(x, np.float32(exact.ppf([0.2, 0.5, 0.7])))
  found = p.log_prob(x[:, np.newaxis])
  expected = exact.logpdf(np.float64(x))
  if name == "laplace":  # SciPy's logpdf is log(pdf), and minus infinity in the tails
    scale = exact.args[-1]
    expected = -np.abs(np.float64(x) - loc) / scale - np.log(2 * scale)
  np.testing.assert_allclose(found, expected, 1e-5, 3e-6)


@pytest.mark.parametrize("name, loc, log_scale, df", REAL + POSITIVE)
def test_draws_are_the_inverse_cdf(name, loc, log_scale, df):
  p, exact = pair(name, loc, log_scale, df)
  likelihood = built(name)
  x = likelihood.quantile(p, tf.constant(U[:, np.newaxis])).numpy()[:, 0]
  if name == "log_normal":  # compared as log x, since the exponential amplifies
    x, expected, scale = np.log(x), np.log(exact.ppf(np.float64(U))), exact.args[0]
  else:
    expected, scale = exact.ppf(np.float64(U)), exact.args[-1]
  np.testing.assert_allclose(x, expected, rtol=1e-5, atol=1e-6 * max(scale, abs(loc)))


@pytest.mark.parametrize("df", [1.001, 1.2, 2.003, 2.9, 3.0, 4.0, 10.0, 300.0, 2.4e4])
def test_draws_of_a_student_t_are_exact_for_all_degrees_of_freedom(df):
  u = np.float32(np.concatenate([10.0 ** -np.arange(0.31, 37, 0.3), 0.5 - U / 4]))
  u = np.concatenate([u, 1 - u[u > 1e-7]])
  likelihood = likelihoods.get({"name": "student_t", "df": df})
  likelihood.build((1,))
  p = likelihood.distribution(tf.zeros((len(u), 2)))
  x = likelihood.quantile(p, tf.constant(u[:, np.newaxis])).numpy()[:, 0]
  np.testing.assert_allclose(x, scipy.stats.t.ppf(np.float64(u), df), 1e-5, 1e-6)


@pytest.mark.parametrize("name, loc, log_scale, df", REAL[6:] + POSITIVE)
def test_moments_against_scipy(name, loc, log_scale, df):
  p, exact = pair(name, loc, log_scale, df)
  np.testing.assert_allclose(p.mean().numpy().item(), exact.mean(), rtol=1e-5)
  np.testing.assert_allclose(p.variance().numpy().item(), exact.var(), rtol=2e-5)


def test_degrees_of_freedom_are_learned_for_each_column():
  likelihood = built("student_t", (3, 2))
  (log_ratio,) = likelihood.trainable_variables
  assert log_ratio.shape == (2,)
  np.testing.assert_allclose(likelihood.degrees_of_freedom(), [10.0, 10.0], rtol=1e-5)
  log_ratio.assign([-1e4, 1e4])
  low, high = likelihood.degrees_of_freedom().numpy()
  assert 2.0 < low < 2.01 and 2e4 < high < 3e4
  log_ratio.assign([0.0, 0.0])
  x, params = tf.fill((1, 3, 2), 5.0), tf.zeros((1, 3, 4))
  with tf.GradientTape() as tape:
    log_prob = likelihood.distribution(params).log_prob(x)
  # Outliers ask for heavier tails.
  assert np.all(tape.gradient(log_prob, log_ratio) < 0)


def test_many_degrees_of_freedom_are_almost_gaussian():
  t, _ = pair("student_t", 0.5, 0.0, 1e6)
  exact = scipy.stats.norm(0.5).logpdf(X[1:-2])
  np.testing.assert_allclose(t.log_prob(X[1:-2, np.newaxis]), exact, rtol=1e-3)


def test_student_t_up_to_two_degrees_of_freedom_has_no_variance():
  p, _ = pair("student_t", 0.5, 0.0, 1.5)
  assert np.isinf(p.variance().numpy()) and p.mean().numpy() == 0.5


@pytest.mark.parametrize("df", [1, 0.0, -3, "learned", True, None, float("inf")])
def test_impossible_degrees_of_freedom_are_refused(df):
  with pytest.raises(ValueError, match="use 'shared', or degrees of freedom above 1"):
    likelihoods.StudentT(df=df)


def test_the_mean_of_a_log_normal_is_finite():
  p = built("log_normal").distribution(tf.constant([[1e4, 1e4]]))
  assert np.isfinite(p.mean().numpy()).all()


@pytest.mark.parametrize("bad", [0.0, -1.0])
def test_log_normal_needs_positive_numbers(bad):
  likelihood = built("log_normal")
  likelihood.check_targets(np.array([[1e-9], [5.0]]))
  with pytest.raises(ValueError, match="needs positive numbers. Add a constant"):
    likelihood.check_targets(np.array([[1.0], [bad]]))


@pytest.mark.parametrize("name", ["laplace", "log_normal", "student_t"])
def test_params_of_mean(name):
  likelihood = built(name, (3,))
  mean = np.array([0.5, 2.0, 1e4])
  p = likelihood.distribution(likelihood.params_of_mean(mean)[np.newaxis])
  np.testing.assert_allclose(p.mean()[0], mean, rtol=1e-5)
