"""Tables that come with scikit-learn and mlxtend, and values to hide in them.

Two mechanisms hide a share s of the values:

    MCAR   every value is hidden with probability s
    MAR    half of the columns are kept, and a value of another column d is hidden with
           probability sigmoid(2 a_d + b_d), where a_d is a random linear score of the kept
           columns of the row, with variance 1, and b_d is such that the mean is s

References:
  Muzellec, Josse, Boyer, Cuturi. Missing data imputation using optimal transport. ICML
  2020. Appendix with the logistic mechanism.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from mlxtend.data import autompg_data, boston_housing_data
from scipy.optimize import brentq
from scipy.special import expit
from sklearn import datasets

Mechanism: TypeAlias = Literal["MCAR", "MAR"]

# The scale of the score: how strongly a hidden value depends on the kept ones.
_STRENGTH = 2.0


class Table(NamedTuple):
  """A complete table.

  Attributes:
    x: float64 `[n, D]`: standardized numbers, and codes 0, 1, ... of levels.
    levels: Number of levels of each column; 0 of columns of real numbers.
  """

  x: np.ndarray
  levels: tuple[int, ...]

  @property
  def is_real(self) -> np.ndarray:
    """Which columns are real numbers, bool `[D]`."""
    return np.array(self.levels) == 0


def load(name: str) -> Table:
  """Returns one of `TABLES`, by name."""
  values, coded = TABLES[name]()
  x, levels = np.empty(values.shape), []
  for d, column in enumerate(values.T):
    if d in coded:
      known, x[:, d] = np.unique(column, return_inverse=True)
      levels.append(len(known))
    else:
      x[:, d] = (column - column.mean()) / column.std()
      levels.append(0)
  return Table(x, tuple(levels))


def hide(x: np.ndarray, mechanism: Mechanism, share: float, seed: int) -> np.ndarray:
  """Returns which values are hidden, bool `[n, D]`.

  Args:
    x: float `[n, D]`, complete.
    mechanism: "MCAR" or "MAR".
    share: The expected share of hidden values, of the columns that are not kept.
    seed: The number of the mask.
  """
  rng = np.random.default_rng(seed)
  uniform = rng.random(x.shape)
  if mechanism == "MCAR":
    return uniform < share
  num_columns = x.shape[1]
  kept, others = np.split(rng.permutation(num_columns), [num_columns // 2])
  standardized = (x[:, kept] - x[:, kept].mean(axis=0)) / x[:, kept].std(axis=0)
  scores = standardized @ rng.normal(size=(len(kept), len(others)))
  scores *= _STRENGTH / scores.std(axis=0)
  probabilities = np.zeros(x.shape)
  for d, score in zip(others, scores.T, strict=True):
    offset = brentq(lambda b, score=score: expit(score + b).mean() - share, -50, 50)
    probabilities[:, d] = expit(score + offset)
  return uniform < probabilities


def _with_target(found) -> np.ndarray:
  return np.column_stack([found.data, found.target])


def _auto_mpg():
  x, mpg = autompg_data()
  return np.column_stack([x[:, :7], mpg]), (0, 6)  # cylinders, origin


def _boston():
  return np.column_stack(boston_housing_data()), (3,)  # by the river


def _digits():
  """A row of pixels, and the digit, for tests."""
  found = datasets.load_digits()
  return np.column_stack([found.data[:60, 18:22], found.target[:60]]), (4,)


# Name -> the values `[n, D]`, and the columns with levels. Wine, iris and diabetes have
# their target as a column.
TABLES: dict[str, Callable[[], tuple[np.ndarray, tuple[int, ...]]]] = {
  "breast cancer": lambda: (datasets.load_breast_cancer().data, ()),
  "auto mpg": _auto_mpg,
  "boston": _boston,
  "diabetes": lambda: (_with_target(datasets.load_diabetes()), (1,)),
  "iris": lambda: (_with_target(datasets.load_iris()), (4,)),
  "linnerud": lambda: (_with_target(datasets.load_linnerud()), ()),
  "wine": lambda: (_with_target(datasets.load_wine()), (13,)),
  "digits": _digits,
}
