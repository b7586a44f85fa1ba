"""Reads a text file of a table: .csv and .tsv, perhaps compressed with gzip.

* The first line has the names of the columns. Spaces around names and text are removed.
* Fields are separated by commas, or else by tabs, semicolons or `|`.
* Empty fields, NA, N/A, NaN, null, None and ? are missing values.
* The type of a column is that of all its rows. Whole numbers with leading zeros, such as
  zip codes, are text.
* The encoding is UTF-8.

A warning names columns that are probably meant otherwise: numbers with separators of
thousands, a mark such as `-` among numbers, NA among codes of two letters, or a first
line of data instead of names. `pandas.read_csv` has options for all other files: read
them with it, and use the DataFrame.
"""

from __future__ import annotations

import gzip
import pathlib
import re
import warnings
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from aevb_tf import checks

if TYPE_CHECKING:
  import pyarrow

# As Arrow's own, and the "?" of the UCI repository.
_MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "#N/A", "n/a", "?")
_BLOCK_OF_COMPRESSED = 2**26
_LARGEST_BLOCK = 2**31 - 1
# How much of a file is looked at as text.
_LOOK_BYTES = 2**20

_WHOLE = re.compile(r"[+-]?\d+")
_LEADING_ZERO = re.compile(r"[+-]?0\d+")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(([,.' \u00a0\u202f])\d{3})(\2\d{3})*([.,]\d+)?")
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+")
_DIGIT = re.compile(r"\d")
_TWO_LETTERS = re.compile(r"[A-Z]{2}")
# With more different texts among the numbers, these do not mark missing values.
_MOST_MARKS = 5


def read(path: pathlib.Path, text_columns: Collection[str] = ()) -> pyarrow.Table:
  """Reads a text file; the module's docstring says how.

  Args:
    path: The file, not empty.
    text_columns: Names of columns that are text, even if they look like numbers.

  Raises:
    ValueError: A column is not UTF-8.
    pyarrow.ArrowException, OSError, EOFError, UnicodeError: It is not a text file of a
      table.

  Warns:
    UserWarning: A column is probably meant otherwise.
  """
  import pyarrow as pa
  import pyarrow.csv

  options = _options(path)
  looked = _look(path, options)
  _check_names(path, [name for name, _ in looked])
  texts = [
    name
    for name, values in looked
    if name.strip() in text_columns or _has_leading_zeros(values)
  ]
  table = pyarrow.csv.read_csv(
    path,
    **options,
    convert_options=pyarrow.csv.ConvertOptions(
      # Numbers may have a space before them, and so may what stands in for them.
      null_values=[*_MISSING, *(f" {mark}" for mark in _MISSING)],
      strings_can_be_null=True,
      column_types={name: pa.string() for name in texts},
    ),
  )
  columns: list[Any] = []
  for (name, values), column in zip(looked, table.columns, strict=True):
    if pa.types.is_binary(column.type):
      raise ValueError(
        f"{path}, column {name!r}: is not UTF-8: "
        + _by_pandas("encoding='latin-1'", "or another encoding")
      )
    if pa.types.is_string(column.type):
      column = _trimmed(column)
      if name not in texts:
        _warn_of_text(path, name, values)
    columns.append(column)
  return pa.Table.from_arrays(columns, [name.strip() for name, _ in looked])


def _options(path) -> dict[str, Any]:
  """The options of Arrow's reader."""
  import pyarrow.csv

  is_compressed = path.suffix.lower() == ".gz"
  with (gzip.open if is_compressed else open)(path, "rb") as file:
    start = file.read(2**16)
  if b"\0" in start:
    raise UnicodeError("it is not a text file in UTF-8")
  # One block, since Arrow decides the types of the columns by the first one.
  size = _BLOCK_OF_COMPRESSED if is_compressed else path.stat().st_size + 1
  return {
    "read_options": pyarrow.csv.ReadOptions(block_size=min(size, _LARGEST_BLOCK)),
    "parse_options": pyarrow.csv.ParseOptions(
      delimiter=_delimiter(path, start.partition(b"\n")[0]), newlines_in_values=True
    ),
  }


def _delimiter(path, first):
  """The delimiter of a text file, guessed from its first line."""
  if ".tsv" in path.suffixes or b"," not in first:
    return next((d for d in "\t;|" if d.encode() in first), ",")
  return ","


def _look(path, options) -> list[tuple[str, list[str]]]:
  """The columns of the first rows as text: their names, and the values not missing."""
  import pyarrow as pa
  import pyarrow.csv

  options = {**options, "read_options": pyarrow.csv.ReadOptions(block_size=_LOOK_BYTES)}
  with pyarrow.csv.open_csv(path, **options) as reader:
    try:
      names = reader.schema.names
    except UnicodeDecodeError:
      raise ValueError(
        f"{path}: the names of the columns are not UTF-8: "
        + _by_pandas("encoding='latin-1'", "or another encoding")
      ) from None
  raw = pyarrow.csv.ConvertOptions(column_types={name: pa.binary() for name in names})
  with pyarrow.csv.open_csv(path, **options, convert_options=raw) as reader:
    try:
      columns = reader.read_next_batch().columns
    except StopIteration:
      return [(name, []) for name in names]
  return [
    (name, [v.decode(errors="replace").strip() for v in column.to_pylist()])
    for name, column in zip(names, columns, strict=True)
  ]


def _trimmed(column):
  """A column of text without spaces around it."""
  import pyarrow as pa
  import pyarrow.compute as pc

  column = pc.utf8_trim_whitespace(column)
  is_missing = pc.is_in(column, pa.array(_MISSING))
  return pc.if_else(is_missing, pa.scalar(None, column.type), column)


def _has_leading_zeros(values):
  observed = {value for value in values if value not in _MISSING}
  return any(map(_LEADING_ZERO.fullmatch, observed)) and all(
    map(_WHOLE.fullmatch, observed)
  )


def _check_names(path, names):
  """Warns if the first line has data instead of names."""
  numbers = [name for name in names if _is_number(name)]
  years_or_positions = all(map(str.isdecimal, numbers)) and numbers == sorted(
    set(numbers), key=int
  )
  if numbers and not years_or_positions:
    _warn(
      f"{path}: the first line has the number {numbers[0].strip()}, and is used as the "
      "names of the columns. If it is a row of data: "
      + _by_pandas("header=None, names=[...]")
    )


def _warn_of_text(path, name, values):
  """Warns of a column of text that was probably meant otherwise."""
  where = f"{path}, column {name.strip()!r}"
  observed = [value for value in values if value not in _MISSING]
  others = sorted({value for value in observed if not _is_number(value)})
  if not others:
    return
  if all(map(_THOUSANDS.fullmatch, others)):
    _warn(
      f"{where}: is read as text, since it has numbers such as {others[0]!r}. If these "
      "have separators of thousands: " + _by_pandas("thousands=','")
    )
  elif all(map(_DECIMAL_COMMA.fullmatch, others)):
    _warn(
      f"{where}: is read as text, since it has numbers such as {others[0]!r}. If these "
      "have a decimal comma: " + _by_pandas("decimal=','")
    )
  elif len(others) <= _MOST_MARKS and not any(map(_DIGIT.search, others)):
    if 2 * sum(map(_is_number, observed)) > len(observed):
      _warn(
        f"{where}: is read as text, since it has {others[0]!r} among numbers. If this "
        "marks missing values: " + _by_pandas(f"na_values={others}")
      )
  if "NA" in values and len(others) > 2 and all(map(_TWO_LETTERS.fullmatch, others)):
    _warn(
      f"{where}: NA is read as a missing value, but the others are codes of two letters. "
      "If it is one of them (Namibia): "
      + _by_pandas("keep_default_na=False, na_values=['']")
    )


def _is_number(text):
  try:
    float(text)
  except ValueError:
    return False
  return "_" not in text  # which Python allows


def _by_pandas(options, more=""):
  more = more and f", {more}"
  return f"use the DataFrame of pandas.read_csv(path, {options}){more}."


def _warn(message):
  warnings.warn(message, UserWarning, stacklevel=checks.level_of_user())
