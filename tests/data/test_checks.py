"""What arrays may hold, and what is said of those that may not."""

import numpy as np
import pandas as pd
import pytest

from aevb_tf.data import checks


@pytest.mark.parametrize(
  ("x", "message"),
  [
    (np.zeros(3, np.float32), r"data has shape \[3\]"),
    (np.zeros((0, 4), np.float32), r"data has shape \[0, 4\]"),
    (np.float32([[0, 1], [np.nan, 2]]), r"data\[1, 0\] is nan"),
    (np.float32([[0, 1], [2, np.inf]]), r"data\[1, 1\] is inf"),
    (np.float64([[0, 1e300]]), r"data\[0, 1\] is 1e\+300"),
    (np.int64([[0, 3], [-(2**24) - 1, 2]]), r"data\[1, 0\] is -16777217.*float32"),
    (np.uint64([[0, 2**64 - 1]]), r"data\[0, 1\] is 18446744073709551615"),
    (np.uint8([[0, 1]]), r"only 0 and 1.*astype\(bool\)"),
  ],
)
def test_refused_values(x, message):
  with pytest.raises(ValueError, match=message):
    checks.check(x, "data")


@pytest.mark.parametrize("x", [np.array([["a"]]), np.ones((1, 2), complex)])
def test_refused_dtypes(x):
  with pytest.raises(TypeError, match=f"data has dtype {x.dtype}"):
    checks.check(x, "data")


@pytest.mark.parametrize(
  ("x", "expected"),
  [
    (np.uint8([[0, 200]]), np.uint8([[0, 200]])),
    (
      np.int64([[0, 255], [-(2**24), 2**24]]),
      np.float32([[0, 255], [-(2**24), 2**24]]),
    ),
    (np.uint16([[0, 2, 65535]]), np.float32([[0, 2, 65535]])),
    (np.int8([[0, 1]]), np.float32([[0, 1]])),
    (np.array([[False, True]]), np.uint8([[0, 255]])),
    (np.float64([[-2, 7.5]]), np.float32([[-2, 7.5]])),
    (np.float16([[0.5, 1]]), np.float32([[0.5, 1]])),
  ],
)
def test_stored(x, expected):
  checks.check(x, "data")
  stored = checks.stored(x)
  assert stored.dtype == expected.dtype == checks.stored_dtype(x.dtype)
  np.testing.assert_array_equal(stored, expected)


def test_indices_count_over_chunks(monkeypatch):
  monkeypatch.setattr(checks, "_CHUNK_BYTES", 16)
  x = np.zeros((9, 2), np.float32)
  x[7, 1] = np.nan
  with pytest.raises(ValueError, match=r"data\[7, 1\] is nan"):
    checks.check(x, "data")


@pytest.mark.parametrize("value", [-0.1, 1.5])
def test_unit_interval(value):
  with pytest.raises(ValueError, match=rf"data\[1, 0\] is {value}.*binarized"):
    checks.check_unit_interval(np.float32([[0, 1], [value, 0]]), "data")
  checks.check_unit_interval(np.float32([[0, 1]]), "data")


def test_counts_are_binarized_if_they_are_0_and_1():
  checks.check_unit_interval(np.int64([[0, 1]]), "data")
  with pytest.raises(ValueError, match=r"data\[0, 1\] is 2.*binarized"):
    checks.check_unit_interval(np.int64([[0, 2]]), "data")


@pytest.mark.parametrize(
  ("y", "expected"),
  [
    (np.uint8([3, 1]), [3, 1]),
    (np.array([True, False]), [1, 0]),
    (np.array([3.0, np.nan, -1.0]), [3, -1, -1]),
    (np.array(["cat", "ant", "cat"]), [1, 0, 1]),
    (np.array([b"cat", b"ant"]), [1, 0]),
    (np.array([None, None]), [-1, -1]),
    (np.array(["cat", None, "ant"]), [1, -1, 0]),
    (np.array([7, None], object), [7, -1]),
    (np.array(["cat", np.nan, "ant", -1], object), [1, -1, 0, -1]),
    (pd.Series(["cat", None, "ant"], dtype="string"), [1, -1, 0]),
    (pd.Series(["cat", None, "ant"], dtype="category"), [1, -1, 0]),
    (pd.Series([7, None], dtype="Int64"), [7, -1]),
    (np.ma.array([3, 4], mask=[False, True]), [3, -1]),
    (np.ma.array(["cat", "ant"], mask=[False, True]), [0, -1]),
  ],
)
def test_what_labels_become(y, expected):
  labels = checks.check_labels(y, len(y), "y")
  assert labels.dtype == np.int32
  np.testing.assert_array_equal(labels, expected)


def test_classes_are_numbered_in_their_order():
  classes = ["hen", "cat", "ant"]
  for y in (["cat", "hen"], [b"cat", b"hen"]):
    labels = checks.check_labels(np.array(y), 2, "y", classes)
    np.testing.assert_array_equal(labels, [1, 0])
  labels = checks.check_labels(np.array(["ant", None], object), 2, "y", classes)
  np.testing.assert_array_equal(labels, [2, -1])
  with pytest.raises(ValueError, match=r"y has the class 'dog', .* one of \['hen'"):
    checks.check_labels(np.array(["dog", "cat"]), 2, "y", classes)


def test_names_of_classes_leave_out_what_is_missing():
  for y in (
    np.array(["cat", np.nan, "ant"], object),
    pd.Series(["cat", None, "ant"], dtype="string"),
    np.ma.array(["cat", "dog", "ant"], mask=[False, True, False]),
  ):
    assert checks.class_names(y) == ("ant", "cat")


@pytest.mark.parametrize("value", [0.5, np.inf])
def test_targets_are_not_labels(value):
  with pytest.warns(UserWarning, match=rf"y\[1\] is {value}, which is not a label"):
    labels = checks.check_labels(np.array([1.0, value]), 2, "y")
  np.testing.assert_array_equal(labels, [-1, -1])


def test_labels():
  np.testing.assert_array_equal(checks.check_labels(None, 2, "y"), [-1, -1])
  assert checks.check_labels(np.int64([3, 1]), 2, "y").dtype == np.int32
  with pytest.raises(ValueError, match=r"y has shape \[3\].*2 examples"):
    checks.check_labels(np.zeros(3, int), 2, "y")
  with pytest.raises(TypeError, match="y has dtype complex128"):
    checks.check_labels(np.zeros(2, complex), 2, "y")
  with pytest.raises(TypeError, match="y holds objects"):
    checks.check_labels(np.array([{}, None]), 2, "y")
  with pytest.raises(ValueError, match="do not fit"):
    checks.check_labels(np.array([2**40, 0]), 2, "y")


def test_sha256_ignores_memory_layout():
  x = np.arange(6, dtype=np.uint8).reshape(2, 3)
  digest = "17e88db187afd62c16e5debf3e6527cd006bc012bc90b51a810cd80c2d511f43"
  checks.check_sha256(np.asfortranarray(x), digest, "file", "Get it.")
  with pytest.raises(ValueError, match="file does not hold the expected data.*Get it"):
    checks.check_sha256(x.T, digest, "file", "Get it.")
