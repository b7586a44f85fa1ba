"""Methods that fill in tables: a VAE, and the methods that it is compared with.

All methods see the same numbers. Columns of levels are one-hot, without the last level,
for methods that know only numbers, and the level with the largest imputed number is the
answer. `miceforest` gets categories, and its answer is the mean, or the most frequent
level, of five imputations.

The VAE has the same settings for every table. Their number of updates is chosen without
the values that the benchmark hides:

1. A model hides a further tenth of the observed values from itself.
2. After every `_UPDATES` updates it draws these values given the others, and computes the
   continuous ranked probability score, E|x - X| - E|X - X'| / 2, where |.| is 0 or 1 for
   levels. It keeps the weights with the lowest score, and stops when the score has not
   fallen in `_PATIENCE` rounds.
3. `_MEMBERS` models, which hide different values from themselves, make as many draws
   each. The imputation is the mean of all draws, or their most frequent level.
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

_HIDDEN_SHARE = 0.1
_UPDATES, _ROUNDS, _PATIENCE = 200, 15, 2
_MEMBERS, _DRAWS = 3, 33
_BATCH_SIZE = 64
# Of importance samples: to choose the weights, and to impute.
_FEW_SAMPLES, _SAMPLES = 100, 1000


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
    optimizer = keras.optimizers.Adam(2e-3)
    optimizer.build(self.model.trainable_variables)
    self.start = [variable.numpy() for variable in optimizer.variables]
    self.model.compile(optimizer, jit_compile=False)

  def __call__(self, x: np.ndarray, seed: int) -> Filled:
    """Fills in x `[n, D]`, NaN where a value is missing."""
    x = x.astype(np.float32)
    draws = np.concatenate(
      [self._member(x, seed * _MEMBERS + k) for k in range(_MEMBERS)]
    )
    return Filled(center(draws, self.table), draws)

  def _new(self) -> aevb.VAE:
    bound = aevb.bounds.ImportanceWeighted(10)
    return aevb.VAE.for_table(
      self.schema, latent_dim=10, missing=True, bound=bound, seed=0
    )

  def _member(self, x, seed) -> np.ndarray:
    """Draws of a model, `[_DRAWS, n, D]`."""
    keras.utils.set_random_seed(seed)
    self.model.set_weights(self._new().get_weights())
    for variable, value in zip(self.model.optimizer.variables, self.start, strict=True):
      variable.assign(value)
    self.model.updates.assign(0)  # the noise of training is numbered by updates
    rng = np.random.default_rng([seed, 1])
    is_hidden = ~np.isnan(x) & (rng.random(x.shape) < _HIDDEN_SHARE)
    seen = np.where(is_hidden, np.nan, x)
    best, waited, weights = np.inf, 0, self.model.get_weights()
    for _ in range(_ROUNDS):
      rows = rng.integers(len(x), size=_UPDATES * _BATCH_SIZE)
      self.model.fit(seen[rows], batch_size=_BATCH_SIZE, shuffle=False, verbose=0)
      drawn = self._draw(seen, seed, _FEW_SAMPLES)
      score = scores(drawn, x, self.table)[is_hidden].mean()
      if score < best:
        best, waited, weights = score, 0, self.model.get_weights()
      else:
        waited += 1
      if waited == _PATIENCE:
        break
    self.model.set_weights(weights)
    return self._draw(x, seed, _SAMPLES)

  def _draw(self, x, seed, num_samples) -> np.ndarray:
    with warnings.catch_warnings():
      # Scores and coverage are measured here, whatever the weights are.
      warnings.simplefilter("ignore", ImputationWarning)
      return self.model.impute(x, _DRAWS, num_samples=num_samples, seed=seed)


def scores(draws: np.ndarray, x: np.ndarray, table: Table) -> np.ndarray:
  """The continuous ranked probability score of each value, `[n, D]`.

  Args:
    draws: float `[m, n, D]`.
    x: float `[n, D]`.
    table: Says which columns are levels.
  """

  def distance(first, second):
    return np.where(table.is_real, np.abs(first - second), first != second)

  # Neighbours are independent draws.
  between = distance(draws, np.roll(draws, 1, axis=0)).mean(axis=0)
  return distance(draws, x).mean(axis=0) - between / 2


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
    kernel = miceforest.ImputationKernel(frame, num_datasets=5, random_state=seed)
    kernel.mice(5, num_threads=1)
    several = [kernel.complete_data(k).to_numpy(np.float64) for k in range(5)]
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
