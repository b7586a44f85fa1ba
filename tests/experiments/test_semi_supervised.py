"""The experiment with few labels: which labels are kept, and what the table says."""

import csv
import math

import numpy as np
import pytest

from experiments import figure, semi_supervised
from experiments.results import tables
from experiments.semi_supervised import M1_M2, M2, Result


def test_labels_are_of_all_classes_and_depend_on_the_seed():
  y = np.random.default_rng(0).integers(0, 10, 3000)
  kept = semi_supervised.with_labels(y, 100, seed=1)
  rows = np.flatnonzero(kept >= 0)
  np.testing.assert_array_equal(np.bincount(kept[rows]), np.full(10, 10))
  np.testing.assert_array_equal(kept[rows], y[rows])
  np.testing.assert_array_equal(kept, semi_supervised.with_labels(y, 100, seed=1))
  assert np.any(kept != semi_supervised.with_labels(y, 100, seed=2))


def test_the_command_leaves_a_table_and_a_picture(tmp_path):
  make = semi_supervised.figure("smoke", "")
  table, picture = figure.make("semi_supervised", make, tmp_path)
  rows = list(csv.DictReader(table.read_text().splitlines()))
  assert [row["method"] for row in rows] == ["labels alone", "M1+M2", "M2"]
  assert all(0 <= float(row["error"]) <= 100 for row in rows)
  assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_table_has_means_over_seeds_beside_the_published_values():
  rows = [
    Result(method, "mnist", 100, seed, 3, error, 30.0)
    for method, errors in {M2: (12.0, 14.0), M1_M2: (4.0, 4.5)}.items()
    for seed, error in enumerate(errors)
  ]
  mean, deviation = semi_supervised.summary(rows, M2, 100)
  assert (mean, deviation) == (13.0, pytest.approx(math.sqrt(2)))
  text = tables.few_labels(rows)
  assert "| 100 | M2 | 3 | 2 | 13.00 ± 1.41 | 11.97 ± 1.71 |" in text
  assert "| 100 | M1+M2 | 3 | 2 | 4.25 ± 0.35 | 3.33 ± 0.14 |" in text
  with pytest.raises(ValueError, match="no M2 with 1000 labels"):
    semi_supervised.summary(rows, M2, 1000)
