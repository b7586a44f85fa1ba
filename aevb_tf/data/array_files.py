"""`.npy` and `.npz` files.

A `.npy` file holds x. An `.npz` file holds `x` and optionally labels `y`, or separate
splits: `x_train`, `x_test`, `y_train`, `y_test`. Without separate splits, a fixed
random tenth of the examples is the test split, and "all" is all examples in their order.

The dtype decides how x is read, as in `checks`. uint8 and bool are images: levels are
scaled to [0, 1], and grey images `[n, height, width]` get a channel axis. Floats and
other integers are numbers, and keep their values and their shape: `[n, 64, 3]` is a
series of three quantities. Store grey images as floats with shape `[n, height, width,
1]`, with `x[..., np.newaxis]`.

Labels may be integers, whole floats, or strings, which are numbered in the sorted order
of the classes of all splits; see `checks.check_labels`. Arrays of Python objects are
pickled and are never unpickled here: such labels are left out, with a warning.
"""

import contextlib
import os
import pathlib
import warnings
import zipfile
from collections.abc import Iterator, Mapping

import numpy as np

from aevb_tf.data import checks, orders, sources, streams
from aevb_tf.data.reading import reading

_ADVICE = "Write it again with np.save or np.savez."


@sources.register("array_file")
class ArrayFile:
  """A file of arrays as a data source.

  Args:
    path: The file.
  """

  def __init__(self, path: str | os.PathLike):
    self.path = pathlib.Path(path)

  def open(self, split: str, data_dir: str | os.PathLike | None) -> sources.Split:
    """Finds a split; the path is complete, so `data_dir` is not used."""
    del data_dir
    x, y, rows, name, classes = self._read(split)
    shape = (len(rows), *x.shape[1:])
    return sources.Split(
      num_examples=len(rows),
      nbytes=sources.stored_bytes(shape, x.dtype),
      arrays=lambda: (x[rows], y[rows]),
      stream=lambda options: self._stream(x, y, rows, options),
      check=lambda missing: checks.check(x, name, missing),
      classes=checks.class_names(classes),
      rows=rows,
    )

  def _read(self, split):
    """The arrays of a split, its rows, the name of x, and the classes if they have names."""
    with self._opened() as arrays:
      suffix = self._suffix(arrays, split)
      x, y, classes = self._array(arrays, f"x{suffix}"), None, None
      if f"y{suffix}" in arrays:
        y, classes = self._labels(arrays, f"y{suffix}")
    name = str(self.path) if self.path.suffix == ".npy" else f"{self.path}:x{suffix}"
    checks.check_dtype(x, name)
    y = checks.check_labels(y, len(x), f"{self.path}:y{suffix}", classes)
    rows = np.arange(len(x)) if suffix else tenth_held_out(len(x), split, self.path)
    is_grey = x.ndim == 3 and checks.is_image_dtype(x.dtype)
    return x[..., np.newaxis] if is_grey else x, y, rows, name, classes

  @contextlib.contextmanager
  def _opened(self) -> Iterator[Mapping[str, np.ndarray]]:
    """The arrays by name, each read on first use."""
    if not self.path.is_file():
      raise FileNotFoundError(f"There is no file {self.path.absolute()}.")
    with contextlib.ExitStack() as stack:
      with self._reading():
        # Opened here, since NumPy does not close a damaged file.
        file = stack.enter_context(open(self.path, "rb"))
        start = file.read(len(np.lib.format.MAGIC_PREFIX))
        if start == np.lib.format.MAGIC_PREFIX:
          arrays = {"x": np.load(self.path, mmap_mode="r", allow_pickle=False)}
        elif start.startswith(b"PK") and zipfile.is_zipfile(file):
          file.seek(0)
          arrays = stack.enter_context(np.load(file, allow_pickle=False))
        else:
          raise ValueError("it is not a complete .npy or .npz file")
      yield arrays

  def _reading(self):
    return reading(self.path, "arrays of numbers", _ADVICE)

  def _suffix(self, arrays, split) -> str:
    """The suffix of x and y in the names of a split's arrays."""
    if "x_train" in arrays:
      splits = [key[2:] for key in arrays if key.startswith("x_")]
      sources.choose(dict.fromkeys(splits), split, str(self.path))
      return f"_{split}"
    if "x" in arrays:
      return ""
    raise ValueError(
      f"{self.path} holds {', '.join(arrays) or 'nothing'}: store the examples as x,"
      " and labels, if there are any, as y."
    )

  def _array(self, arrays, key) -> np.ndarray:
    with self._reading():
      array = arrays[key]
      if not isinstance(array, np.ndarray):  # NumPy returns the bytes of other files
        raise ValueError(f"its entry {key} is not an array")
      return array

  def _labels(self, arrays, key) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Labels, or None, and the classes of all splits if they are strings."""
    if self._is_pickled(arrays, key):
      warnings.warn(
        f"{self.path}:{key} holds Python objects, which are not read: the examples have"
        " no labels (-1). Store integers or strings.",
        stacklevel=2,
      )
      return None, None
    y = self._array(arrays, key)
    if y.dtype.kind not in "US":
      return y, None
    others = [other for other in arrays if other.startswith("y_") and other != key]
    parts = [self._array(arrays, o) for o in others if not self._is_pickled(arrays, o)]
    alike = [part.ravel() for part in parts if part.dtype.kind == y.dtype.kind]
    return y, np.unique(np.concatenate([y.ravel(), *alike]))

  def _is_pickled(self, arrays, key) -> bool:
    with self._reading(), arrays.zip.open(f"{key}.npy") as member:
      # NumPy writes only arrays of objects in this version.
      if np.lib.format.read_magic(member) != (1, 0):
        return False
      return np.lib.format.read_array_header_1_0(member)[2].hasobject

  def _stream(self, x, y, rows, options):
    if options.binarization != "none":
      checks.check_unit_interval(x, str(self.path))
    return streams.from_arrays(x, y, options, rows)


def tenth_held_out(n: int, split: str, where: str | os.PathLike) -> np.ndarray:
  """The rows of a split, for data that are stored without splits.

  Args:
    n: Number of examples.
    split: "train", "test", or "all" for all rows in their order.
    where: Path of the data, for error messages.

  Returns:
    int32 `[n - n // 10]`, `[n // 10]`, but at least one row, or `[n]`.

  Raises:
    ValueError: There is no such split, or there are too few examples.
  """
  if n < 2 and split != "all":
    raise ValueError(f"{where} holds one example; train and test need two.")
  splits = orders.held_out(n, max(1, n // 10)) | {"all": np.arange(n, dtype=np.int32)}
  return sources.choose(splits, split, str(where))
