"""Where data come from: sources by name, and files and folders by their path.

A source is a class whose `open(split, data_dir)` says what there is, as a `Split`,
before anything large is read. To add one:

    @aevb_tf.data.register("mine")
    class Mine:
      def open(self, split, data_dir):
        return Split.of_arrays(x, y)
"""

import dataclasses
import os
import pathlib
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from aevb_tf.data import checks, streams
from aevb_tf.data.array_dataset import ArrayDataset
from aevb_tf.registry import Registry, did_you_mean

_registry = Registry("data source")
register = _registry.register
names = _registry.names


@dataclasses.dataclass(frozen=True)
class Split:
  """A part of a data set, not read yet.

  Attributes:
    num_examples: How many examples it has.
    nbytes: What they take in memory, as stored: uint8 or float32.
    arrays: Reads them all: `[n, ...]`, and labels `[n]` or None.
    stream: Makes a stream of `(x, y)` that holds a few batches at a time.
  """

  num_examples: int
  nbytes: int
  arrays: Callable[[], tuple[np.ndarray, np.ndarray | None]]
  stream: Callable[[streams.Options], tf.data.Dataset]

  @classmethod
  def of_arrays(cls, x: np.ndarray, y: np.ndarray | None = None) -> "Split":
    """A split that is in memory already.

    Args:
      x: `[n, ...]`; the dtype says what it is, as in `ArrayDataset`.
      y: `[n]`, labels, or None.
    """
    x = np.asarray(x)

    def stream(options):
      return ArrayDataset(x, y, **dataclasses.asdict(options)).to_tf_data()

    return cls(len(x), stored_bytes(x.shape, x.dtype), lambda: (x, y), stream)


class Source(Protocol):
  """What `get` gives."""

  def open(self, split: str, data_dir: str | os.PathLike | None) -> Split:
    """Finds a split; `ValueError` if there is none, `FileNotFoundError` if no data."""


def stored_bytes(shape: tuple[int, ...], dtype: np.dtype) -> int:
  """What data take in memory once they are stored."""
  return int(np.prod(shape, dtype=np.int64)) * checks.stored_dtype(dtype).itemsize


def choose(splits: Any, split: str, where: str) -> Any:
  """`splits[split]`, or a `ValueError` that lists what there is."""
  if split not in splits:
    raise ValueError(f"{where} has no split {split!r}.{did_you_mean(split, splits)}")
  return splits[split]


def get(name: Any, data_dir: str | os.PathLike | None = None) -> Source:
  """Resolves what `load` takes as a name.

  Args:
    name: A registered name, `tfds:NAME`, a path, or an object with a method `open`.
    data_dir: The folder that relative paths are looked up in.

  Returns:
    The source.

  Raises:
    ValueError: There is no source of this name; the message has near matches.
    FileNotFoundError: There is no such file or folder.
  """
  if hasattr(name, "open") and not isinstance(name, os.PathLike):
    return name
  if isinstance(name, str):
    if name in names():
      return _registry.get(name)
    scheme, colon, rest = name.partition(":")
    if colon and scheme in names():
      return _registry.get({"name": scheme, "dataset": rest})
  if not isinstance(name, (str, os.PathLike)):
    raise TypeError(f"A data source is a name, a path, or has `open`; not {name!r}.")
  return _by_path(name, data_dir)


def _by_path(name, data_dir):
  path = pathlib.Path(data_dir or "", os.path.expanduser(name))
  if path.is_dir():
    return _registry.get({"name": "image_folder", "path": path})
  if path.suffix in (".npy", ".npz"):
    return _registry.get({"name": "array_file", "path": path})
  if path.exists():
    raise ValueError(f"{path}: give a .npy or .npz file, or a folder of images.")
  if isinstance(name, os.PathLike) or os.sep in name or name.startswith((".", "~")):
    raise FileNotFoundError(f"There is no file or folder {path.absolute()}.")
  known = [n for n in names() if n not in ("tfds", "image_folder", "array_file")]
  raise ValueError(
    f"Unknown data source {name!r}.{did_you_mean(name, known)} Or tfds:NAME, a .npy or"
    f" .npz file, or a folder of images; there is none at {path.absolute()}."
  )
