"""A VAE of a table: from rows in the data's own units to samples in them."""

import keras
import numpy as np
import pandas as pd
import pytest
import scipy.stats
import tensorflow as tf

import aevb_tf as aevb
from aevb_tf import likelihoods
from aevb_tf.imputation.base import encode
from aevb_tf.tables import Column, Schema

SCHEMA = Schema(
  [
    Column("height", "real", location=170.0, scale=10.0),
    Column("id", "ignored", type="text"),
    Column("pet", "categorical", ("cat", "dog", "hen"), type="text"),
    Column("price", "positive", scale=20.0),
    Column("visits", "count", scale=7.0, type="int"),
    Column("member", "binary", (False, True), type="bool"),
    Column("size", "ordinal", ("S", "M", "L", "XL"), type="text"),
  ]
)


def frame(n, seed=0):
  """Rows with one hidden cause, which all columns depend on."""
  rng = np.random.default_rng(seed)
  cause = rng.normal(size=n)
  size = np.digitize(cause + rng.logistic(size=n), [-1.0, 0.5, 2.0])
  return pd.DataFrame(
    {
      "height": 170 + 6 * cause + 8 * rng.normal(size=n),
      "id": [f"{i}" for i in range(n)],
      "pet": np.array(["cat", "dog", "hen"])[rng.choice(3, size=n, p=[0.6, 0.3, 0.1])],
      "price": 20 * np.exp(0.5 * cause + 0.5 * rng.normal(size=n)),
      "visits": rng.poisson(np.exp(1.5 + 0.5 * cause)),
      "member": rng.random(n) < 1 / (1 + np.exp(-1 - cause)),
      "size": np.array(["S", "M", "L", "XL"])[size],
    }
  )


FRAME = frame(2000)
COUNTS = {"a": "count", "b": "count"}
X = SCHEMA.encode(FRAME)


def test_every_kind_has_its_likelihood_and_features():
  vae = aevb.VAE.for_table(SCHEMA, latent_dim=3, hidden_units=(7, 5), seed=0)
  columns = vae.likelihood_family.get_config()["columns"]
  found = [likelihoods.name_of(type(likelihoods.get(column))) for column in columns]
  assert found == [
    "student_t", "category", "log_normal", "negative_binomial", "bernoulli", "ordinal",
  ]  # fmt: skip
  assert [c["config"].get("levels") for c in columns] == [None, 3, None, None, None, 4]
  assert vae.encoder.features.columns == [
    {"kind": "real"},
    {"kind": "categorical", "levels": 3},
    {"kind": "positive"},
    {"kind": "count", "mean": 7.0},
    {"kind": "binary"},
    {"kind": "ordinal", "levels": 4},
  ]
  assert vae.encoder.hidden_units == vae.decoder.hidden_units[::-1] == (7, 5)
  assert vae.latent_dim == 3 and vae.event_shape == (6,)
  other = aevb.VAE.for_table(SCHEMA, likelihood={"name": "gaussian", "scale": 0.5})
  column = likelihoods.get(other.likelihood_family.get_config()["columns"][0])
  assert (type(column), column.scale) == (likelihoods.Gaussian, 0.5)


def test_training_starts_at_the_means():
  vae = aevb.VAE.for_table(SCHEMA, seed=0)
  p = vae.decode(np.zeros((1, vae.latent_dim), np.float32))
  height, _, price, visits, member, _ = p.mean().numpy()[0]
  assert (height, member) == (0.0, 0.5)
  assert price == pytest.approx(np.exp(0.5))  # the median is 1
  assert visits == pytest.approx(7.0, rel=1e-4)


def test_counts_start_at_the_dispersion_of_the_data():
  schema = Schema.infer({"a": [0, 2, 5, 9, 30, 50], "b": [1, 2, 3, 4, 5, 9]}, COUNTS)
  assert schema["a"].dispersion == pytest.approx(16**2 / (329 - 16), rel=1e-6)
  assert schema["b"].dispersion == pytest.approx(4**2 / (20 / 3 - 4), rel=1e-6)
  vae = aevb.VAE.for_table(schema)
  p = vae.decode(np.zeros((1, vae.latent_dim), np.float32))
  found = p.log_prob(np.float32([[7, 3]]))
  wanted = 0.0
  for value, mean, column in ((7, 16, schema["a"]), (3, 4, schema["b"])):
    theta = column.dispersion
    wanted += scipy.stats.nbinom.logpmf(value, theta, theta / (theta + mean))
  np.testing.assert_allclose(found, [wanted], rtol=1e-4)


@pytest.fixture(scope="module")
def trained():
  keras.utils.set_random_seed(0)
  vae = aevb.VAE.for_table(SCHEMA, latent_dim=2, hidden_units=(32,), seed=0)
  vae.compile(keras.optimizers.Adam(0.01))
  data = aevb.data.ArrayDataset(X, batch_size=200, shuffle=True)
  history = vae.fit(data, epochs=60, verbose=0).history
  assert history["elbo"][-1] > history["elbo"][0] + 0.5
  return vae


def test_samples_have_the_marginals_of_the_data(trained):
  samples = SCHEMA.to_frame(trained.sample(4000, seed=1, draw=True))
  fresh = frame(4000, seed=1)
  assert list(samples) == ["height", "pet", "price", "visits", "member", "size"]
  for name in ("pet", "member", "size"):
    shares = [t[name].value_counts(normalize=True) for t in (samples, fresh)]
    pd.testing.assert_series_equal(
      *shares, check_like=True, atol=0.06, check_dtype=False
    )
  for name in ("height", "price", "visits"):
    for q in (0.1, 0.5, 0.9):
      # A quantile of the samples is at about this level of the data.
      level = np.mean(fresh[name] < samples[name].quantile(q))
      ties = np.mean(fresh[name] == samples[name].quantile(q))
      assert level - 0.05 < q < level + ties + 0.05, (name, q)
  pairs = [np.corrcoef(t["height"], np.log(t["price"]))[0, 1] for t in (samples, fresh)]
  np.testing.assert_allclose(*pairs, atol=0.12)
  assert pairs[1] > 0.3


def test_reconstructions_are_rows_of_the_table(trained):
  rows = SCHEMA.to_frame(trained.reconstruct(X[:50]))
  assert set(rows["pet"]) <= {"cat", "dog", "hen"} and len(rows) == 50
  codes = trained.reconstruct(X[:50]).numpy()[:, [1, 5]]
  np.testing.assert_array_equal(codes, np.round(codes))


def test_saved_and_loaded_with_the_schema(trained, tmp_path):
  trained.save(tmp_path / "table.keras")
  loaded = aevb.load(tmp_path / "table.keras")
  assert loaded.schema == SCHEMA == trained.schema
  for draw in (False, True):
    np.testing.assert_array_equal(
      loaded.sample(5, seed=0, draw=draw), trained.sample(5, seed=0, draw=draw)
    )
  np.testing.assert_array_equal(loaded.elbo(X[:9], seed=0), trained.elbo(X[:9], seed=0))


def test_missing_values_are_on_if_the_data_had_some():
  incomplete = FRAME.mask(np.random.default_rng(0).random(FRAME.shape) < 0.2)
  incomplete = incomplete.drop(columns="id").convert_dtypes()
  data = aevb.data.table(incomplete.head(300), split="train", batch_size=50)
  assert data.schema.has_missing
  vae = aevb.VAE.for_table(data.schema, latent_dim=2, hidden_units=(16,), seed=0)
  vae.compile(keras.optimizers.Adam(0.01))
  history = vae.fit(data, epochs=5, verbose=0).history
  assert history["elbo"][-1] > history["elbo"][0]
  imputed = vae.impute(data.x[:20], seed=0)
  observed = ~np.isnan(data.x[:20])
  np.testing.assert_array_equal(imputed[observed], data.x[:20][observed])
  rows = data.schema.to_frame(imputed)
  assert not rows.isna().any().any()
  assert set(rows["pet"]) <= {"cat", "dog", "hen"}

  assert aevb.VAE.for_table(SCHEMA).missing is None
  assert aevb.VAE.for_table(SCHEMA, missing=True).missing.encode_mask
  assert aevb.VAE.for_table(data.schema, missing=False).missing is None


def test_what_the_encoder_sees_does_not_depend_on_values_that_are_missing():
  vae = aevb.VAE.for_table(SCHEMA, missing=True, seed=0)
  x = X[:4].copy()
  x[:, [0, 1, 2, 3]] = np.nan
  seen = vae.missing.encoder_input(x).numpy()
  other = seen.copy()
  other[:, :4] += 1.0
  np.testing.assert_array_equal(vae.encoder(seen), vae.encoder(other))


def test_an_encoder_of_complete_rows_sees_values_of_the_support():
  """A missing positive number as 1, whose logarithm is 0, rather than as 0."""
  rng = np.random.default_rng(0)
  table = {"cost": np.exp(rng.normal(size=50)), "height": rng.normal(size=50)}
  schema = aevb.tables.Schema.infer(table, {"cost": "positive", "height": "real"})
  vae = aevb.VAE.for_table(schema, latent_dim=2, missing=False, seed=0)
  vae.build((None, 2))
  x = schema.encode(table)[:4]
  x[:2, 0], x[1:3, 1] = np.nan, np.nan
  found = encode(vae, tf.constant(x)).mean()
  np.testing.assert_array_equal(
    found, vae.encode(np.where(np.isnan(x), [1, 0], x)).mean()
  )


def test_a_data_set_has_its_schema():
  data = aevb.data.table(FRAME.head(100), SCHEMA)
  assert aevb.VAE.for_table(data, latent_dim=2).schema == SCHEMA


def test_what_is_no_schema_is_refused():
  with pytest.raises(
    TypeError, match=r"type str: .* aevb_tf.data.table\('d.csv'\).schema"
  ):
    aevb.VAE.for_table("d.csv")
  with pytest.raises(
    TypeError, match=r"type DataFrame: .* aevb_tf.data.table\(table\).schema"
  ):
    aevb.VAE.for_table(FRAME)
  with pytest.raises(TypeError, match="schema is of type ArrayDataset: give a schema"):
    aevb.VAE.for_table(aevb.data.ArrayDataset(X))
  with pytest.raises(ValueError, match="^Unknown likelihood 'gausian'"):
    aevb.VAE.for_table(SCHEMA, likelihood="gausian")


def test_a_data_frame_is_not_data_of_a_model():
  """Its numbers are in other units."""
  vae = aevb.VAE.for_table(SCHEMA, latent_dim=2, hidden_units=(3,))
  vae.compile("adam")
  doors = (
    vae.fit, vae.evaluate, vae.predict, vae.train_on_batch, vae.encode, vae.impute,
    vae.elbo, vae.log_marginal, vae.reconstruct,
  )  # fmt: skip
  for door in doors:
    with pytest.raises(TypeError, match="DataFrame: give vae.schema.encode"):
      door(FRAME[["height", "price"]])
  with pytest.raises(TypeError, match="DataFrame: give vae.schema.encode"):
    vae.fit(X, validation_data=FRAME, verbose=0)


def test_errors_name_the_column():
  vae = aevb.VAE.for_table(SCHEMA, latent_dim=2, hidden_units=(3,))
  vae.compile("adam")
  for column, value in ((3, 1.5), (2, -1.0), (5, 9.0), (0, np.nan)):
    x = X[:9].copy()
    x[2, column] = value
    name = SCHEMA.modelled[column].name
    with pytest.raises(ValueError, match=f"^Column '{name}': The data"):
      vae.fit(x, verbose=0)


def test_other_models_have_no_schema(tmp_path):
  vae = aevb.VAE(
    aevb.networks.MLPEncoder(2, (3,)), aevb.networks.MLPDecoder((4,), (3,))
  )
  assert vae.schema is None and "schema" not in vae.get_config()


def test_the_repr_is_short():
  assert "schema" not in repr(aevb.VAE.for_table(SCHEMA))
  assert "TableEncoder" in repr(aevb.VAE.for_table(SCHEMA))
