"""Frey Face: read, checked, split, and prepared by TFDS."""

import hashlib

import numpy as np
import pytest
import scipy.io
import tensorflow_datasets as tfds

from aevb_tf import data
from aevb_tf.data import frey_face
from tests.data.offline import offline


def _write(path, columns, name="ff"):
  scipy.io.savemat(path, {name: columns})
  return path


@pytest.fixture
def fake(tmp_path, monkeypatch):
  """A folder with a file of the right kind, whose array counts as the right one."""
  columns = np.random.default_rng(0).integers(0, 256, (560, 1965), np.uint8)
  faces = np.ascontiguousarray(columns.T)
  monkeypatch.setattr(frey_face, "SHA256", hashlib.sha256(faces.tobytes()).hexdigest())
  folder = tmp_path / "manual"
  folder.mkdir()
  _write(folder / frey_face.FILE, columns)
  return folder, faces.reshape(-1, 28, 20, 1)


def test_a_folder_with_the_file(fake):
  folder, faces = fake
  train, test = (
    data.load("frey_face", split, data_dir=folder) for split in ("train", "test")
  )
  assert (train.num_examples, test.num_examples) == (1765, 200)
  together = np.concatenate([train.x, test.x])
  assert sorted(x.tobytes() for x in together) == sorted(x.tobytes() for x in faces)
  with pytest.raises(ValueError, match="no split 'valid'"):
    data.load("frey_face", "valid", data_dir=folder)


def test_prepared_by_tfds_is_the_same(fake, tmp_path):
  folder, _ = fake
  with offline():
    builder = tfds.builder("frey_face", data_dir=tmp_path / "prepared")
    builder.download_and_prepare(
      download_config=tfds.download.DownloadConfig(manual_dir=folder)
    )
  for split in ("train", "test"):
    direct = data.load("frey_face", split, data_dir=folder)
    prepared = data.load("frey_face", split, data_dir=tmp_path / "prepared")
    np.testing.assert_array_equal(prepared.x, direct.x)
    np.testing.assert_array_equal(prepared.y, direct.y)


def test_downloaded_where_there_is_no_manual_folder(fake, tmp_path, monkeypatch):
  folder, faces = fake
  requested = []

  def download(self, url):
    requested.append(url)
    return folder / frey_face.FILE

  monkeypatch.setattr(tfds.download.DownloadManager, "download", download)
  with offline():
    builder = tfds.builder("frey_face", data_dir=tmp_path / "prepared")
    builder.download_and_prepare()
  assert requested == [frey_face.URL]
  assert builder.info.splits["train"].num_examples == 1765


def test_absent(tmp_path):
  with pytest.raises(FileNotFoundError, match="frey_face is not prepared.*Or put frey"):
    data.load("frey_face", data_dir=tmp_path)


@pytest.mark.parametrize(
  ("columns", "name", "message"),
  [
    (np.zeros((560, 1965), np.uint8), "ff", "does not hold the expected data.*SHA-256"),
    (np.zeros((560, 1964), np.uint8), "ff", r"uint8 \[560, 1964\] as ff"),
    (np.zeros((560, 1965), np.float64), "ff", "float64"),
    (np.zeros((560, 1965), np.uint8), "gg", "nothing as ff"),
  ],
)
def test_refused_arrays(tmp_path, columns, name, message):
  path = _write(tmp_path / frey_face.FILE, columns, name)
  with pytest.raises(ValueError, match=message):
    frey_face.read(path)


def test_no_matlab_file(tmp_path):
  (tmp_path / frey_face.FILE).write_text("<html>moved</html>" * 40)
  with pytest.raises(
    ValueError, match="frey_rawface.mat cannot be read as a MATLAB.*Get frey"
  ):
    data.load("frey_face", data_dir=tmp_path)


def test_a_damaged_matlab_file_is_named(tmp_path):
  columns = np.random.default_rng(0).integers(0, 256, (560, 1965), np.uint8)
  path = tmp_path / frey_face.FILE
  scipy.io.savemat(path, {"ff": columns}, do_compression=True)
  content = path.read_bytes()
  cut = [content[:n] for n in (0, 4, 100, 130, 140, len(content) // 2)]
  changed = [bytearray(content) for _ in range(8)]
  for damaged, place in zip(
    changed, (124, 127, 129, 133, 137, 150, 5000, -3), strict=True
  ):
    damaged[place] ^= 0xFF
  for damaged in cut + changed:
    path.write_bytes(damaged)
    with pytest.raises(
      ValueError, match=f"^{path} (cannot be read|holds|does not hold)"
    ):
      frey_face.read(path)


def test_the_real_file(data_folder):
  faces = frey_face.read(data_folder / frey_face.FILE)
  assert faces.shape == (1965, 28, 20, 1) and faces.dtype == np.uint8
