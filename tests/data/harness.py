"""What every source of data satisfies: `check_member`, or one check at a time."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
import tensorflow as tf

from aevb_tf import data
from aevb_tf.data import streams


class Case(NamedTuple):
  """A source, and where it is tried."""

  make: Callable  # -> a new source, or what names it
  splits: tuple[str, ...] = ("train", "test")
  data_dir: str | None = None

  def open(self, split):
    return data.get(self.make(), self.data_dir).open(split, self.data_dir)

  def load(self, split, **options):
    return data.load(self.make(), split, data_dir=self.data_dir, **options)


def check_member(case):
  """All checks of one source."""
  for check in CHECKS:
    check(case)


def splits_are_what_they_say(case):
  for name in case.splits:
    split = case.open(name)
    x, y = split.arrays()
    assert len(x) == split.num_examples > 0
    stored = np.asarray(x)
    stored = stored if stored.dtype in (np.uint8, bool) else stored.astype(np.float32)
    assert stored.nbytes == split.nbytes
    assert y is None or len(y) == len(x)


def opening_again_gives_the_same(case):
  for name in case.splits:
    (x, y), (again, labels) = (case.open(name).arrays() for _ in range(2))
    np.testing.assert_array_equal(x, again)
    np.testing.assert_array_equal(y, labels)


def streams_hold_what_memory_holds(case):
  for name in case.splits:
    for binarization in ("none", "stochastic"):
      options = {"batch_size": 3, "seed": 5, "binarization": binarization}
      stored = case.open(name).arrays()[0]
      if binarization != "none" and np.asarray(stored).dtype != np.uint8:
        continue  # numbers are not probabilities
      memory = case.load(name, **options)
      stream = case.load(name, in_memory=False, **options)
      assert isinstance(stream, tf.data.Dataset)
      for (x, y), (streamed, labels) in zip(memory, stream, strict=True):
        assert x.dtype == streamed.dtype == tf.float32
        assert y.dtype == labels.dtype == tf.int32
        np.testing.assert_array_equal(x, streamed)
        np.testing.assert_array_equal(y, labels)


def an_unknown_split_is_named(case):
  with pytest.raises(ValueError, match="no split 'trian'"):
    case.open("trian")


def a_stream_shuffles_by_its_seed_and_epoch(case):
  def epoch(seed, number):
    options = streams.Options(4, True, seed, "none", False)
    stream = case.open(case.splits[0]).stream(options)
    stream.epoch.assign(number)
    return np.concatenate([x for x, _ in stream])

  first = epoch(0, 0)
  np.testing.assert_array_equal(first, epoch(0, 0))
  if len(first) >= 20:  # else two orders can be equal by chance
    assert not np.array_equal(first, epoch(1, 0))
    assert not np.array_equal(first, epoch(0, 1))


CHECKS = (
  splits_are_what_they_say,
  opening_again_gives_the_same,
  streams_hold_what_memory_holds,
  an_unknown_split_is_named,
  a_stream_shuffles_by_its_seed_and_epoch,
)
