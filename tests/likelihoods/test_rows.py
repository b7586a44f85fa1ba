import numpy as np
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf

from aevb_tf import likelihoods
from tests import stats
from tests.likelihoods import harness


def built(identifier, event_shape):
  likelihood = likelihoods.get(identifier)
  likelihood.build(event_shape)
  return likelihood


GROUPED = {"name": "one_hot", "groups": [3, 1, 4]}


def test_groups_are_softmaxes_of_their_own():
  rng = np.random.default_rng(0)
  likelihood = built(GROUPED, (2, 8))
  logits = harness.params_of(likelihood, rng, 5, (2, 8))
  p = likelihood.distribution(logits)
  softmaxes = [
    scipy.special.softmax(np.float64(part), axis=-1)
    for part in np.split(logits.numpy(), [3, 4], axis=-1)
  ]
  softmax = np.concatenate(softmaxes, axis=-1)
  np.testing.assert_allclose(p.mean(), softmax, rtol=1e-5)
  x = harness.case(GROUPED).targets(rng, (5, 2, 8))
  exact = np.log(np.prod(np.where(x == 1, softmax, 1), axis=(1, 2)))
  np.testing.assert_allclose(p.log_prob(x), exact, rtol=1e-5)


def test_without_groups_a_row_is_one_group():
  rng = np.random.default_rng(0)
  logits = tf.constant(rng.normal(size=(1, 4)), tf.float32)
  p = built("one_hot", (4,)).distribution(logits)
  mass = np.exp(p.log_prob(tf.eye(4)))
  np.testing.assert_allclose(mass, scipy.special.softmax(logits[0]), rtol=1e-5)


def test_extreme_logits_of_one_group_leave_the_others():
  p = built(GROUPED, (8,)).distribution(
    tf.constant([[1e4, -1e4, 0.0, 7.0, 0.0, 0.0, 0.0, 0.0]])
  )
  x = tf.constant([1.0, 0, 0, 1, 0, 0, 1, 0])
  np.testing.assert_allclose(p.log_prob(x), [np.log(1 / 4)], rtol=1e-6)


def test_draws_of_groups_have_their_probabilities(seeds):
  rng = np.random.default_rng(seeds(0))
  likelihood = built(GROUPED, (8,))
  logits = harness.params_of(likelihood, np.random.default_rng(1), 1, (8,))
  p = likelihood.distribution(tf.repeat(logits, 20_000, axis=0))
  x = likelihood.quantile(p, tf.constant(rng.uniform(size=(20_000, 8)), tf.float32))
  assert bool(likelihood.in_support(x))
  stats.assert_mean(x, p.mean()[0])


def test_groups_that_do_not_fit_are_refused():
  with pytest.raises(
    ValueError, match=r"groups=\[3, 1, 4\] have 8 columns, .* have 7 "
  ):
    built(GROUPED, (2, 7))
  for groups in (3, "3", [3, 0]):
    with pytest.raises(ValueError, match="groups"):
      likelihoods.get({"name": "one_hot", "groups": groups})


@pytest.mark.parametrize(
  "row",
  [[0, 0, 1, 1, 0, 0, 0, 0], [1, 0, 1, 1, 0, 0, 0, 1], [0.5, 0.5, 0, 1, 1, 0, 0, 0]],
)
def test_rows_that_are_not_one_hot_are_refused(row):
  likelihood = built(GROUPED, (8,))
  likelihood.check_targets(np.array([[0, 0, 1, 1, 0, 0, 0, 1]]))
  with pytest.raises(ValueError, match="a single 1 in every group.*'groups'"):
    likelihood.check_targets(np.array([row]))


@pytest.mark.parametrize("total", [0, 1, 7, 1000, 100_000])
def test_multinomial_against_scipy(total):
  rng = np.random.default_rng(total)
  logits = np.float32(rng.normal(size=(4, 5)))
  softmax = scipy.special.softmax(np.float64(logits), axis=-1)
  x = np.array([rng.multinomial(total, row) for row in softmax])
  p = built("multinomial", (5,)).distribution(tf.constant(logits))
  exact = scipy.stats.multinomial.logpmf(x, total, softmax)
  # SciPy's own differences of log-gammas lose digits for large totals.
  np.testing.assert_allclose(
    p.log_prob(np.float32(x)), exact, 1e-5, 1e-6 + 1e-8 * total
  )


def test_the_log_density_uses_the_total_of_x_and_means_the_option():
  logits = tf.zeros((1, 4))
  x = tf.constant([[1.0, 2.0, 0.0, 3.0]])
  one, many = (built({"name": "multinomial", "total": n}, (4,)) for n in (1, 100))
  p, q = one.distribution(logits), many.distribution(logits)
  np.testing.assert_array_equal(p.log_prob(x), q.log_prob(x))
  np.testing.assert_allclose(p.mean(), np.full((1, 4), 0.25))
  np.testing.assert_allclose(q.mean(), np.full((1, 4), 25.0))


@pytest.mark.parametrize("columns", [1, 2, 5, 8])
def test_draws_of_counts_have_their_total_and_their_distribution(columns, seeds):
  rng = np.random.default_rng(seeds(columns))
  likelihood = built({"name": "multinomial", "total": 6}, (columns,))
  params = np.random.default_rng(columns).normal(size=(1, columns))
  p = likelihood.distribution(tf.constant(params, tf.float32))
  u = tf.constant(rng.uniform(size=(20_000, columns)), tf.float32)
  x = likelihood.quantile(p, u).numpy()
  np.testing.assert_array_equal(x.sum(-1), np.full(20_000, 6.0))
  stats.assert_mean(x, p.mean()[0])
  softmax = scipy.special.softmax(params[0])
  covariance = 6 * (np.diag(softmax) - np.outer(softmax, softmax))
  centred = x - 6 * softmax
  stats.assert_mean(centred[:, :, None] * centred[:, None, :], covariance)
  for column in range(columns):
    marginal = scipy.stats.binom(6, softmax[column]).pmf(np.arange(7))
    counts = np.bincount(x[:, column].astype(int), minlength=7)
    stats.assert_counts([counts], [marginal])


def test_large_draws():
  likelihood = built({"name": "multinomial", "total": 1_000_000}, (300,))
  p = likelihood.distribution(tf.zeros((2, 300)))
  x = likelihood.quantile(p, tf.fill((2, 300), 0.5)).numpy()
  np.testing.assert_array_equal(x.sum(-1), [1e6, 1e6])
  np.testing.assert_allclose(x, 1e6 / 300, atol=1.0)


def test_counts_that_are_refused():
  likelihood = built("multinomial", (2,))
  likelihood.check_targets(np.array([[0.0, 0.0], [3.0, 1e6]]))
  with pytest.raises(ValueError, match="needs counts.* not proportions"):
    likelihood.check_targets(np.array([[0.5, 0.5]]))
  for total in (0, 2.5, None):
    with pytest.raises(ValueError, match="total"):
      likelihoods.get({"name": "multinomial", "total": total})


@pytest.mark.parametrize(
  "identifier", ["one_hot", {"name": "multinomial", "total": 10}]
)
def test_params_of_mean(identifier):
  likelihood = built(identifier, (3,))
  total = getattr(likelihood, "total", 1)
  mean = total * np.array([0.1, 0.7, 0.2])
  p = likelihood.distribution(likelihood.params_of_mean(mean)[np.newaxis])
  np.testing.assert_allclose(p.mean()[0], mean, rtol=1e-5)


def test_a_group_with_a_missing_column_is_missing_as_a_whole():
  x = tf.constant(
    [[0.0, np.nan, 1.0, np.nan, 0.0, 1.0], [1.0, 0.0, 1.0, 0.0, 0.0, 1.0]]
  )
  one_hot = likelihoods.get({"name": "one_hot", "groups": [2, 1, 3]})
  one_hot.build((6,))
  wanted = [[False, False, True, False, False, False], [True] * 6]
  np.testing.assert_array_equal(one_hot.observed(x), wanted)
  multinomial = likelihoods.get("multinomial")
  multinomial.build((6,))
  np.testing.assert_array_equal(multinomial.observed(x), [[False] * 6, [True] * 6])
