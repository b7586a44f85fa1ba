"""`.npy` and `.npz` files."""

import numpy as np
import pytest

from aevb_tf import data


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
def test_axes(tmp_path, shape, event_shape):
  np.save(tmp_path / "x.npy", _images(shape=shape))
  assert data.load(tmp_path / "x.npy").event_shape == event_shape


def test_npz_with_labels(tmp_path):
  x = _images()
  x[:, 0, 0, 0] = np.arange(30)
  np.savez(tmp_path / "a.npz", x=x, y=np.arange(30))
  train = data.load(tmp_path / "a.npz")
  np.testing.assert_array_equal(train.x[:, 0, 0, 0], train.y)


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
