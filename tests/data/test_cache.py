"""Decoded data on disk: read once, kept, and never wrong."""

import json
import os
import zlib

import numpy as np
import pytest

from aevb_tf.data import cache

X, Y = np.arange(12, dtype=np.uint8).reshape(3, 4), np.array([2, 0, 1], np.int32)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
  monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
  return tmp_path / "home"


class Reader:
  def __init__(self):
    self.calls = 0

  def __call__(self):
    self.calls += 1
    return X, Y


def check(found):
  for array, expected in zip(found, (X, Y), strict=True):
    np.testing.assert_array_equal(array, expected)
    assert array.dtype == expected.dtype


def test_the_second_time_nothing_is_decoded():
  reader = Reader()
  for _ in range(3):
    check(cache.arrays(["mnist", "train"], reader))
  assert reader.calls == 1


def test_a_check_that_passed_is_not_made_again():
  created = []

  def check():
    created.append(1)
    if len(created) == 1:
      raise ValueError("damaged")

  with pytest.raises(ValueError, match="damaged"):
    cache.once("key", check)
  for _ in range(3):
    cache.once("key", check)
  assert len(created) == 2
  cache.once("other", check)
  assert len(created) == 3


def test_what_depends_on_something_else_is_another_file(home):
  for key in ("train", "test", "train[:10]"):
    check(cache.arrays(["mnist", key], Reader()))
  assert len(list((home / "aevb_tf").iterdir())) == 3


@pytest.mark.parametrize(
  "damage", ["cut", "emptied", "foreign", "renamed parts", "compressed, then changed"]
)
def test_a_damaged_file_is_decoded_again_and_replaced(home, damage):
  cache.arrays("key", Reader())
  (path,) = (home / "aevb_tf").iterdir()
  if damage == "renamed parts":
    np.savez(path, other=X)
  elif damage == "compressed, then changed":
    np.savez_compressed(path, x=np.zeros((99, 99)), y=Y)
    content = bytearray(path.read_bytes())
    content[60:70] = b"\xff" * 10
    path.write_bytes(content)
    with pytest.raises(zlib.error), np.load(path) as file:
      file["x"]
  else:
    content = path.read_bytes()
    path.write_bytes(
      {"cut": content[:-40], "emptied": b"", "foreign": json.dumps([1]).encode()}[
        damage
      ]
    )
  reader = Reader()
  for _ in range(2):
    check(cache.arrays("key", reader))
  assert reader.calls == 1


def test_a_home_that_cannot_be_written_costs_only_time(home):
  home.write_text("a file where the folder would be")
  reader = Reader()
  for _ in range(2):
    check(cache.arrays("key", reader))
  assert reader.calls == 2


def test_an_interrupted_write_leaves_nothing(home, monkeypatch):
  def interrupted(path, **arrays):
    path.write_bytes(b"half")
    raise KeyboardInterrupt

  monkeypatch.setattr(np, "savez", interrupted)
  with pytest.raises(KeyboardInterrupt):
    cache.arrays("key", Reader())
  assert not list((home / "aevb_tf").iterdir())


def test_stamps_tell_a_replaced_file(tmp_path):
  path = tmp_path / "data"
  path.write_bytes(b"one")
  before = cache.stamps([path])
  assert cache.stamps([path]) == before
  path.write_bytes(b"two")
  os.utime(path, ns=(1, 1))
  assert cache.stamps([path]) != before
