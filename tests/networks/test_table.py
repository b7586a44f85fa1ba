"""The features of rows, written out."""

import keras
import numpy as np
import pytest

from aevb_tf.networks import RowFeatures, TableEncoder

COLUMNS = [
  {"kind": "categorical", "levels": 3},
  {"kind": "real"},
  {"kind": "count", "mean": 9.0},
  {"kind": "binary"},
  {"kind": "positive"},
  {"kind": "ordinal", "levels": 5},
  {"kind": "categorical", "levels": 2},
  {"kind": "real"},
]
X = np.array([[2, -1.5, 0, 1, 2.5, 3, 0, 4], [0, 0.5, 99, 0, 1, 0, 1, -4]], np.float32)
# real, real, positive, count, binary, ordinal, 3 and 2 of categories
FEATURES = np.array(
  [
    [-1.5, 4, np.log(2.5), np.log(0.1), 1, 0.5, 0, 0, 1, 1, 0],
    [0.5, -4, 0, np.log(10), -1, -1, 1, 0, 0, 0, 1],
  ]
)


def test_features_of_complete_rows():
  np.testing.assert_allclose(RowFeatures(COLUMNS)(X), FEATURES, rtol=1e-6)


def test_features_of_missing_values_are_zero():
  mask = np.array([[0, 1, 1, 1, 0, 1, 1, 0], [1, 1, 0, 1, 1, 1, 0, 1]], np.float32)
  of_column = [1, 7, 4, 2, 3, 5, 0, 0, 0, 6, 6]
  features = RowFeatures(COLUMNS)(np.concatenate([X, mask], axis=1))
  expected = np.concatenate([FEATURES * mask[:, of_column], mask], axis=1)
  np.testing.assert_allclose(features, expected, rtol=1e-6)


def test_symbolic_shapes():
  layer = RowFeatures(COLUMNS)
  assert layer(keras.Input((8,))).shape == (None, 11)
  assert layer(keras.Input((16,))).shape == (None, 19)


def test_half_precision_keeps_counts_and_codes(monkeypatch):
  columns = [{"kind": "count", "mean": 1.0}, {"kind": "categorical", "levels": 2000}]
  call, seen = RowFeatures.call, []
  monkeypatch.setattr(
    RowFeatures, "call", lambda layer, x: seen.append(call(layer, x)) or seen[-1]
  )
  encoder = TableEncoder(columns, 2, dtype="mixed_bfloat16")
  assert encoder(np.array([[70001, 1999]], np.float32)).dtype == "bfloat16"
  features = seen[-1].numpy()
  np.testing.assert_allclose(features[0, 0], np.log(70002 / 2), rtol=1e-6)
  assert features[0, 1:].argmax() == 1999 and features[0, 1:].sum() == 1


def test_refused():
  with pytest.raises(ValueError, match=r"columns\[1\]: unknown kind 'reel'"):
    RowFeatures([{"kind": "real"}, {"kind": "reel"}])
  with pytest.raises(ValueError, match="A row has 8 numbers, or 16 .* these have 9"):
    RowFeatures(COLUMNS)(np.zeros((1, 9), np.float32))
