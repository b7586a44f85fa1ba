"""The estimators are scikit-learn's, by its own checks, and do what they say."""

import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from aevb_tf.sklearn import VAEImputer, VAEOutlierDetector, VAETransformer

SMALL = {"epochs": 2, "hidden_units": (8,), "latent_dim": 2}
CLASSES = [VAETransformer, VAEImputer, VAEOutlierDetector]


@parametrize_with_checks([cls(**SMALL) for cls in CLASSES])
def test_it_passes_the_checks_of_scikit_learn(estimator, check):
  with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of estimators that are hardly trained
    check(estimator)


@pytest.fixture(scope="module")
def table():
  rng = np.random.default_rng(0)
  z = rng.normal(size=(200, 2))
  x = z @ rng.normal(size=(2, 5)) * [1, 10, 100, 1, 1] + [0, 5, -300, 1, 2]
  return x + 0.05 * x.std(axis=0) * rng.normal(size=x.shape)


OPTIONS = {
  "latent_dim": 2,
  "hidden_units": (32,),
  "epochs": 150,
  "learning_rate": 5e-3,
  "batch_size": 50,
  "random_state": 0,
}


def test_latents_reproduce_the_data_in_its_units(table):
  transformer = VAETransformer(**OPTIONS).fit(table)
  z = transformer.transform(table)
  assert z.shape == (200, 2)
  error = transformer.inverse_transform(z) - table
  assert np.all(error.std(axis=0) < 0.3 * table.std(axis=0))
  np.testing.assert_allclose(
    z,
    transformer.vae_.encode(
      ((table - table.mean(0)) / table.std(0)).astype(np.float32)
    ).mean(),
    1e-4,
    1e-5,
  )


def test_scores_are_log_densities_in_the_units_of_the_data(table):
  one = VAETransformer(**OPTIONS).fit(table)
  thousandfold = VAETransformer(**OPTIONS).fit(1000 * table)
  shift = one.score(table) - thousandfold.score(1000 * table)
  np.testing.assert_allclose(shift, 5 * np.log(1000), rtol=1e-3)
  gauss = -0.5 * np.linalg.slogdet(2 * np.pi * np.e * np.cov(table.T))[1]
  independent = -0.5 * np.log(2 * np.pi * np.e * table.var(axis=0)).sum()
  assert independent < one.score(table) < gauss + 1


def test_missing_values_are_filled_in_better_than_by_means(table):
  rng = np.random.default_rng(1)
  missing = rng.random(table.shape) < 0.2
  x = np.where(missing, np.nan, table)
  imputer = VAEImputer(**OPTIONS)
  filled = imputer.fit_transform(x)
  np.testing.assert_array_equal(filled[~missing], table[~missing])
  scaled = (filled - table) / table.std(axis=0)
  assert np.sqrt(np.mean(scaled[missing] ** 2)) < 0.6
  np.testing.assert_array_equal(imputer.transform(x), filled)


def test_the_method_of_imputation_is_that_of_the_model(table):
  incomplete = np.where(
    np.random.default_rng(1).random(table.shape) < 0.2, np.nan, table
  )
  method = {"name": "metropolis_within_gibbs", "num_samples": 20}
  imputer = VAEImputer(method=method, epochs=1, random_state=0).fit(incomplete)
  standardized = np.float32((incomplete - imputer.mean_) / imputer.scale_)
  expected = imputer.vae_.impute(standardized, method=method, seed=imputer.seed_)
  expected = expected * imputer.scale_ + imputer.mean_
  missing = np.isnan(incomplete)
  found = imputer.transform(incomplete)
  np.testing.assert_allclose(found[missing], expected[missing], rtol=1e-6)


def test_outliers_are_found(table):
  strange = table[:20] + 8 * table.std(axis=0) * [1, -1, 1, -1, 1]
  detector = VAEOutlierDetector(contamination=0.05, **OPTIONS).fit(table)
  assert np.mean(detector.predict(table) == -1) == pytest.approx(0.05, abs=0.01)
  both = np.concatenate([table, strange])
  is_normal = np.arange(220) < 200
  assert roc_auc_score(is_normal, detector.decision_function(both)) > 0.95


def test_frames_stay_frames(table):
  frame = pd.DataFrame(table, columns=list("abcde"), index=np.arange(200) + 7)
  z = VAETransformer(**SMALL).set_output(transform="pandas").fit_transform(frame)
  assert list(z) == ["vaetransformer0", "vaetransformer1"]
  assert z.index.equals(frame.index)
  filled = VAEImputer(**SMALL).set_output(transform="pandas").fit_transform(frame)
  assert list(filled) == list("abcde")


@pytest.mark.filterwarnings("ignore")  # the models are hardly trained
def test_they_work_in_pipelines_and_searches(tmp_path):
  x, y = load_breast_cancer(return_X_y=True)
  x = np.where(np.random.default_rng(0).random(x.shape) < 0.1, np.nan, x)
  options = {**SMALL, "epochs": 30, "batch_size": 32, "random_state": 0}
  pipeline = make_pipeline(
    VAEImputer(**options), VAETransformer(**options), LogisticRegression()
  )
  search = GridSearchCV(pipeline, {"vaetransformer__latent_dim": [2, 4]}, cv=2)
  search.fit(x[:200], y[:200])
  predicted = search.predict(x[200:])
  assert np.mean(predicted == y[200:]) > 0.75  # 0.63 are of one class
  joblib.dump(search.best_estimator_, tmp_path / "model.joblib")
  again = joblib.load(tmp_path / "model.joblib")
  np.testing.assert_array_equal(again.predict(x[200:]), predicted)


@pytest.mark.parametrize("cls", CLASSES)
def test_clones_have_the_options_and_seeds_repeat(cls, table):
  estimator = cls(**{**SMALL, "random_state": 3})
  again = clone(estimator)
  assert again.get_params() == estimator.get_params()
  for each in (estimator, again):
    each.fit(table)
  for one, two in zip(
    estimator.vae_.get_weights(), again.vae_.get_weights(), strict=True
  ):
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(
  "options, match",
  [
    ({"latent_dim": 0}, "latent_dim"),
    ({"epochs": 1.5}, "epochs"),
    ({"learning_rate": -1}, "learning_rate=-1"),
    ({"likelihood": "normal"}, "gaussian"),
  ],
)
def test_wrong_options_are_refused(options, match, table):
  with pytest.raises((ValueError, TypeError), match=match):
    VAETransformer(**{**SMALL, **options}).fit(table)


def test_a_wrong_share_of_outliers_is_refused(table):
  with pytest.raises(ValueError, match="contamination=0.7"):
    VAEOutlierDetector(contamination=0.7, **SMALL).fit(table)
