"""Data sets of TFDS: a tiny one that is prepared here, and MNIST."""

import shutil

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from aevb_tf import data
from tests.data.offline import offline

SIZES = {"train": 60_000, "test": 10_000}
COLOURS = np.random.default_rng(0).integers(0, 256, (40, 6, 5, 3), np.uint8)


class AevbTiny(tfds.core.GeneratorBasedBuilder):
  """Forty colour images with labels, a mask and boxes of different number."""

  VERSION = tfds.core.Version("1.0.0")

  def _info(self):
    return tfds.core.DatasetInfo(
      builder=self,
      features=tfds.features.FeaturesDict(
        {
          "image": tfds.features.Image(shape=(6, 5, 3)),
          "mask": tfds.features.Image(shape=(None, None, 1)),
          "boxes": tfds.features.Sequence(tfds.features.Scalar(np.float32)),
          "label": tfds.features.ClassLabel(num_classes=40),
        }
      ),
      disable_shuffling=True,
    )

  def _split_generators(self, dl_manager):
    return {"train": self._examples(range(30)), "test": self._examples(range(30, 40))}

  def _examples(self, rows):
    for i in rows:
      mask = np.zeros((i + 1, 2, 1), np.uint8)
      boxes = np.zeros(i, np.float32)
      yield i, {"image": COLOURS[i], "mask": mask, "boxes": boxes, "label": i}

  _generate_examples = _examples


class AevbMixed(AevbTiny):
  """Images of different size."""

  def _info(self):
    features = {"picture": tfds.features.Image(), "label": np.int64}
    return tfds.core.DatasetInfo(
      builder=self, features=tfds.features.FeaturesDict(features)
    )

  def _examples(self, rows):
    for i in rows:
      yield i, {"picture": np.zeros((i + 1, 2, 3), np.uint8), "label": i}

  _generate_examples = _examples


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
  folder = tmp_path_factory.mktemp("tfds")
  with offline():
    for builder in (AevbTiny, AevbMixed):
      builder(data_dir=folder).download_and_prepare()
  return folder


@pytest.mark.parametrize(("split", "rows"), [("train", (0, 30)), ("test", (30, 40))])
def test_arrays(prepared, split, rows):
  found = data.load("tfds:aevb_tiny", split, data_dir=prepared)
  np.testing.assert_array_equal(found.x, COLOURS[slice(*rows)])
  np.testing.assert_array_equal(found.y, np.arange(*rows))
  assert found.shuffle == (split == "train")


def test_slices_and_versions(prepared):
  found = data.load("tfds:aevb_tiny:1.0.0", "train[3:8]", data_dir=prepared)
  np.testing.assert_array_equal(found.y, np.arange(3, 8))


@pytest.mark.parametrize("binarization", ["none", "fixed", "stochastic"])
def test_streamed_equals_in_memory(prepared, binarization):
  options = {"batch_size": 7, "binarization": binarization, "seed": 2}
  options |= {"data_dir": prepared, "shuffle": False}
  memory = data.load("tfds:aevb_tiny", **options)
  stream = data.load("tfds:aevb_tiny", in_memory=False, **options)
  assert stream.cardinality() == len(memory) == 5
  for _ in range(2):
    for (x, y), (streamed_x, streamed_y) in zip(memory, stream, strict=True):
      np.testing.assert_array_equal(x, streamed_x)
      np.testing.assert_array_equal(y, streamed_y)


def _pass(stream):
  """Examples by label, and the labels' order."""
  x, y = (np.concatenate(part) for part in zip(*stream, strict=True))
  return x[np.argsort(y)], y


def test_a_shuffled_stream(prepared):
  options = {"batch_size": 7, "seed": 2, "data_dir": prepared}
  options |= {"binarization": "stochastic"}
  memory = data.load("tfds:aevb_tiny", **options)
  stream, again, other = (
    data.load("tfds:aevb_tiny", in_memory=False, **options | {"seed": seed})
    for seed in (2, 2, 3)
  )
  tf.random.set_seed(5)  # has no say
  (x0, y0), (x1, y1) = _pass(stream), _pass(stream)
  np.testing.assert_array_equal(np.sort(y0), np.arange(30))
  assert (y0 != y1).any() and (y0 != np.arange(30)).any()
  # The bits of an example depend on seed, epoch and index, not on the order.
  np.testing.assert_array_equal(x0, _pass(memory)[0])
  np.testing.assert_array_equal(x1, _pass(memory)[0])
  tf.random.set_seed(6)
  again.epoch.assign(1)
  np.testing.assert_array_equal(_pass(again)[1], y1)
  assert (_pass(other)[1] != y0).any()


def test_refused(prepared, tmp_path):
  with pytest.raises(ValueError, match="no split 'tests'. Did you mean test"):
    data.load("tfds:aevb_tiny", "tests", data_dir=prepared)
  with pytest.raises(ValueError, match="aevb_mixed differ in shape"):
    data.load("tfds:aevb_mixed", data_dir=prepared)
  with pytest.raises(FileNotFoundError, match=f"mnist is not prepared in {tmp_path}"):
    data.load("mnist", data_dir=tmp_path)
  with pytest.raises(FileNotFoundError, match="not prepared in .*/absent"):
    data.load("mnist", data_dir=tmp_path / "absent")
  with (
    offline(),
    pytest.raises(ValueError, match="no data set 'mnits'. Did you mean .*mnist"),
  ):
    data.load("tfds:mnits")


@pytest.mark.parametrize("in_memory", [True, False])
@pytest.mark.parametrize(
  ("name", "damage"),
  [
    ("*train.tfrecord*", lambda content: content[: len(content) // 2]),
    ("*train.tfrecord*", lambda content: b""),
    ("*train.tfrecord*", lambda content: content[:999] + b"?" + content[1000:]),
    ("dataset_info.json", lambda content: content[: len(content) // 2]),
    ("dataset_info.json", lambda content: b"\xff" + content),
  ],
)
def test_damaged_files_are_named(prepared, tmp_path, in_memory, name, damage):
  shutil.copytree(prepared / "aevb_tiny", tmp_path / "aevb_tiny")
  (file,) = (tmp_path / "aevb_tiny").rglob(name)
  file.write_bytes(damage(file.read_bytes()))
  named = file if "tfrecord" in name else tmp_path / "aevb_tiny"
  message = f"^{named} cannot be read as .* Remove the data set"
  with pytest.raises(ValueError, match=message) as refused:
    data.load("tfds:aevb_tiny", data_dir=tmp_path, in_memory=in_memory)
  assert "\n" not in str(refused.value)


def test_files_of_another_format_are_refused(prepared, monkeypatch):
  other = tfds.core.FileFormat.RIEGELI
  monkeypatch.setattr(tfds.core.DatasetInfo, "file_format", other)
  with pytest.raises(ValueError, match="as riegeli.*file_format='tfrecord'"):
    data.load("tfds:aevb_tiny", data_dir=prepared)


def test_mnist(data_folder):
  found = {s: data.load("mnist", s, data_dir=data_folder / "tfds") for s in SIZES}
  for split, size in SIZES.items():
    assert found[split].num_examples == size
    assert found[split].event_shape == (28, 28, 1)
  counts = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
  np.testing.assert_array_equal(np.bincount(found["test"].y), counts)


def test_mnist_that_is_read_prints_nothing(data_folder, capfd):
  data.load("mnist", "test[:10]", data_dir=data_folder / "tfds")
  assert capfd.readouterr() == ("", "")
