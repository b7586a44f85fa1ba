"""Names, shapes, seeds, compilation and errors: what all members answer alike."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from aevb_tf import distributions
from tests.distributions import cases


def test_the_paper_s_families_are_complete():
  assert set(distributions.names("inverse_cdf")) == {
    *("exponential", "cauchy", "logistic", "rayleigh", "pareto"),
    *("weibull", "reciprocal", "gompertz", "gumbel", "erlang"),
  }
  assert set(distributions.names("location_scale")) == {
    *("laplace", "elliptical", "student_t", "logistic", "uniform", "triangular"),
    "normal",
  }
  assert set(distributions.names("composition")) == {
    *("log_normal", "gamma", "dirichlet", "beta", "chi2", "f")
  }


@pytest.mark.parametrize(("member", "case"), cases.one_of_each_path(), ids=cases.label)
def test_a_seed_makes_the_same_draws_everywhere(member, case):
  def draw(*params):
    return member.sample(*params, seed=[3, 4], sample_shape=[20])

  learned = case.learned()

  def given(*tensors):
    params = list(case.params)
    for i, tensor in zip(learned, tensors, strict=True):
      params[i] = tensor
    return draw(*params)

  tensors = [tf.constant(case.params[i], tf.float32) for i in learned]
  eager = given(*tensors)
  np.testing.assert_array_equal(eager, draw(*case.params))
  compiled = tf.function(given, jit_compile=True, autograph=False)(*tensors)
  # Relative to the spread: compilers round sums and logs differently.
  spread = np.std(eager)
  np.testing.assert_allclose(compiled, eager, rtol=1e-5, atol=1e-5 * spread)
  longer = member.sample(*case.params, seed=[3, 4], sample_shape=30)
  # The same noise; vectorised kernels round the last few entries of a tensor otherwise.
  np.testing.assert_allclose(longer[:20], eager, rtol=1e-6, atol=1e-6 * spread)


@pytest.mark.parametrize("name", ["normal", "exponential", "student_t", "gamma", "f"])
def test_a_batch_of_unknown_size(name):
  member = distributions.get(name)
  spec = tf.TensorSpec([None, 2])
  draw = tf.function(
    lambda *p: member.sample(*p, seed=5, sample_shape=3), autograph=False
  )
  params = [tf.fill([4, 2], 2.0)] * len(member.parameters)
  z = draw.get_concrete_function(*[spec] * len(params))(*params)
  np.testing.assert_allclose(
    z, member.sample(*params, seed=5, sample_shape=3), rtol=1e-5, atol=1e-5
  )


def test_noise_is_what_a_seed_draws():
  gumbel = distributions.get("gumbel")
  u = np.array([0.2, 0.9], np.float32)
  z = gumbel.sample(1.0, 2.0, noise=u)
  np.testing.assert_allclose(z, 1 - 2 * np.log(-np.log(u)), rtol=1e-6)
  np.testing.assert_array_equal(gumbel.sample(loc=1.0, scale=2.0, noise=u), z)


def test_variables_are_parameters():
  gamma = distributions.get("gamma")
  scale = keras.Variable([1.0, 2.0])
  with tf.GradientTape() as tape:
    z = gamma.sample(2.5, scale, seed=1)
  np.testing.assert_allclose(tape.gradient(z, scale.value), -z / scale.value, rtol=1e-6)


def test_types():
  normal = distributions.get("normal")
  assert normal.sample(np.zeros(3), 1.0, seed=1).dtype == tf.float32
  assert normal.sample(tf.zeros(3, tf.float16), 1.0, seed=1).dtype == tf.float32
  assert normal.sample(tf.zeros(3, tf.float64), 0.1, seed=1).dtype == tf.float64


@pytest.mark.parametrize("name", distributions.refused())
def test_what_cannot_be_reparameterized_is_refused_with_the_reason(name):
  with pytest.raises(ValueError, match=f"'{name}' cannot .*discrete.*score function"):
    distributions.get(name)
  with pytest.raises(ValueError, match="score function"):
    distributions.get({"name": name})


def test_no_refused_name_is_registered():
  assert not set(distributions.refused()) & set(distributions.names())


def test_unknown_names_and_objects():
  with pytest.raises(ValueError, match="Did you mean gumbel"):
    distributions.get("gumble")
  with pytest.raises(TypeError, match="not 3"):
    distributions.get(3)
  with pytest.raises(ValueError, match="normal.*refused"):
    distributions.get({"name": "normal", "df": 3})
  with pytest.raises(ValueError, match="elliptical: df must be a positive integer"):
    distributions.get({"name": "elliptical", "df": 2.5})


def test_noise_or_seed():
  normal = distributions.get("normal")
  with pytest.raises(TypeError, match="exactly one"):
    normal.sample(0.0, 1.0)
  with pytest.raises(TypeError, match="exactly one"):
    normal.sample(0.0, 1.0, noise=0.0, seed=1)
  with pytest.raises(ValueError, match="sample_shape goes with seed"):
    normal.sample(0.0, 1.0, noise=0.0, sample_shape=3)
  with pytest.raises(ValueError, match=r"must end in the axes \[2\]"):
    distributions.get("student_t").sample(3.0, 0.0, 1.0, noise=[0.1, 0.2, 0.3])
  with pytest.raises(TypeError, match=r"takes the parameters \(loc, scale\)"):
    normal.sample(0.0, seed=1)
  with pytest.raises(TypeError, match="rate"):
    normal.sample(0.0, 1.0, rate=1.0, seed=1)


def test_erlang_counts():
  erlang = distributions.get("erlang")
  with pytest.raises(TypeError, match="must be an integer known .* take 'gamma'"):
    erlang.sample(2.5, 1.0, seed=1)


def test_moments_of_our_own_densities():
  for name in ("rayleigh", "reciprocal", "f"):
    params = {"rayleigh": (1.3,), "reciprocal": (0.1, 20.0), "f": (3.0, 5.5)}[name]
    q = distributions.get(name).distribution(*params)
    oracle = cases.CASES[name][0].oracle(*params)
    np.testing.assert_allclose(q.mean(), oracle.mean(), rtol=1e-5)
    np.testing.assert_allclose(q.variance(), oracle.var(), rtol=1e-5)
  with pytest.raises(ValueError, match="mean of gompertz has no closed form"):
    distributions.get("gompertz").distribution(1.0, 1.0).mean()
