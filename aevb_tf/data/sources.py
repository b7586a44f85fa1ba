"""Data sources: registered names, and files and folders by their path.

A source is a class with a method `open(split, data_dir)`, which returns a `Split`
before anything large is read. To add a source:

    @aevb_tf.data.register("mine")
    class Mine:
      def open(self, split, data_dir):
        return Split.of_arrays(x, y)
"""

import dataclasses
import os
import pathlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

import numpy as np
import tensorflow as tf

from aevb_tf.data import checks, streams
from aevb_tf.data.array_dataset import ArrayDataset
from aevb_tf.registry import Registry, did_you_mean
from aevb_tf.tables import Schema, arrow

# Size as stored (uint8 or float32) above which data are streamed unless told otherwise.
IN_MEMORY_BYTES = 2 * 2**30


@dataclasses.dataclass(frozen=True)
class Split:
  """A split of a data set, which is not read yet.

  Attributes:
    num_examples: Number of examples.
    nbytes: Memory for the examples as stored (uint8 or float32), in bytes.
    arrays: Function that reads all examples `[n, ...]`, and labels `[n]` or None.
    stream: Function that returns a stream of `(x, y)`, with a few batches in memory.
    check: Function that raises a ValueError for invalid values, of which NaN is one unless
      its argument is True; only for data that were not checked when they were opened.
    has_missing: Whether values of a table are missing; False for other data.
    schema: What the columns of a table are; None for other data.
    condition: What the columns of y are, if they are those of a table.
    rows: The number of each example in its file, int `[n]`, if the split is a part of one
      without splits of its own; None for other data.
    classes: Names of the classes in the order of their labels 0, 1, ..., in all splits;
      None if labels are numbers without names.
  """

  num_examples: int
  nbytes: int
  arrays: Callable[[], tuple[np.ndarray, np.ndarray | None]]
  stream: Callable[[streams.Options], tf.data.Dataset]
  check: Callable[[bool], None] = lambda missing: None
  schema: Schema | None = None
  condition: Schema | None = None
  has_missing: bool = False
  classes: Sequence[str] | None = None
  rows: np.ndarray | None = None

  @classmethod
  def of_arrays(cls, x: np.ndarray, y: np.ndarray | None = None) -> "Split":
    """A split that is in memory already.

    Args:
      x: `[n, ...]`, images or numbers, as in `ArrayDataset`.
      y: `[n]`, labels, or None.
    """
    x = np.asarray(x)

    def stream(options):
      return ArrayDataset(x, y, **dataclasses.asdict(options)).to_tf_data()

    return cls(len(x), stored_bytes(x.shape, x.dtype), lambda: (x, y), stream)


def check_complete(
  num_missing: np.ndarray,
  num_rows: int,
  schema: Schema,
  where: str,
  is_condition: bool = False,
) -> None:
  """Raises a ValueError if a column of a table has missing values.

  Args:
    num_missing: int `[D]`, the number of missing values of each column that is modelled.
    num_rows: Number of rows.
    schema: The columns.
    where: The name of the table.
    is_condition: Whether these are the columns of a condition.
  """
  advice = "pass missing=True, or ignore the column"
  if is_condition:
    advice = "fill them in, or model the column instead of conditioning on it"
  for column, count in zip(schema.modelled, num_missing, strict=True):
    if count:
      raise ValueError(
        f"{where}, column {column.name!r}: {count} of {num_rows} values are missing: "
        f"{advice}."
      )


class Source(Protocol):
  """The protocol of a data source."""

  def open(self, split: str, data_dir: str | os.PathLike | None) -> Split:
    """Finds a split.

    Raises:
      ValueError: There is no such split.
      FileNotFoundError: The data were not found.
    """


_registry: Registry[Source] = Registry("data source")
register = _registry.register
names = _registry.names


def stored_bytes(shape: tuple[int, ...], dtype: np.dtype) -> int:
  """The memory that data take as stored, in bytes."""
  return int(np.prod(shape, dtype=np.int64)) * checks.stored_dtype(dtype).itemsize


class UnknownSplitError(ValueError):
  """A source does not have a split; the message lists those that it has."""

  def __init__(self, where: str, split: str, splits: Iterable[str]):
    super().__init__(f"{where} has no split {split!r}.{did_you_mean(split, splits)}")


Chosen = TypeVar("Chosen")


def choose(splits: Mapping[str, Chosen], split: str, where: str) -> Chosen:
  """Returns `splits[split]`, or raises an `UnknownSplitError`."""
  if split not in splits:
    raise UnknownSplitError(where, split, splits)
  return splits[split]


def get(
  name: str | os.PathLike | Source, data_dir: str | os.PathLike | None = None
) -> Source:
  """Resolves the name of a data source.

  Args:
    name: A registered name, `tfds:NAME`, a path, or an object with a method `open`.
    data_dir: The folder for relative paths.

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
    raise TypeError(
      f"{name!r} is not a data source: use a name, a path, or an object with `open`."
    )
  return _by_path(name, data_dir)


def _by_path(name, data_dir):
  path = pathlib.Path(data_dir or "", os.path.expanduser(name))
  if path.is_dir():
    return _registry.get({"name": "image_folder", "path": path})
  if path.suffix in (".npy", ".npz"):
    return _registry.get({"name": "array_file", "path": path})
  if path.name.lower().endswith(arrow.SUFFIXES) and path.exists():
    return _registry.get({"name": "table", "source": path})
  if path.exists():
    raise ValueError(
      f"{path}: use a .npy, .npz, .csv or .parquet file, or a folder of images."
    )
  if isinstance(name, os.PathLike) or os.sep in name or name.startswith((".", "~")):
    raise FileNotFoundError(f"There is no file or folder {path.absolute()}.")
  with_paths = ("tfds", "image_folder", "array_file", "table")
  known = [n for n in names() if n not in with_paths]
  raise ValueError(
    f"Unknown data source {name!r}.{did_you_mean(name, known)} Or use tfds:NAME, a .npy,"
    f" .npz, .csv or .parquet file, or a folder of images; there is none at {path.absolute()}."
  )
