"""Anomaly detection in ten tables, by a VAE and by the methods of the field.

Detectors learn from half of the normal rows of a table (`experiments.outlier_tables`).
The test rows are the other half and all outliers. A row of the result has the AUROC of
one detector (`experiments.detectors`) with one split.
"""

import pathlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tqdm
from matplotlib.figure import Figure as Picture

from experiments import detectors, files, outlier_tables
from experiments.detection import auroc
from experiments.figure import Figure
from experiments.plots.intervals import intervals

_SEEDS = (0, 1, 2)


class Outliers(NamedTuple):
  """A row of the table: one detector on one split."""

  table: str
  seed: int
  method: str
  auroc: float


def figure(scale: str, data_dir: str) -> Figure:
  """The experiment at one of `experiments.SCALES`; the tables need no `data_dir`."""
  del data_dir
  if scale == "smoke":
    names, seeds, options, peers = ("wine",), (0,), {"updates": 20}, ()
  else:
    names, seeds, options = tuple(outlier_tables.TABLES), _SEEDS, {}
    peers = tuple(detectors.PEERS)
  return Figure(
    [],
    lambda rows, _: draw(rows),
    lambda sweep: _tabulate(sweep.workdir, names, seeds, options, peers),
  )


def _tabulate(
  workdir: pathlib.Path,
  names: Sequence[str],
  seeds: Sequence[int],
  options: dict[str, int],
  peers: Sequence[str],
) -> list[Outliers]:
  """Runs every detector on every split; results in the folder are not repeated."""
  folder = workdir / "anomaly_tables"
  folder.mkdir(parents=True, exist_ok=True)
  rows = []
  cells = [(name, seed) for seed in seeds for name in names]
  for name, seed in tqdm.tqdm(cells, unit="split", disable=None):
    part = outlier_tables.split(outlier_tables.load(name), seed)

    def ours(part=part, seed=seed):
      found = detectors.vae_scores(part.train, part.test, seed, **options)
      return {score: auroc(values, part.is_outlier) for score, values in found.items()}

    def peer(method, part=part, seed=seed):
      values = detectors.PEERS[method](part.train, part.test, seed)
      return auroc(values, part.is_outlier)

    path = folder / f"{name.replace(' ', '_')}.json"
    found = dict(files.remember(path, f"VAE, seed {seed}, {options}", ours))
    for method in peers:
      key = f"{method}, seed {seed}"
      found[method] = files.remember(path, key, lambda method=method: peer(method))
    rows += [Outliers(name, seed, method, value) for method, value in found.items()]
  return rows


def means(rows: Sequence[Outliers]) -> dict[str, dict[str, tuple[float, float]]]:
  """The mean AUROC over splits and its standard error, by table and method."""
  values: dict[str, dict[str, list[float]]] = {}
  for row in rows:
    values.setdefault(row.table, {}).setdefault(row.method, []).append(row.auroc)
  return {
    table: {method: _mean(found) for method, found in by_method.items()}
    for table, by_method in values.items()
  }


def _mean(values):
  error = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
  return float(np.mean(values)), float(error)


def draw(rows: Sequence[Outliers]) -> Picture:
  """The AUROC of each method on each table."""
  groups = {
    table: {
      method.replace("_", " "): (*value, method == detectors.DEFAULT)
      for method, value in by_method.items()
    }
    for table, by_method in means(rows).items()
  }
  return intervals(groups, title="Anomaly detection in tables", xlabel="AUROC")
