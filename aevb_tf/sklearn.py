"""Estimators for scikit-learn: a VAE in a `Pipeline`, with `fit` and `transform`.

    VAETransformer       examples -> latents, and back
    VAEImputer           fills in missing values
    VAEOutlierDetector   1 for normal examples, -1 for outliers

    pipeline = make_pipeline(VAEImputer(), StandardScaler(), LogisticRegression())

They take arrays `[n, D]` of numbers, or DataFrames of numeric columns, which they
standardize themselves. The `vae_` of a fitted estimator is the `aevb_tf.VAE`, of
standardized columns. For columns with levels, see `aevb_tf.data.table`.
"""

from typing import Any, Literal, Self

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike
from sklearn.base import (
  BaseEstimator,
  ClassNamePrefixFeaturesOutMixin,
  OneToOneFeatureMixin,
  OutlierMixin,
  TransformerMixin,
)
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from aevb_tf import bounds, networks, random, tasks
from aevb_tf.checks import is_number, positive_int
from aevb_tf.evidence.batches import over_batches
from aevb_tf.evidence.compiled import compiled
from aevb_tf.models import VAE

__all__ = ["VAEImputer", "VAEOutlierDetector", "VAETransformer"]


class _VAEEstimator(BaseEstimator):
  """What the estimators share: the standardized columns, and the model of them."""

  _missing = False

  def __init__(
    self,
    latent_dim: int = 8,
    hidden_units: tuple[int, ...] = (128, 128),
    likelihood: Any = "gaussian",
    epochs: int = 100,
    batch_size: int = 128,
    learning_rate: float = 1e-3,
    random_state: Any = None,
    verbose: Literal[0, 1, 2] = 0,
  ):
    self.latent_dim = latent_dim
    self.hidden_units = hidden_units
    self.likelihood = likelihood
    self.epochs = epochs
    self.batch_size = batch_size
    self.learning_rate = learning_rate
    self.random_state = random_state
    self.verbose = verbose

  def __sklearn_tags__(self):
    tags = super().__sklearn_tags__()
    tags.input_tags.allow_nan = self._missing
    return tags

  def _check(self, X, reset) -> np.ndarray:
    return validate_data(
      self,
      X,
      reset=reset,
      dtype=[np.float64, np.float32],
      ensure_all_finite="allow-nan" if self._missing else True,
      ensure_min_samples=2 if reset else 1,
    )

  def _fit_vae(self, X):
    """Checks and standardizes X, and trains `vae_` on it; returns standardized rows."""
    X = self._check(X, reset=True)
    state = check_random_state(self.random_state)
    self.seed_ = int(state.randint(2**31 - 1))
    with np.errstate(all="ignore"):
      mean, scale = np.nanmean(X, axis=0), np.nanstd(X, axis=0)
    self.mean_ = np.nan_to_num(mean)  # of a column without any value: 0
    self.scale_ = np.where(np.isfinite(scale) & (scale > 0), scale, 1.0)
    x = self._standardized(X)
    keras.utils.set_random_seed(self.seed_)
    units = tuple(self.hidden_units)
    options = {"activation": "relu"}
    missing = {"encode_mask": True} if self._missing else False
    self.vae_ = VAE(
      networks.MLPEncoder(
        positive_int("latent_dim", self.latent_dim), units, **options
      ),
      networks.MLPDecoder(
        (x.shape[1],), units[::-1], likelihood=self.likelihood, **options
      ),
      bound=self._bound(),
      missing=missing,
      seed=self.seed_,
    )
    if not (is_number(self.learning_rate) and self.learning_rate > 0):
      raise ValueError(f"learning_rate={self.learning_rate!r} must be positive.")
    self.vae_.compile(keras.optimizers.Adam(self.learning_rate))
    self.history_ = self.vae_.fit(
      x,
      batch_size=min(positive_int("batch_size", self.batch_size), len(x)),
      epochs=positive_int("epochs", self.epochs),
      verbose=self.verbose,
    ).history
    return x

  def _bound(self):
    return None

  def _standardized(self, X):
    return ((X - self.mean_) / self.scale_).astype(np.float32)

  def _rows(self, X):
    check_is_fitted(self)
    return self._standardized(self._check(X, reset=False))


class VAETransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, _VAEEstimator):
  """Latents of examples: the mean of q(z|x).

  Args:
    latent_dim: Number of latents, the columns of the result.
    hidden_units: Width of each hidden layer of the encoder; the decoder mirrors it.
    likelihood: Name, options or object of `aevb_tf.likelihoods`, of standardized columns.
    epochs: Passes over the data.
    batch_size: Examples in a batch.
    learning_rate: Of Adam.
    random_state: int, `RandomState` or None, as in scikit-learn.
    verbose: 0 for silence, 1 for a progress bar.

  Attributes:
    vae_: The model.
    history_: What `keras.Model.fit` returned.
  """

  def fit(self, X: ArrayLike, y: object = None) -> Self:
    """Trains the model on X `[n, D]`; y is ignored."""
    self._fit_vae(X)
    self._n_features_out = self.latent_dim
    return self

  def transform(self, X: ArrayLike) -> np.ndarray:
    """The latents of X, float32 `[n, latent_dim]`."""
    return tasks.embed(self.vae_, self._rows(X))

  def __sklearn_tags__(self):
    tags = super().__sklearn_tags__()
    tags.transformer_tags.preserves_dtype = ["float32"]
    return tags

  def inverse_transform(self, X: ArrayLike) -> np.ndarray:
    """The means of p(x|z) for latents `[n, latent_dim]`, in the units of the data."""
    check_is_fitted(self)
    z = np.asarray(X, np.float32)
    x = np.asarray(self.vae_.point_estimate(self.vae_.decode(z)))
    return x * self.scale_ + self.mean_

  def score_samples(self, X: ArrayLike) -> np.ndarray:
    """An estimate of log p(x) of each example, in the units of the data, `[n]`."""
    rows, seed = self._rows(X), random.as_seed(self.seed_)
    compute = compiled(self.vae_, _log_marginal, jit=False)
    found = over_batches(self.vae_, lambda x, _: compute(x, seed), rows, None, None)
    return np.float64(found) - np.log(self.scale_).sum()

  def score(self, X: ArrayLike, y: object = None) -> float:
    """The mean of `score_samples`; y is ignored."""
    return float(self.score_samples(X).mean())


class VAEImputer(OneToOneFeatureMixin, TransformerMixin, _VAEEstimator):
  """Fills in missing values, NaN, by the mean of p(x_mis|x_obs).

  The model is trained with the importance-weighted bound of what was observed (MIWAE). A
  column that has no value at all in `fit` is filled with 0. The other arguments are those
  of `VAETransformer`.

  Args:
    method: How to impute: a name, options or object of `aevb_tf.imputation`.

  Attributes:
    vae_: The model.
    history_: What `keras.Model.fit` returned.
  """

  _missing = True

  def __init__(
    self,
    latent_dim: int = 8,
    hidden_units: tuple[int, ...] = (128, 128),
    likelihood: Any = "gaussian",
    epochs: int = 100,
    batch_size: int = 128,
    learning_rate: float = 1e-3,
    random_state: Any = None,
    verbose: Literal[0, 1, 2] = 0,
    method: Any = "importance",
  ):
    super().__init__(
      latent_dim,
      hidden_units,
      likelihood,
      epochs,
      batch_size,
      learning_rate,
      random_state,
      verbose,
    )
    self.method = method

  def _bound(self):
    return bounds.ImportanceWeighted(20)

  def fit(self, X: ArrayLike, y: object = None) -> Self:
    """Trains the model on X `[n, D]`, which may have NaN; y is ignored."""
    self._fit_vae(X)
    return self

  def transform(self, X: ArrayLike) -> np.ndarray:
    """X with missing values filled in; observed values are unchanged."""
    check_is_fitted(self)
    rows = self._check(X, reset=False)
    missing = np.isnan(rows)
    if not missing.any():
      return rows
    filled = self.vae_.impute(
      self._standardized(rows), method=self.method, seed=self.seed_
    )
    filled = filled * self.scale_ + self.mean_
    return np.where(missing, filled, rows).astype(rows.dtype)


class VAEOutlierDetector(OutlierMixin, _VAEEstimator):
  """Finds examples that are unlike the others, by `aevb_tf.tasks.AnomalyDetector`.

  The other arguments are those of `VAETransformer`.

  Args:
    anomaly_score: Name, options or object of `aevb_tf.tasks.scores`.
    contamination: The share of the training examples that are called outliers.

  Attributes:
    detector_: The `AnomalyDetector`, whose `vae` is `vae_`.
    offset_: The `score_samples` below which an example is an outlier.
  """

  detector_: tasks.AnomalyDetector
  offset_: float

  def __init__(
    self,
    anomaly_score: Any = "reconstruction",
    contamination: float = 0.1,
    latent_dim: int = 8,
    hidden_units: tuple[int, ...] = (128, 128),
    likelihood: Any = "gaussian",
    epochs: int = 100,
    batch_size: int = 128,
    learning_rate: float = 1e-3,
    random_state: Any = None,
    verbose: Literal[0, 1, 2] = 0,
  ):
    super().__init__(
      latent_dim,
      hidden_units,
      likelihood,
      epochs,
      batch_size,
      learning_rate,
      random_state,
      verbose,
    )
    self.anomaly_score = anomaly_score
    self.contamination = contamination

  def fit(self, X: ArrayLike, y: object = None) -> Self:
    """Trains the model on X `[n, D]`, and chooses the offset; y is ignored."""
    if not (is_number(self.contamination) and 0 < self.contamination <= 0.5):
      raise ValueError(
        f"contamination={self.contamination!r} must be above 0 and at most 0.5."
      )
    x = self._fit_vae(X)
    self.detector_ = tasks.AnomalyDetector(
      self.vae_, self.anomaly_score, self.seed_
    ).fit(x)
    found = -self.detector_.scores(x).astype(np.float64)
    self.offset_ = float(np.percentile(found, 100.0 * self.contamination))
    return self

  def score_samples(self, X: ArrayLike) -> np.ndarray:
    """Minus the score of the detector, float64 `[n]`: lower is stranger."""
    rows = self._rows(X)
    return -self.detector_.scores(rows).astype(np.float64)

  def decision_function(self, X: ArrayLike) -> np.ndarray:
    """`score_samples` minus `offset_`, `[n]`: negative for outliers."""
    return self.score_samples(X) - self.offset_

  def predict(self, X: ArrayLike) -> np.ndarray:
    """1 for each normal example, -1 for each outlier, int `[n]`."""
    return np.where(self.decision_function(X) < 0, -1, 1)


def _log_marginal(model: VAE, x: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
  """Estimates of log p(x) by the same noise for all examples.

  So the estimate of an example does not depend on its place.
  """
  rows = tf.zeros([tf.shape(x)[0]], tf.int32)
  return -tasks.scores.LogMarginal().scores(model, x, seed, rows)
