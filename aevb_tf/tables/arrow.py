"""Reads a table from a file or from memory, as columns of numbers or of text.

Files are read by Apache Arrow, and tables in memory are exchanged by its interface, so
that pandas, Polars and others need no code of their own. Arrow is imported on use.
"""

from __future__ import annotations

import collections
import contextlib
import gzip
import os
import pathlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
  import pyarrow

# A path, a pyarrow.Table, a DataFrame, or a mapping of names to arrays.
TableLike: TypeAlias = Any

SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet")
# As Arrow's own, and the "?" of the UCI repository.
_MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "#N/A", "n/a", "?")
_SECONDS_PER_DAY = 86400.0
_BLOCK_OF_COMPRESSED = 2**26
_LARGEST_BLOCK = 2**31 - 1


class Values(NamedTuple):
  """The values of a column.

  Attributes:
    type: What they are; "other" for what cannot be modelled, such as lists.
    numbers: float64 `[n]`, NaN where a value is missing: numbers, days since 1970, 0 and 1
      for bools, or the positions of text in `texts`.
    texts: The distinct texts.
    is_ordered: Whether `texts` has an order.
    arrow_type: Arrow's name of the type, for messages.
  """

  type: Literal["int", "float", "bool", "text", "date", "time", "other"]
  numbers: np.ndarray
  texts: tuple[str, ...] = ()
  is_ordered: bool = False
  arrow_type: str = ""


class Table(NamedTuple):
  """The columns of a table, in their order, and its name in error messages."""

  columns: dict[str, Values]
  num_rows: int
  name: str


def read(source: TableLike) -> Table:
  """Reads a table.

  Args:
    source: A `.csv`, `.tsv` or `.parquet` file; a `pyarrow.Table`; a DataFrame of pandas,
      Polars or another library with Arrow's interface; or a mapping of names to arrays.
      A text file has the names of the columns in its first line. Empty fields, NA, NaN,
      null and ? are missing values.

  Returns:
    The table.

  Raises:
    ValueError: The file is empty, damaged or of another format, there are no rows, or a
      column occurs twice, or has mixed types.
    FileNotFoundError: There is no such file.
    TypeError: The source is none of these.
  """
  name = str(source) if isinstance(source, (str, os.PathLike)) else "The table"
  table = _arrow(source, name)
  if not table.num_rows:
    raise ValueError(f"{name} has no rows: give at least one.")
  columns = {
    str(column): _values(table.column(i)) for i, column in enumerate(table.column_names)
  }
  return Table(columns, table.num_rows, name)


def _arrow(source, name) -> pyarrow.Table:
  import pyarrow as pa

  if isinstance(source, (str, os.PathLike)):
    table = _of_file(pathlib.Path(os.path.expanduser(source)))
  elif isinstance(source, pa.Table):
    table = source
  elif isinstance(source, Mapping):
    table = _of_arrays(source, name)
  elif type(source).__module__.partition(".")[0] == "pandas":
    _check_unique(source.columns, name)
    with _converting(name):
      table = pa.Table.from_pandas(source, preserve_index=False)
  elif hasattr(source, "__arrow_c_stream__"):
    with _converting(name):
      table = pa.table(source)
  else:
    raise TypeError(
      f"{type(source).__name__} is not a table: give a path, a DataFrame, a pyarrow.Table,"
      " or a dict of arrays."
    )
  _check_unique(table.column_names, name)
  return table


@contextlib.contextmanager
def _converting(name: str) -> Iterator[None]:
  """Turns Arrow's errors, which name the column, into a `ValueError` of one line."""
  import pyarrow as pa

  try:
    yield
  except (pa.ArrowException, TypeError) as error:
    why = " ".join(" ".join(map(str, error.args)).split())
    raise ValueError(
      f"{name}: {why}. Convert the column to one type, such as text or numbers."
    ) from error


def _of_arrays(arrays, name):
  import pyarrow as pa

  columns = {}
  for column, values in arrays.items():
    with _converting(f"{name}, column {column!r}"):
      columns[str(column)] = pa.array(values, from_pandas=True)
  lengths = {column: len(values) for column, values in columns.items()}
  if len(set(lengths.values())) > 1:
    (first, length), *others = lengths.items()
    other, differs = next(item for item in others if item[1] != length)
    raise ValueError(
      f"{name}: column {first!r} has {length} values and column {other!r} {differs}: give "
      "one value for each row."
    )
  return pa.table(columns)


def _check_unique(names, where):
  counts = collections.Counter(map(str, names))
  twice = [name for name, count in counts.items() if count > 1]
  if twice:
    raise ValueError(
      f"{where} has column {twice[0]!r} more than once: rename one of them."
    )


def _of_file(path: pathlib.Path) -> pyarrow.Table:
  import pyarrow as pa
  import pyarrow.parquet

  if not path.is_file():
    raise FileNotFoundError(f"There is no file {path.absolute()}.")
  if not path.name.lower().endswith(SUFFIXES):
    raise ValueError(f"{path} is not a table: use a .csv, .tsv or .parquet file.")
  if not path.stat().st_size:
    raise ValueError(f"{path} is empty: give a table with a line of names and rows.")
  is_parquet = path.suffix.lower() == ".parquet"
  try:
    if is_parquet:
      return pyarrow.parquet.read_table(path)
    return _of_text(path)
  except (pa.ArrowException, OSError, EOFError, UnicodeError) as error:
    why = " ".join(str(error).split()).rstrip(".")
    kind = "Parquet" if is_parquet else "CSV"
    raise ValueError(
      f"{path} cannot be read as {kind}: {why}. Write it again, with the names of the "
      "columns in the first line and as many fields in every line."
    ) from error


def _of_text(path):
  import pyarrow.csv

  is_compressed = path.suffix.lower() == ".gz"
  with (gzip.open if is_compressed else open)(path, "rb") as file:
    start = file.read(2**16)
  if b"\0" in start:
    raise UnicodeError("it is not a text file")
  # One block, since Arrow decides the types of the columns by the first one.
  size = _BLOCK_OF_COMPRESSED if is_compressed else path.stat().st_size + 1
  return pyarrow.csv.read_csv(
    path,
    read_options=pyarrow.csv.ReadOptions(block_size=min(size, _LARGEST_BLOCK)),
    parse_options=pyarrow.csv.ParseOptions(
      delimiter=_delimiter(path, start.partition(b"\n")[0]), newlines_in_values=True
    ),
    convert_options=pyarrow.csv.ConvertOptions(
      null_values=_MISSING, strings_can_be_null=True
    ),
  )


def _delimiter(path, first):
  """The delimiter of a text file, guessed from its first line."""
  if ".tsv" in path.suffixes or b"," not in first:
    return next((d for d in "\t;|" if d.encode() in first), ",")
  return ","


def _values(column: pyarrow.ChunkedArray) -> Values:
  import pyarrow as pa

  kind = column.type
  name, missing = str(kind), np.full(len(column), np.nan)
  is_ordered = pa.types.is_dictionary(kind) and kind.ordered
  content = kind.value_type if pa.types.is_dictionary(kind) else kind
  types = pa.types
  if types.is_null(content):
    return Values("float", missing, arrow_type=name)
  if _is_text(content):
    return _text(column, is_ordered, name)
  if types.is_dictionary(kind):
    column = column.cast(content)
  if types.is_boolean(content):
    return Values("bool", _numbers(column.cast(pa.uint8())), arrow_type=name)
  if types.is_date(content):
    return Values(
      "date", _numbers(column.cast(pa.date32()).cast(pa.int32())), (), False, name
    )
  if types.is_timestamp(content):
    microseconds = column.cast(pa.timestamp("us", content.tz), safe=False).cast(
      pa.int64()
    )
    return Values(
      "time", _numbers(microseconds) / 1e6 / _SECONDS_PER_DAY, arrow_type=name
    )
  if types.is_integer(content):
    return Values("int", _numbers(column), arrow_type=name)
  if types.is_floating(content) or types.is_decimal(content):
    numbers = _numbers(column)
    observed = numbers[np.isfinite(numbers)]
    # pandas stores whole numbers with missing values as floats.
    is_whole = observed.size and np.all(observed == np.trunc(observed))
    return Values("int" if is_whole else "float", numbers, arrow_type=name)
  return Values("other", missing, arrow_type=name)


def _is_text(kind):
  import pyarrow as pa

  types = pa.types
  return (
    types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)
  )


def _text(column, is_ordered, name):
  import pyarrow as pa

  if not pa.types.is_dictionary(column.type):
    column = column.cast(pa.large_string()).dictionary_encode()
  array = column.unify_dictionaries().combine_chunks()
  if isinstance(array, pa.ChunkedArray):
    array = array.chunk(0)
  numbers = _numbers(array.indices)
  return Values("text", numbers, tuple(array.dictionary.to_pylist()), is_ordered, name)


def _numbers(column) -> np.ndarray:
  """float64 `[n]`, NaN for null."""
  import pyarrow as pa

  column = column.cast(pa.float64(), safe=False)
  return np.array(column.to_numpy(zero_copy_only=False))
