"""Reads a table from a file or from memory, as columns of numbers or of text.

Files are read by Apache Arrow, and tables in memory are exchanged by its interface, so
that pandas, Polars and others need no code of their own. Arrow is imported on use.
"""

from __future__ import annotations

import collections
import contextlib
import os
import pathlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np

from aevb_tf.registry import did_you_mean
from aevb_tf.tables import text_files

if TYPE_CHECKING:
  import pyarrow

# A path, a pyarrow.Table, a DataFrame, or a mapping of names to arrays.
TableLike: TypeAlias = Any

SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet")
# float64 represents all whole numbers up to this one.
_LARGEST_WHOLE = 2**53
_MICROSECONDS_PER_DAY = 86400 * 10**6

Level: TypeAlias = str | int | float | bool
Type: TypeAlias = Literal["int", "float", "bool", "text", "date", "time", "other"]


class Values(NamedTuple):
  """The values of a column.

  Attributes:
    type: What they are; "other" for what cannot be modelled, such as lists.
    numbers: float64 `[n]`, NaN where a value is missing: numbers, days since 1970, 0 and 1
      for bools, or the positions of text in `texts`.
    texts: The distinct texts.
    is_ordered: Whether `texts` has an order.
    arrow_type: Arrow's name of the type, for messages.
    exact: What float64 cannot represent, int64 or uint64 `[n]`, 0 where a value is
      missing: microseconds since 1970 for times, and whole numbers of which some are
      beyond 2**53. None for other values.
    zone: The time zone of times; their numbers are in UTC.
  """

  type: Type
  numbers: np.ndarray
  texts: tuple[str, ...] = ()
  is_ordered: bool = False
  arrow_type: str = ""
  exact: np.ndarray | None = None
  zone: str = ""

  def distinct(self) -> tuple[list[Level], np.ndarray]:
    """The distinct values, and the position among them of each observed value."""
    numbers = self.numbers if self.exact is None else self.exact
    found, positions = np.unique(numbers[~np.isnan(self.numbers)], return_inverse=True)
    return [self._level(number) for number in found], positions

  def levels(self, most: int) -> list[Level] | None:
    """The distinct values, or None if there are more than `most`."""
    numbers = self.numbers if self.exact is None else self.exact
    found = np.unique(numbers[~np.isnan(self.numbers)])
    return None if len(found) > most else [self._level(number) for number in found]

  def _level(self, number):
    if self.type == "text":
      return self.texts[int(number)]
    if self.type == "bool":
      return bool(number)
    if self.type == "date":
      return str(np.datetime64(int(number), "D"))
    if self.type == "time":
      return str(np.datetime_as_string(np.datetime64(int(number), "us"), unit="auto"))
    return plain(number.item())


def no_column(where: str, name: str, known: Collection[str]) -> ValueError:
  """The error about a table without a column of the schema."""
  return ValueError(
    f"{where} has no column {name!r}, which the schema has.{did_you_mean(name, known)}"
  )


class Table(NamedTuple):
  """The columns of a table, in their order, and its name in error messages."""

  columns: dict[str, Values]
  num_rows: int
  name: str


def plain(number: float) -> int | float:
  """An int if the number is whole and float64 has all whole numbers of its size."""
  is_whole = abs(number) <= _LARGEST_WHOLE and number == int(number)
  return int(number) if is_whole else number


def read(source: TableLike, text_columns: Collection[str] = ()) -> Table:
  """Reads a table.

  Args:
    source: A `.csv`, `.tsv` or `.parquet` file; a `pyarrow.Table`; a DataFrame of pandas,
      Polars or another library with Arrow's interface; or a mapping of names to arrays.
      How text files are read is described in `aevb_tf.tables.text_files`.
    text_columns: Columns of text files that are text, even if they look like numbers.

  Returns:
    The table.

  Raises:
    ValueError: The file is empty, damaged or of another format, there are no rows, or a
      column occurs twice, or has mixed types.
    FileNotFoundError: There is no such file.
    TypeError: The source is none of these.

  Warns:
    UserWarning: A text file has columns that are probably meant otherwise.
  """
  name = str(source) if isinstance(source, (str, os.PathLike)) else "The table"
  return of_arrow(_arrow(source, name, text_columns), name)


def of_arrow(table: pyarrow.Table, name: str) -> Table:
  """The columns of Arrow's table; `name` is that of the table in messages."""
  if not table.num_rows:
    raise ValueError(f"{name} has no rows: give at least one.")
  columns = {
    str(column): _values(table.column(i)) for i, column in enumerate(table.column_names)
  }
  return Table(columns, table.num_rows, name)


def _arrow(source, name, text_columns) -> pyarrow.Table:
  import pyarrow as pa

  if isinstance(source, (str, os.PathLike)):
    table = _of_file(pathlib.Path(os.path.expanduser(source)), text_columns)
  elif isinstance(source, pa.Table):
    table = source
  elif isinstance(source, Mapping):
    table = _of_arrays(source, name)
  elif hasattr(source, "to_frame") and not hasattr(source, "columns"):
    raise TypeError(
      f"A {type(source).__name__} is a single column: give a table, as its method "
      "`to_frame()` returns."
    )
  elif type(source).__module__.partition(".")[0] == "pandas":
    check_unique(source.columns, name)
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
  check_unique(table.column_names, name)
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


def check_unique(names: Iterable[str], where: str) -> None:
  """Raises a ValueError if a name of a column occurs twice."""
  counts = collections.Counter(map(str, names))
  twice = [name for name, count in counts.items() if count > 1]
  if twice:
    raise ValueError(
      f"{where} has column {twice[0]!r} more than once: rename one of them."
    )


def _of_file(path: pathlib.Path, text_columns) -> pyarrow.Table:
  import pyarrow.parquet

  check_file(path)
  is_parquet = path.suffix.lower() == ".parquet"
  with reading(path, "Parquet" if is_parquet else "CSV"):
    if is_parquet:
      return pyarrow.parquet.read_table(path)
    return text_files.read(path, text_columns)


@contextlib.contextmanager
def reading(path: pathlib.Path, kind: str) -> Iterator[None]:
  """Turns errors of Arrow about a file into a `ValueError` that says what to do.

  Args:
    path: The file.
    kind: "Parquet" or "CSV".
  """
  import pyarrow as pa

  try:
    yield
  except (pa.ArrowException, OSError, EOFError, UnicodeError) as error:
    why = " ".join(str(error).split()).rstrip(".")
    advice = ", with the names of the columns in the first line and as many fields in "
    advice = f"{advice}every line" if kind == "CSV" else ""
    raise ValueError(
      f"{path} cannot be read as {kind}: {why}. Write it again{advice}."
    ) from error


def check_file(path: pathlib.Path) -> None:
  """Raises an error if there is no such file, or it cannot be a table."""
  if not path.is_file():
    raise FileNotFoundError(f"There is no file {path.absolute()}.")
  if not path.name.lower().endswith(SUFFIXES):
    raise ValueError(f"{path} is not a table: use a .csv, .tsv or .parquet file.")
  if not path.stat().st_size:
    raise ValueError(f"{path} is empty: give a table with a line of names and rows.")


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
    zone = content.tz or ""
    # The numbers of a time are microseconds; Arrow casts no zone to another.
    times = column.cast(pa.timestamp("us", content.tz), safe=False).cast(pa.int64())
    days = _numbers(times) / _MICROSECONDS_PER_DAY
    return Values("time", days, arrow_type=name, exact=_exact(times), zone=zone)
  if types.is_integer(content):
    numbers = _numbers(column)
    is_large = np.any(np.abs(numbers) > _LARGEST_WHOLE)
    exact = _exact(column) if is_large else None
    return Values("int", numbers, arrow_type=name, exact=exact)
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


def _exact(column) -> np.ndarray:
  """Whole numbers `[n]` in Arrow's own type, 0 for null."""
  return np.array(column.fill_null(0).to_numpy())


def _numbers(column) -> np.ndarray:
  """float64 `[n]`, NaN for null."""
  import pyarrow as pa

  column = column.cast(pa.float64(), safe=False)
  return np.array(column.to_numpy(zero_copy_only=False))
