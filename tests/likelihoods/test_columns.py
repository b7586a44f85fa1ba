import keras
import numpy as np
import pytest
import tensorflow as tf

import aevb_tf as aevb
from aevb_tf import likelihoods
from tests.likelihoods import cases, harness

ORDINAL = {"name": "ordinal", "levels": 3}
SHARED = {"name": "gaussian", "scale": "shared"}
# The parameters of a column of each kind, and their number.
COLUMNS = [
  "gaussian",
  "poisson",
  "bernoulli",
  "gaussian",
  {"name": "category", "levels": 4},
  SHARED,
  "poisson",
  ORDINAL,
  SHARED,
  "student_t",
]


def built(columns):
  likelihood = likelihoods.Columns(columns)
  likelihood.build((len(columns),))
  return likelihood


def table(rng, count):
  identifier = {"name": "columns", "columns": COLUMNS}
  return cases.data(identifier, rng, (count, len(COLUMNS)), moderate=True)


def alone(column, params):
  """The likelihood of a column by itself."""
  likelihood = likelihoods.get(column)
  likelihood.build((1,))
  return likelihood, likelihood.distribution(params)


# The columns in each group, and the axis of the column in the group's parameters.
GROUPS = [[0, 3], [1, 6], [2], [4], [5], [8], [7], [9]]


def params_of_columns(params):
  """The parameters of each column, from those of all groups."""
  found, start = {}, 0
  for group in GROUPS:
    size = likelihoods.get(COLUMNS[group[0]]).params_shape((1,))[0]
    block = params[:, start : start + size * len(group)]
    for place, column in enumerate(group):
      found[column] = tf.reshape(block, (-1, size, len(group)))[:, :, place]
    start += size * len(group)
  assert start == params.shape[1]
  return [found[column] for column in range(len(COLUMNS))]


def test_each_column_has_its_own_likelihood():
  rng = np.random.default_rng(0)
  likelihood, x = built(COLUMNS), table(rng, 5)
  params = harness.params_of(likelihood, rng, 5, (len(COLUMNS),))
  p = likelihood.distribution(params)
  each = likelihood.log_prob_of_each(p, tf.constant(x)).numpy()
  u = tf.constant(rng.uniform(size=x.shape), tf.float32)
  drawn = likelihood.quantile(p, u).numpy()
  for i, own in enumerate(params_of_columns(params)):
    column, q = alone(COLUMNS[i], own)
    one = slice(i, i + 1)
    np.testing.assert_allclose(each[:, i], q.log_prob(x[:, one]), 1e-5, 1e-6)
    np.testing.assert_allclose(p.mean()[:, one], q.mean(), 1e-5, 1e-6)
    np.testing.assert_allclose(drawn[:, one], column.quantile(q, u[:, one]), 1e-5, 1e-6)
  np.testing.assert_allclose(p.log_prob(x), each.sum(-1), rtol=1e-5)


def test_equal_columns_are_evaluated_together():
  table_of_two_kinds = built(["gaussian", "poisson"] * 15)
  assert len(table_of_two_kinds.groups) == 2
  assert [group.indices for group in built(COLUMNS).groups] == GROUPS


def test_columns_of_one_group_have_weights_of_their_own():
  likelihood = built([ORDINAL, SHARED, ORDINAL, SHARED])
  shapes = {(v.path.split("/")[-1], v.shape) for v in likelihood.trainable_variables}
  expected = {("first_cutpoint", (2, 1)), ("log_gaps", (2, 1)), ("log_variance", ())}
  assert shapes == expected
  assert len(likelihood.trainable_variables) == 4


def test_a_model_of_a_table_trains_saves_and_loads(tmp_path):
  keras.utils.set_random_seed(0)
  x = table(np.random.default_rng(0), 60)
  vae = aevb.VAE(
    aevb.networks.MLPEncoder(2, (8,)),
    aevb.networks.MLPDecoder(
      x.shape[1:], (8,), likelihood={"name": "columns", "columns": COLUMNS}
    ),
    seed=0,
  )
  vae.compile(keras.optimizers.Adam(0.01), jit_compile=True)
  before = vae.evaluate(x, return_dict=True, verbose=0)["elbo"]
  weights = [v.numpy() for v in vae.likelihood_family.trainable_variables]
  vae.fit(x, batch_size=20, epochs=5, verbose=0)
  after = vae.evaluate(x, return_dict=True, verbose=0)
  assert after["elbo"] > before
  trained = vae.likelihood_family.trainable_variables
  assert all(np.any(v != w) for v, w in zip(trained, weights, strict=True))
  vae.save(tmp_path / "table.keras")
  again = aevb.load(tmp_path / "table.keras")
  assert again.evaluate(x, return_dict=True, verbose=0) == after
  drawn = again.sample(50, seed=1, draw=True)
  again.likelihood_family.check_targets(drawn)


def test_options_are_checked():
  with pytest.raises(ValueError, match="columns='gaussian' must be a list"):
    likelihoods.Columns("gaussian")
  with pytest.raises(ValueError, match="must be a list"):
    likelihoods.Columns([])
  with pytest.raises(ValueError, match="Column 1 .*Unknown likelihood 'gausian'"):
    likelihoods.Columns(["gaussian", "gausian"])
  for joint in ("one_hot", "multinomial", {"name": "columns", "columns": ["beta"]}):
    with pytest.raises(ValueError, match="Column 0 .* not a likelihood of single"):
      likelihoods.Columns([joint])
  with pytest.raises(ValueError, match="names has 1 names for 2 columns"):
    likelihoods.Columns(["gaussian", "beta"], names=["a"])
  with pytest.raises(ValueError, match=r"names 2 likelihoods.*shape is \(3,\)"):
    likelihoods.Columns(["gaussian", "beta"]).build((3,))


def test_errors_and_warnings_name_the_column():
  likelihood = built(["gaussian", "poisson", "poisson"])
  likelihood.check_targets(np.array([[-1.0, 0.0, 7.0]]))
  with pytest.raises(ValueError, match="Column 2 .*needs counts"):
    likelihood.check_targets(np.array([[-1.0, 0.0, 0.5]]))
  with pytest.raises(ValueError, match="Column 0 .*1 NaN or infinite"):
    likelihood.check_targets(np.array([[np.nan, 0.0, 1.0]]))
  with pytest.warns(UserWarning, match="Column 1 .*only 0 and 1.*'bernoulli'"):
    likelihood.check_targets(np.array([[0.3, 0.0, 5.0], [0.1, 1.0, 3.0]] * 200))


def test_columns_may_have_names(tmp_path):
  likelihood = likelihoods.Columns(["gaussian", "poisson"], names=["age", "visits"])
  likelihood = keras.saving.deserialize_keras_object(
    keras.saving.serialize_keras_object(likelihood)
  )
  likelihood.build((2,))
  with pytest.raises(ValueError, match="Column 'visits': .*needs counts"):
    likelihood.check_targets(np.array([[-1.0, 0.5]]))
  with pytest.warns(UserWarning, match="Column 'visits': .*'bernoulli'"):
    likelihood.check_targets(np.array([[0.3, 0.0], [0.1, 1.0]] * 200))
  with pytest.raises(ValueError, match="Column 'b': .*Unknown likelihood 'gausian'"):
    likelihoods.Columns(["gaussian", "gausian"], names=["a", "b"])


def test_an_object_is_copied():
  column = likelihoods.Gaussian(scale=0.5)
  likelihood = likelihoods.Columns([column, "beta", column])
  likelihood.build((3,))
  assert not column.built
  assert repr(likelihood) == (
    "Columns(columns=[Gaussian(scale=0.5), Beta(), Gaussian(scale=0.5)])"
  )


def test_params_of_mean_and_safe_value():
  likelihood = built(["poisson", "beta", "log_normal", "gaussian", "beta"])
  np.testing.assert_array_equal(likelihood.safe_value, [0.0, 0.5, 1.0, 0.0, 0.5])
  mean = np.array([3.0, 0.2, 5.0, -2.0, 0.7])
  p = likelihood.distribution(likelihood.params_of_mean(mean)[np.newaxis])
  np.testing.assert_allclose(p.mean()[0], mean, rtol=1e-4)
  mixed = built([ORDINAL, "poisson", {"name": "category", "levels": 3}])
  params = mixed.params_of_mean(np.array([1.0, 3.0, 2.0]))
  np.testing.assert_allclose(params, [0.0, np.log(3.0), *[0.0] * 3], rtol=1e-6)


def test_the_last_activation_is_checked():
  assert likelihoods.Columns(["gaussian", "bernoulli"]).output_kind == "logits"
  assert likelihoods.Columns(["gaussian", "poisson"]).output_kind == "real"


def test_point_estimates_of_codes_are_levels():
  """Averaged over z: the most probable category, the median level, and the mean."""
  columns = ["gaussian", {"name": "category", "levels": 3}, ORDINAL, "poisson"]
  columns.append({"name": "category", "levels": 3})
  likelihood = built(columns)
  rng = np.random.default_rng(0)
  params = harness.params_of(likelihood, rng, 40, (5,))
  p = likelihood.distribution(params)
  mean = tf.reduce_mean(likelihood.expectations(p), axis=0, keepdims=True)
  estimate = likelihood.point_estimate(mean).numpy()[0]
  draws = likelihood.quantile(
    p, tf.constant(rng.uniform(size=(4000, 40, 5)), tf.float32)
  )
  draws = draws.numpy().reshape(-1, 5)
  np.testing.assert_allclose(estimate[[0, 3]], np.mean(p.mean(), axis=0)[[0, 3]], 1e-5)
  for i in (1, 4):
    assert estimate[i] == np.argmax(np.bincount(draws[:, i].astype(int)))
  assert estimate[2] == np.median(draws[:, 2])
