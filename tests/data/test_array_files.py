"""`.npy` and `.npz` files."""

import warnings
import zipfile

import numpy as np
import pytest

from aevb_tf import data
from aevb_tf.data import array_files


def _images(n=30, shape=(4, 4, 3)):
  return np.random.default_rng(2).integers(0, 256, (n, *shape), np.uint8)


def _rows(x):
  return sorted(row.tobytes() for row in x)


def test_npy_is_split_nine_to_one(tmp_path):
  np.save(tmp_path / "x.npy", _images())
  train, test = (data.load(tmp_path / "x.npy", split) for split in ("train", "test"))
  assert (train.num_examples, test.num_examples) == (27, 3)
  assert _rows(np.concatenate([train.x, test.x])) == _rows(_images())
  again = data.load(str(tmp_path / "x.npy"), "test", seed=5)
  np.testing.assert_array_equal(again.x, test.x)  # the seed does not touch the split


def test_relative_to_data_dir(tmp_path):
  np.save(tmp_path / "x.npy", _images())
  assert data.load("x.npy", data_dir=tmp_path).num_examples == 27


@pytest.mark.parametrize(
  ("shape", "event_shape"),
  [((5,), (5,)), ((5, 6), (5, 6, 1)), ((5, 6, 2), (5, 6, 2))],
)
@pytest.mark.parametrize("dtype", [np.uint8, bool])
def test_images_have_channels(tmp_path, dtype, shape, event_shape):
  np.save(tmp_path / "x.npy", _images(shape=shape).astype(dtype))
  assert data.load(tmp_path / "x.npy").event_shape == event_shape


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.uint16])
@pytest.mark.parametrize("in_memory", [True, False])
@pytest.mark.parametrize("shape", [(5,), (64, 3)])
def test_numbers_keep_values_and_shape(tmp_path, dtype, in_memory, shape):
  x = _images(shape=shape).astype(dtype) + 2
  np.savez(tmp_path / "a.npz", x_train=x, x_test=x)
  loaded = data.load(tmp_path / "a.npz", "test", in_memory=in_memory)
  ((found, _),) = loaded
  np.testing.assert_array_equal(found, np.float32(x))


def test_npz_with_labels(tmp_path):
  x = _images()
  x[:, 0, 0, 0] = np.arange(30)
  np.savez(tmp_path / "a.npz", x=x, y=np.arange(30))
  train = data.load(tmp_path / "a.npz")
  np.testing.assert_array_equal(train.x[:, 0, 0, 0], train.y)


def test_classes_are_those_of_all_splits(tmp_path):
  arrays = {"x_train": _images(2), "y_train": ["cat", "ant"]}
  np.savez(tmp_path / "a.npz", **arrays, x_test=_images(2), y_test=["dog", "cat"])
  train, test = (data.load(tmp_path / "a.npz", split) for split in ("train", "test"))
  np.testing.assert_array_equal(train.y, [1, 0])
  np.testing.assert_array_equal(test.y, [2, 1])


def test_pickled_labels_are_left_out_and_what_else_is_in_the_file_is_not_read(tmp_path):
  file = tmp_path / "a.npz"
  np.savez(file, x=_images(), y=np.array(["a", None] * 15), other=np.array([None]))
  with pytest.warns(UserWarning, match="a.npz:y holds Python objects"):
    train = data.load(file)
  np.testing.assert_array_equal(train.y, np.full(27, -1))


def test_npz_with_splits(tmp_path):
  arrays = {"x_train": _images(4), "y_train": np.arange(4), "x_test": _images(3)}
  np.savez(tmp_path / "a.npz", **arrays)
  train, test = (data.load(tmp_path / "a.npz", split) for split in ("train", "test"))
  np.testing.assert_array_equal(train.x, arrays["x_train"])
  np.testing.assert_array_equal(train.y, np.arange(4))
  np.testing.assert_array_equal(test.y, np.full(3, -1))
  with pytest.raises(ValueError, match="no split 'valid'.*test, train"):
    data.load(tmp_path / "a.npz", "valid")


@pytest.mark.parametrize("dtype", [np.uint8, np.float64, bool])
@pytest.mark.parametrize("binarization", ["none", "fixed", "stochastic"])
def test_streamed_equals_in_memory(tmp_path, dtype, binarization):
  x = (_images() / 255 if dtype == np.float64 else _images() > 99).astype(dtype)
  np.save(tmp_path / "x.npy", _images() if dtype == np.uint8 else x)
  options = {"batch_size": 4, "binarization": binarization, "seed": 1}
  memory = data.load(tmp_path / "x.npy", **options)
  stream = data.load(tmp_path / "x.npy", in_memory=False, **options)
  assert stream.cardinality() == len(memory) == 7
  for _ in range(2):
    for (x, y), (streamed_x, streamed_y) in zip(memory, stream, strict=True):
      np.testing.assert_array_equal(x, streamed_x)
      np.testing.assert_array_equal(y, streamed_y)


def _damaged(content):
  """Files of which some bytes are missing or changed, and files of another kind."""
  size = len(content)
  for length in (0, 3, 7, 60, size // 2, size - 30, size - 1):
    yield content[:length]
  for place in (0, 5, 9, 14, 40, 50, 90, size // 2, size - 20, size - 9):
    changed = bytearray(content)
    changed[place] ^= 0xFF
    yield bytes(changed)
  yield b"a text\n" * 40
  yield b"PK\3\4" + content


@pytest.mark.parametrize("save", [np.save, np.savez, np.savez_compressed])
def test_a_damaged_file_is_named(tmp_path, save):
  file = tmp_path / ("a.npy" if save is np.save else "a.npz")
  save(file, _images()) if save is np.save else save(file, x=_images(), y=np.arange(30))
  content, refused = file.read_bytes(), 0
  for damaged in _damaged(content):
    file.write_bytes(damaged)
    try:
      with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's, about headers of Python 2
        data.load(file)
    except ValueError as error:
      assert str(file) in str(error) and "\n" not in str(error)
      refused += 1
  # The pixels of a .npy file, and some bytes of every zip, are covered by no checksum.
  assert refused >= 13


def test_the_content_says_which_kind_of_file_it_is(tmp_path):
  np.save(tmp_path / "x.npy", _images())
  (tmp_path / "x.npy").rename(tmp_path / "x.npz")
  np.savez(tmp_path / "y.npz", x=_images())
  (tmp_path / "y.npz").rename(tmp_path / "y.npy")
  for name in ("x.npz", "y.npy"):
    assert data.load(tmp_path / name).num_examples == 27


def test_a_file_that_may_not_be_read_is_named(tmp_path, monkeypatch):
  def refuse(path, mode):
    raise PermissionError(13, "Permission denied", str(path))

  np.save(tmp_path / "x.npy", _images())
  monkeypatch.setattr(array_files, "open", refuse, raising=False)
  with pytest.raises(ValueError, match="x.npy cannot be read .*Permission denied"):
    data.load(tmp_path / "x.npy")


def test_an_entry_of_the_file_that_is_not_an_array(tmp_path):
  with zipfile.ZipFile(tmp_path / "a.npz", "w") as file:
    file.writestr("x", "text")
  with pytest.raises(
    ValueError, match="a.npz cannot be read .*its entry x is not an array"
  ):
    data.load(tmp_path / "a.npz")
  np.savez(tmp_path / "b.npz")
  with pytest.raises(ValueError, match="b.npz holds nothing: store the examples as x"):
    data.load(tmp_path / "b.npz")
  np.savez(tmp_path / "c.npz", x_train=_images(), x_test=np.zeros((0, 4, 4, 3)))
  with pytest.raises(ValueError, match=r"c.npz:x_test has shape \[0, 4, 4, 3\]"):
    data.load(tmp_path / "c.npz", "test")
  with pytest.raises(FileNotFoundError, match="no file /absent/c.npz"):
    data.load("c.npz", data_dir="/absent")


@pytest.mark.parametrize("in_memory", [True, False])
def test_missing_values_are_read_where_they_are_allowed(tmp_path, in_memory):
  x = np.float32([[0, np.nan], [2, 3], [np.nan, 5]])
  path = tmp_path / "a.npz"
  np.savez(path, x_train=x, x_test=x)
  with pytest.raises(ValueError, match=r"x_train\[0, 1\] is nan, .* missing=True"):
    data.load(path, in_memory=in_memory)
  read = data.load(path, shuffle=False, missing=True, in_memory=in_memory)
  np.testing.assert_array_equal(next(iter(read))[0], x)


def test_errors_name_the_file(tmp_path):
  def save(**arrays):
    np.savez(tmp_path / "a.npz", **arrays)
    return tmp_path / "a.npz"

  with pytest.raises(ValueError, match="a.npz holds z: store the examples as x"):
    data.load(save(z=_images()))
  with pytest.raises(ValueError, match=r"a.npz:x\[0, 1\] is nan"):
    data.load(save(x=np.array([[0, np.nan], [0, 0]])))

  with pytest.raises(ValueError, match=r"a.npz:y has shape \[2\]"):
    data.load(save(x=_images(), y=[0, 1]))
  with pytest.raises(TypeError, match="a.npz:x has dtype <U1"):
    data.load(save(x=np.array([["a"]])))
  with pytest.raises(ValueError, match="a.npz cannot be read"):
    data.load(save(x=np.array([[None]])))
  with pytest.raises(ValueError, match="a.npz holds one example"):
    data.load(save(x=_images(1)))
  (tmp_path / "b.npy").write_bytes(b"no array")
  with pytest.raises(ValueError, match="b.npy cannot be read"):
    data.load(tmp_path / "b.npy")
  np.save(tmp_path / "c.npy", np.full((9, 2), 3.0))
  with pytest.raises(ValueError, match=r"c.npy\[0, 0\] is 3.0.*binarized"):
    data.load(tmp_path / "c.npy", binarization="fixed", in_memory=False)
