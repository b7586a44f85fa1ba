"""Permutations and splits that never change."""

import numpy as np
import pytest

from aevb_tf.data import orders


def test_permutation_is_a_function_of_seed_and_epoch():
  first = orders.permutation(1000, 3, 4)
  assert first.dtype == np.int32
  np.testing.assert_array_equal(np.sort(first), np.arange(1000))
  np.testing.assert_array_equal(first, orders.permutation(1000, 3, 4))
  assert (first != orders.permutation(1000, 3, 5)).any()
  assert (first != orders.permutation(1000, 4, 4)).any()


def test_permutation_is_the_same_for_ever():
  # Written down when it was first made: resumed runs and splits stand on it.
  np.testing.assert_array_equal(orders.permutation(8, 0, 0), [0, 2, 1, 5, 4, 3, 6, 7])


@pytest.mark.parametrize("seed", [-1, 2**63, 2**70])
def test_any_int_is_a_seed(seed):
  np.testing.assert_array_equal(np.sort(orders.permutation(5, seed, 0)), range(5))


def test_held_out():
  split = orders.held_out(50, 7)
  assert len(split["test"]) == 7
  np.testing.assert_array_equal(
    np.sort(np.concatenate([split["train"], split["test"]])), np.arange(50)
  )


def test_held_out_by_class_is_balanced():
  labels = np.repeat([0, 1, 2], [10, 20, 30])
  split = orders.held_out_by_class(labels, 4)
  np.testing.assert_array_equal(np.bincount(labels[split["test"]]), [4, 4, 4])
  assert not set(split["train"]) & set(split["test"])
  assert len(split["train"]) == 48
  assert (np.diff(labels[split["test"]]) < 0).any()  # not sorted by class
