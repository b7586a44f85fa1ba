"""Imputation of seven tables, by a VAE and by the methods of the field.

Values are hidden from complete tables (`experiments.incomplete`), five masks for each
setting. Each method fills them in (`experiments.imputers`), and the hidden values show

    rmse        of the real columns, in standard deviations of the column
    error_rate  of the columns of levels
    coverage    the share of the real values in 90% intervals: those from the 5% to the
                95% quantile of draws, for methods that draw
"""

import pathlib
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import tqdm
from matplotlib.figure import Figure as Picture

from experiments import files, imputers, incomplete
from experiments.figure import Figure
from experiments.imputers import Filled
from experiments.incomplete import Mechanism, Table
from experiments.plots.intervals import intervals

_QUANTILES = (0.05, 0.95)
# The setting of the picture, which all tables have.
SHOWN = ("MCAR", 0.5)
# Masks 0 and 1 of a table were looked at while the settings of the VAE were chosen.
_MASKS = range(2, 7)


class Setting(NamedTuple):
  """Which values are hidden in which table."""

  table: str
  mechanism: Mechanism
  share: float


class Imputation(NamedTuple):
  """A row of the table; NaN if there are no such columns, or no draws."""

  table: str
  mechanism: str
  share: float
  mask: int
  method: str
  rmse: float
  error_rate: float
  coverage: float
  seconds: float


_SIX = ("iris", "linnerud", "wine", "auto mpg", "diabetes", "boston")
_SETTINGS = (
  Setting("breast cancer", "MCAR", 0.5),
  *(
    Setting(table, mechanism, share)
    for share in (0.5, 0.2)
    for mechanism in ("MCAR", "MAR")
    for table in _SIX
  ),
)


def figure(scale: str, data_dir: str) -> Figure:
  """The experiment at one of `experiments.SCALES`; the tables need no `data_dir`."""
  del data_dir
  smoke = (Setting("digits", *SHOWN),), (0,)
  settings, masks = smoke if scale == "smoke" else (_SETTINGS, _MASKS)
  return Figure(
    [],
    lambda rows, _: _draw(rows),
    lambda sweep: _tabulate(sweep.workdir, settings, masks),
  )


def measure(filled: Filled, table: Table, is_hidden: np.ndarray) -> dict[str, float]:
  """What the hidden values show; NaN where there is nothing to measure.

  Args:
    filled: What a method returned.
    table: The complete table, `[n, D]`.
    is_hidden: bool `[n, D]`.

  Returns:
    `rmse`, `error_rate` and `coverage`.
  """
  nan = float("nan")
  real, coded = is_hidden & table.is_real, is_hidden & ~table.is_real
  found = {"rmse": nan, "error_rate": nan, "coverage": nan}
  if real.any():
    found["rmse"] = float(np.sqrt(np.mean((filled.x - table.x)[real] ** 2)))
    if filled.draws is not None:
      # Of m draws and the truth, all exchangeable, quantiles by this rule hold 90%.
      low, high = np.quantile(
        filled.draws[:, real], _QUANTILES, axis=0, method="weibull"
      )
      truth = table.x[real]
      found["coverage"] = float(np.mean((low <= truth) & (truth <= high)))
  if coded.any():
    found["error_rate"] = float(np.mean((filled.x != table.x)[coded]))
  return found


def over_masks(rows: Sequence[Imputation], quantity: str) -> dict[tuple, tuple]:
  """Means over masks, and their standard errors, by (setting, method).

  Args:
    rows: Rows of the table.
    quantity: One of its columns of results.

  Returns:
    Without the entries that have no such quantity.
  """
  values: dict[tuple, list[float]] = {}
  for row in rows:
    key = (Setting(row.table, row.mechanism, row.share), row.method)
    values.setdefault(key, []).append(getattr(row, quantity))
  return {
    key: mean_and_error(found)
    for key, found in values.items()
    if not np.isnan(found).any()
  }


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
  """The mean of values, and its standard error; 0 of a single value."""
  error = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
  return float(np.mean(values)), float(error)


def _tabulate(
  workdir: pathlib.Path, settings: Sequence[Setting], masks: Sequence[int]
) -> list[Imputation]:
  """Runs every method on every mask; results in the folder are not repeated."""
  tables = {s.table: incomplete.load(s.table) for s in settings}
  fills: dict[tuple, Callable] = {}

  def run(setting, mask, method):
    table = tables[setting.table]
    if (method, setting.table) not in fills:
      fills[method, setting.table] = imputers.METHODS[method](table)
    is_hidden = incomplete.hide(table.x, setting.mechanism, setting.share, mask)
    start = time.perf_counter()
    filled = fills[method, setting.table](np.where(is_hidden, np.nan, table.x), mask)
    seconds = time.perf_counter() - start
    return {**measure(filled, table, is_hidden), "seconds": seconds}

  folder = workdir / "imputation"
  folder.mkdir(parents=True, exist_ok=True)
  rows = []
  cells = [(s, mask, m) for s in settings for mask in masks for m in imputers.METHODS]
  for setting, mask, method in tqdm.tqdm(cells, unit="imputation", disable=None):
    results = folder / f"{setting.table.replace(' ', '_')}.json"
    found = files.remember(
      results,
      f"{method}, {setting.mechanism}, {setting.share}, {mask}",
      lambda cell=(setting, mask, method): run(*cell),
    )
    rows.append(Imputation(*setting, mask, method, **found))
  return rows


def _draw(rows: Sequence[Imputation]) -> Picture:
  groups: dict[str, dict] = {}
  for (setting, method), values in over_masks(rows, "rmse").items():
    if setting[1:] == SHOWN:
      is_ours = method == imputers.OURS
      groups.setdefault(setting.table, {})[method] = (*values, is_ours)
  return intervals(
    groups,
    title="Imputation, half of the values missing",
    xlabel="RMSE, in standard deviations",
  )
