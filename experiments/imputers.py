"""Methods that fill in tables: a VAE, and the methods that it is compared with.

All methods see the same numbers. Columns of levels are one-hot, without the last level,
for methods that know only numbers, and the level with the largest imputed number is the
answer. `miceforest` gets categories, and its answer is the mean, or the most frequent
level, of five imputations.

The VAE is that of `VAE.for_table`, with the same settings for every table: the bound and
the likelihood of MIWAE, K = 20 samples, and 200 epochs. Epochs, members and learning rate
were chosen with masks 0 and 1 of the breast cancer table, which the benchmark does not use.
`_MEMBERS` models, trained from different weights, are averaged: the imputation is the
mean of their estimates of E[x_mis|x_obs], or the most frequent level of all draws.
"""

import warnings
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer

import aevb_tf as aevb
from aevb_tf.imputation import ImputationWarning
from aevb_tf.tables import Column, Schema
from experiments.incomplete import Table

_MEMBERS, _DRAWS = 3, 33
_EPOCHS, _BATCH_SIZE = 200, 64
_NUM_IMPORTANCE_SAMPLES, _LEARNING_RATE = 20, 1e-3


class Filled(NamedTuple):
  """A completed table.

  Attributes:
    x: float64 `[n, D]`.
    draws: float `[m, n, D]`, or None if a method has only one imputation.
  """

  x: np.ndarray
  draws: np.ndarray | None = None


class Ensemble:
  """The VAE, for all masks of a table; `__call__` fills in an incomplete table.

  The model is compiled once, since this takes longer than its training, and starts from
  new weights for every member and mask.
  """

  def __init__(self, table: Table):
    self.table = table
    self.schema = Schema(
      [
        Column(f"column {d}", kind="categorical", levels=tuple(range(count)))
        if count
        else Column(f"column {d}", kind="real")
        for d, count in enumerate(table.levels)
      ]
    )
    self.model = self._new()
    optimizer = keras.optimizers.Adam(_LEARNING_RATE)
    optimizer.build(self.model.trainable_variables)
    self.start = [variable.numpy() for variable in optimizer.variables]
    self.model.compile(optimizer, jit_compile=False)

  def __call__(self, x: np.ndarray, seed: int) -> Filled:
    """Fills in x `[n, D]`, NaN where a value is missing."""
    x = x.astype(np.float32)
    estimates, draws = zip(
      *(self._member(x, seed * _MEMBERS + k) for k in range(_MEMBERS)), strict=True
    )
    pooled = np.concatenate(draws)
    is_real = self.table.is_real
    found = np.where(is_real, np.mean(estimates, axis=0), center(pooled, self.table))
    return Filled(found, pooled)

  def _new(self) -> aevb.VAE:
    bound = aevb.bounds.ImportanceWeighted(_NUM_IMPORTANCE_SAMPLES)
    return aevb.VAE.for_table(
      self.schema, latent_dim=10, missing=True, bound=bound, seed=0
    )

  def _member(self, x, seed) -> tuple[np.ndarray, np.ndarray]:
    """A model's estimate `[n, D]`, and its draws `[_DRAWS, n, D]`."""
    keras.utils.set_random_seed(seed)
    self.model.set_weights(self._new().get_weights())
    for variable, value in zip(self.model.optimizer.variables, self.start, strict=True):
      variable.assign(value)
    self.model.updates.assign(0)  # the noise of training depends on it
    # In one call of the compiled loop, since tables of a few batches are trained sooner
    # than Keras begins another epoch.
    steps = _EPOCHS * -(-len(x) // _BATCH_SIZE)
    self.model.fit(x, batch_size=_BATCH_SIZE, steps_per_epoch=steps, verbose=0)
    with warnings.catch_warnings():
      # Errors and coverage are measured here, whatever the weights are.
      warnings.simplefilter("ignore", ImputationWarning)
      return self.model.impute(x, seed=seed), self.model.impute(x, _DRAWS, seed=seed)


def center(draws: np.ndarray, table: Table) -> np.ndarray:
  """The mean of draws `[m, n, D]`, or their most frequent level, `[n, D]`."""
  found = draws.mean(axis=0, dtype=np.float64)
  for d, count in enumerate(table.levels):
    if count:
      is_level = draws[..., d] == np.arange(count)[:, np.newaxis, np.newaxis]
      found[:, d] = is_level.sum(axis=1).argmax(axis=0)
  return found


def _of_numbers(create: Callable) -> Callable[[Table], Callable]:
  """A method from an imputer of scikit-learn, `create(seed)`."""

  def method(table):
    def fill(x, seed):
      with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        numbers = create(seed).fit_transform(_one_hot(x, table))
      return Filled(_levels(numbers, table))

    return fill

  return method


def _one_hot(x: np.ndarray, table: Table) -> np.ndarray:
  parts = []
  for column, count in zip(x.T, table.levels, strict=True):
    column = column[:, np.newaxis]
    # Without the last level: all levels sum to 1, so that regressions of one on the others
    # would only reproduce where they started.
    hot = np.where(np.isnan(column), np.nan, column == np.arange(count - 1))
    parts.append(hot if count else column)
  return np.concatenate(parts, axis=1)


def _levels(numbers: np.ndarray, table: Table) -> np.ndarray:
  ends = np.cumsum([max(1, count - 1) for count in table.levels])
  parts = np.split(numbers, ends[:-1], axis=1)
  columns = [
    np.column_stack([part, 1 - part.sum(axis=1)]).argmax(axis=1)
    if count
    else part[:, 0]
    for part, count in zip(parts, table.levels, strict=True)
  ]
  return np.stack(columns, axis=1)


def _miceforest(table: Table) -> Callable:
  import miceforest

  def fill(x, seed):
    frame = pd.DataFrame(x, columns=[f"column {d}" for d in range(x.shape[1])])
    for name, count in zip(frame, table.levels, strict=True):
      if count:
        frame[name] = frame[name].astype("category")
    # With the default for levels, the logits of rare ones can be infinite.
    matching = {
      name: "fast" if count else "normal"
      for name, count in zip(frame, table.levels, strict=True)
    }

    def complete(**options):
      kernel = miceforest.ImputationKernel(
        frame, 5, mean_match_strategy=matching, random_state=seed, **options
      )
      kernel.mice(5, num_threads=1)
      return [kernel.complete_data(k).to_numpy(np.float64) for k in range(5)]

    try:
      several = complete()
    except ValueError:
      # In a table of 20 rows it can find no observed value to match: its predictions.
      several = complete(mean_match_candidates=0)
    return Filled(center(np.stack(several), table))

  return fill


def _forest(seed: int) -> IterativeImputer:
  trees = RandomForestRegressor(50, max_features=1 / 3, random_state=seed)
  return IterativeImputer(trees, max_iter=5, random_state=seed)


OURS = "VAE"
# Name -> a function of the table, which returns the method, a function of x and a seed.
METHODS: dict[str, Callable[[Table], Callable[[np.ndarray, int], Filled]]] = {
  OURS: Ensemble,
  "column means": _of_numbers(lambda seed: SimpleImputer()),
  "kNN": _of_numbers(lambda seed: KNNImputer()),
  "IterativeImputer, ridge": _of_numbers(
    lambda seed: IterativeImputer(max_iter=20, random_state=seed)
  ),
  "IterativeImputer, forest": _of_numbers(_forest),
  "miceforest": _miceforest,
}
