"""Folders of images."""

import numpy as np
import PIL.Image
import pytest

from aevb_tf import data
from aevb_tf.data import image_folders


def _write(file, image):
  file.parent.mkdir(parents=True, exist_ok=True)
  PIL.Image.fromarray(image).save(file)
  return image


def _random(seed, shape=(5, 4)):
  return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


@pytest.fixture
def classes(tmp_path):
  """train: 3 of b, 2 of a; test: 2 of b."""
  for number, name in enumerate(["b/0", "b/1", "b/2", "a/0", "a/1"]):
    _write(tmp_path / "train" / f"{name}.png", _random(number))
  for number in range(2):
    _write(tmp_path / "test" / "b" / f"{number}.PNG", _random(9 + number))
  return tmp_path


def test_splits_and_classes(classes):
  train, test = (data.load(classes, split) for split in ("train", "test"))
  np.testing.assert_array_equal(train.y, [0, 0, 1, 1, 1])
  np.testing.assert_array_equal(test.y, [1, 1])  # b is 1 there too, without an a
  expected = np.stack([_random(i) for i in (3, 4, 0, 1, 2)])[..., np.newaxis]
  np.testing.assert_array_equal(train.x, expected)
  with pytest.raises(ValueError, match="no split 'tests'.*Did you mean test"):
    data.load(classes, "tests")


def test_no_classes_nine_to_one(tmp_path):
  images = [_write(tmp_path / f"{i}.png", _random(i, (3, 2, 3))) for i in range(10)]
  train, test = (data.load(str(tmp_path), split) for split in ("train", "test"))
  assert train.x.shape == (9, 3, 2, 3) and test.x.shape == (1, 3, 2, 3)
  together = np.concatenate([train.x, test.x])
  assert sorted(x.tobytes() for x in together) == sorted(x.tobytes() for x in images)
  np.testing.assert_array_equal(train.y, np.full(9, -1))


def test_jpeg(tmp_path):
  for i in range(2):
    PIL.Image.new("RGB", (8, 8), (200, 100, 50)).save(tmp_path / f"{i}.jpg", quality=95)
  x = data.load(tmp_path).x
  assert x.shape == (1, 8, 8, 3)
  assert np.abs(x[0].astype(int) - [200, 100, 50]).max() <= 2  # JPEG's own rounding


@pytest.mark.parametrize("mode", ["1", "P"])
def test_bilevel_and_palette(tmp_path, mode):
  for i in range(2):
    PIL.Image.fromarray(_random(i)).convert(mode).save(tmp_path / f"{i}.png")
  stored = [
    np.asarray(
      PIL.Image.open(tmp_path / f"{i}.png").convert("L" if mode == "1" else "RGB")
    )
    for i in range(2)
  ]
  x = data.load(tmp_path).x[0]
  assert any(np.array_equal(x.squeeze(), image) for image in stored)


@pytest.mark.parametrize("binarization", ["none", "fixed", "stochastic"])
def test_streamed_equals_in_memory(classes, binarization):
  options = {"batch_size": 2, "binarization": binarization, "seed": 4}
  memory = data.load(classes, **options)
  stream = data.load(classes, in_memory=False, **options)
  for _ in range(2):
    for (x, y), (streamed_x, streamed_y) in zip(memory, stream, strict=True):
      np.testing.assert_array_equal(x, streamed_x)
      np.testing.assert_array_equal(y, streamed_y)


def test_chunks_do_not_matter(classes, monkeypatch):
  whole = data.load(classes).x
  monkeypatch.setattr(image_folders, "_CHUNK_BYTES", 40)
  np.testing.assert_array_equal(data.load(classes).x, whole)


def test_empty(tmp_path):
  with pytest.raises(FileNotFoundError, match=f"no images in {tmp_path}"):
    data.load(tmp_path)
  _write(tmp_path / "a" / "0.png", _random(0))
  (tmp_path / "b").mkdir()
  with pytest.raises(FileNotFoundError, match=f"no images in {tmp_path}/b"):
    data.load(tmp_path)


@pytest.mark.parametrize("other", [(5, 5), (5, 4, 3)])
def test_mixed_shapes(tmp_path, other):
  for i in range(4):
    _write(tmp_path / f"{i}.png", _random(i, other if i == 2 else (5, 4)))
  with pytest.raises(ValueError, match=r"\.png has \[5, .*\.png has \[5, "):
    data.load(tmp_path)


def test_mixed_places(tmp_path):
  _write(tmp_path / "0.png", _random(0))
  _write(tmp_path / "a" / "1.png", _random(1))
  with pytest.raises(ValueError, match="and so do folders in it"):
    data.load(tmp_path)


@pytest.mark.parametrize("mode", ["RGBA", "I;16"])
def test_kinds_that_would_lose_something(tmp_path, mode):
  for i in range(2):
    PIL.Image.new(mode, (4, 4)).save(tmp_path / f"{i}.png")
  with pytest.raises(ValueError, match=rf"\d.png has pixels of mode '{mode}'"):
    data.load(tmp_path)


def _cut(content):
  return content[: len(content) // 2]


def _changed(content):
  middle = len(content) // 2
  return content[:middle] + bytes(b ^ 0xFF for b in content[middle:])


@pytest.mark.parametrize("in_memory", [True, False])
@pytest.mark.parametrize("damage", [_cut, _changed, lambda content: content[:-3]])
@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_a_damaged_image_is_named(tmp_path, monkeypatch, in_memory, damage, suffix):
  monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
  monkeypatch.setattr(image_folders, "_CHUNK_BYTES", 40)  # two images in a batch
  folder = tmp_path / "images"
  for i in range(9):
    _write(folder / "train" / f"{i}.{suffix}", _random(i))
  file = folder / "train" / f"5.{suffix}"
  content = file.read_bytes()
  file.write_bytes(damage(content))
  with pytest.raises(
    ValueError, match=f"^{file} cannot be read as an image: .*Replace"
  ):
    data.load(folder, in_memory=in_memory)
  file.write_bytes(content)
  assert len(list(data.load(folder, in_memory=in_memory, batch_size=3))) == 3


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", None])
def test_a_file_with_the_suffix_that_is_not_an_image(tmp_path, content):
  _write(tmp_path / "train" / "0.png", _random(0))
  file = tmp_path / "train" / "1.png"
  file.mkdir() if content is None else file.write_bytes(content)
  with pytest.raises(ValueError, match=f"^{file} cannot be read as an image"):
    data.load(tmp_path)


def test_no_image(tmp_path):
  for i in range(2):
    (tmp_path / f"{i}.png").write_text("no image")
  with pytest.raises(ValueError, match=r"\d.png cannot be read as an image"):
    data.load(tmp_path)
  for i in range(2):
    PIL.Image.new("L", (4, 4)).save(tmp_path / f"{i}.png", format="GIF")
  with pytest.raises(ValueError, match=r"\d.png is GIF"):
    data.load(tmp_path)
