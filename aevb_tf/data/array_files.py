"""`.npy` and `.npz` files.

A `.npy` file holds x. An `.npz` file holds `x`, and labels `y` if there are any; or it
is split already: `x_train`, `x_test`, `y_train`, `y_test`. Otherwise a tenth of the
examples, drawn once and for all, is the test split.

`[n, height, width]` is taken as grey images, and gets an axis of one channel;
`[n, d]` stays vectors, and images of several channels stay as they are.
"""

import os
import pathlib

import numpy as np

from aevb_tf.data import checks, orders, sources, streams


@sources.register("array_file")
class ArrayFile:
  """A source that is a file of arrays.

  Args:
    path: The file.
  """

  def __init__(self, path: str | os.PathLike):
    self.path = pathlib.Path(path)

  def open(self, split: str, data_dir: str | os.PathLike | None) -> sources.Split:
    """Finds a split; the path is complete, so `data_dir` is not looked at."""
    del data_dir
    x, y, rows = self._read(split)
    shape = (len(rows), *x.shape[1:])
    return sources.Split(
      num_examples=len(rows),
      nbytes=sources.stored_bytes(shape, x.dtype),
      arrays=lambda: (x[rows], y[rows]),
      stream=lambda options: self._stream(x, y, rows, options),
    )

  def _read(self, split):
    """The arrays of the file, checked, and the rows that are in the split."""
    arrays = self._arrays()
    if "x_train" in arrays:
      splits = [key[2:] for key in arrays if key.startswith("x_")]
      sources.choose(dict.fromkeys(splits), split, str(self.path))
      x, y, suffix = arrays[f"x_{split}"], arrays.get(f"y_{split}"), f"_{split}"
    elif "x" in arrays:
      x, y, suffix = arrays["x"], arrays.get("y"), ""
    else:
      raise ValueError(
        f"{self.path} holds {', '.join(arrays) or 'nothing'}: store the examples as x,"
        " and labels, if there are any, as y."
      )
    name = str(self.path) if self.path.suffix == ".npy" else f"{self.path}:x{suffix}"
    checks.check(x, name)
    y = checks.check_labels(y, len(x), f"{self.path}:y{suffix}")
    rows = np.arange(len(x)) if suffix else tenth_held_out(len(x), split, self.path)
    return x[..., np.newaxis] if x.ndim == 3 else x, y, rows

  def _arrays(self) -> dict[str, np.ndarray]:
    if not self.path.is_file():
      raise FileNotFoundError(f"There is no file {self.path.absolute()}.")
    try:
      if self.path.suffix == ".npy":
        return {"x": np.load(self.path, mmap_mode="r", allow_pickle=False)}
      with np.load(self.path, allow_pickle=False) as file:
        return {key: file[key] for key in file.files}
    except (ValueError, OSError, EOFError) as error:
      raise ValueError(
        f"{self.path} cannot be read as arrays of numbers: {error}"
      ) from error

  def _stream(self, x, y, rows, options):
    if options.binarization != "none":
      checks.check_unit_interval(x, str(self.path))
    return streams.from_arrays(x, y, options, rows)


def tenth_held_out(n: int, split: str, where: str | os.PathLike) -> np.ndarray:
  """The rows in a split of data that come without splits.

  Args:
    n: How many examples there are.
    split: "train" or "test".
    where: Where they are, for error messages.

  Returns:
    int32 `[n - n // 10]` or `[n // 10]`, at least one.

  Raises:
    ValueError: There is no such split, or there are too few examples.
  """
  if n < 2:
    raise ValueError(f"{where} holds one example; train and test need two.")
  return sources.choose(orders.held_out(n, max(1, n // 10)), split, str(where))
