"""Tables are read from files and from memory, with the same values."""

import gzip

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from aevb_tf.tables import arrow

FRAME = pd.DataFrame(
  {
    "n": [1, 2, 3],
    "x": [0.5, np.nan, 2.5],
    "t": ["a", None, "b, c"],
    "b": [True, False, True],
    "d": pd.to_datetime(["2020-01-01", "1970-01-02", "2020-01-01"]),
  }
)


class Foreign:
  """A DataFrame of another library, such as Polars."""

  def __arrow_c_stream__(self, requested_schema=None):
    return pa.Table.from_pandas(FRAME).__arrow_c_stream__(requested_schema)


def csv(folder, name="t.csv", **options):
  FRAME.to_csv(folder / name, index=False, **options)
  return folder / name


def parquet(folder):
  FRAME.to_parquet(folder / "t.parquet", index=False)
  return folder / "t.parquet"


SOURCES = {
  "csv": csv,
  "tsv": lambda folder: csv(folder, "t.tsv", sep="\t"),
  "semicolons": lambda folder: csv(folder, sep=";"),
  "gzip": lambda folder: csv(folder, "t.csv.gz"),
  "parquet": parquet,
  "pandas": lambda folder: FRAME,
  "pandas_with_an_index": lambda folder: FRAME.set_index(np.array([7, 8, 9])),
  "arrow": lambda folder: pa.Table.from_pandas(FRAME),
  "arrow_interface": lambda folder: Foreign(),
  "arrays": lambda folder: {name: FRAME[name].to_numpy() for name in FRAME},
}


@pytest.mark.parametrize("name", SOURCES)
def test_every_source(name, tmp_path):
  table = arrow.read(SOURCES[name](tmp_path))
  columns = table.columns
  assert table.num_rows == 3 and list(columns) == ["n", "x", "t", "b", "d"]
  np.testing.assert_array_equal(columns["n"].numbers, [1, 2, 3])
  np.testing.assert_array_equal(columns["x"].numbers, [0.5, np.nan, 2.5])
  np.testing.assert_array_equal(columns["b"].numbers, [1, 0, 1])
  np.testing.assert_array_equal(columns["d"].numbers, [18262, 1, 18262])
  text = columns["t"]
  assert np.isnan(text.numbers[1])
  assert [text.texts[int(i)] for i in text.numbers[[0, 2]]] == ["a", "b, c"]
  types = [columns[c].type for c in columns]
  assert types[:4] == ["int", "float", "text", "bool"]
  assert types[4] == (
    "date" if "csv" in str(name) or name in ("tsv", "semicolons", "gzip") else "time"
  )


def test_what_counts_as_missing(tmp_path):
  path = tmp_path / "t.csv"
  path.write_text('a,b\n1,x\nNA,NaN\n?,\n,"?"\n2,y\n')
  columns = arrow.read(path).columns
  np.testing.assert_array_equal(columns["a"].numbers, [1, *[np.nan] * 3, 2])
  assert columns["a"].type == "int"
  np.testing.assert_array_equal(np.isnan(columns["b"].numbers), [0, 1, 1, 1, 0])
  assert set(columns["b"].texts) == {"x", "y"}


def test_types_are_those_of_all_rows(tmp_path):
  """Arrow itself decides by the first megabyte."""
  path = tmp_path / "t.csv"
  path.write_text("a,b\n" + "1,2\n" * 400_000 + "0.5,z\n")
  columns = arrow.read(path).columns
  assert columns["a"].numbers[-1] == 0.5 and columns["b"].type == "text"


def test_line_breaks_within_quotes(tmp_path):
  path = tmp_path / "t.csv"
  path.write_text('a,b\n"x\ny",1\n"z",2\n')
  assert arrow.read(path).columns["a"].texts == ("x\ny", "z")


def test_dictionaries_of_several_chunks():
  chunks = [pa.array(t).dictionary_encode() for t in (["b", "a"], ["c", "a"])]
  values = arrow.read(pa.table({"t": pa.chunked_array(chunks)})).columns["t"]
  assert [values.texts[int(i)] for i in values.numbers] == ["b", "a", "c", "a"]


def test_other_types():
  table = pa.table(
    {
      "decimal": pa.array([1, 2], pa.int32()).cast(pa.decimal128(12, 2)),
      "uint": pa.array([1, 2], pa.uint64()),
      "half": pa.array(np.float16([0.5, 1])),
      "large": pa.array(["a", "b"], pa.large_string()),
      "zone": pa.array([0, 1], pa.timestamp("ms", "Europe/Rome")),
      "list": [[1], [2]],
      "null": pa.nulls(2),
    }
  )
  types = [values.type for values in arrow.read(table).columns.values()]
  assert types == ["int", "int", "float", "text", "time", "other", "float"]


@pytest.mark.parametrize(
  "content, message",
  [
    (b"", "is empty: give a table with a line of names and rows"),
    (b"a,b\n", "has no rows"),
    (b"a,b\n1,2\n3\n", "cannot be read as CSV: .*Expected 2 columns, got 1"),
    (b"a,a\n1,2\n", "has column 'a' more than once: rename one of them"),
    (b"\x89PNG\r\n\0\0,\n1,2\n", "cannot be read as CSV: it is not a text file"),
    (
      b"a,b\n\xff\xfe\xff,1\n\xff,2\n",
      "column 'a': is not UTF-8: .*encoding='latin-1'",
    ),
  ],
)
def test_damaged_text_files(content, message, tmp_path):
  (tmp_path / "t.csv").write_bytes(content)
  with pytest.raises(ValueError, match=message) as error:
    arrow.read(tmp_path / "t.csv")
  assert str(error.value).startswith(str(tmp_path / "t.csv"))
  assert "\n" not in str(error.value)


def test_files_of_other_formats(tmp_path):
  (tmp_path / "t.parquet").write_text("a,b\n1,2\n")
  with pytest.raises(ValueError, match="cannot be read as Parquet: "):
    arrow.read(tmp_path / "t.parquet")
  with gzip.open(tmp_path / "t.csv.gz", "wb") as file:
    file.write(b"a,b\n1,2\n" * 1000)
  whole = (tmp_path / "t.csv.gz").read_bytes()
  (tmp_path / "t.csv.gz").write_bytes(whole[: len(whole) // 2])
  with pytest.raises(ValueError, match="cannot be read as CSV: "):
    arrow.read(tmp_path / "t.csv.gz")
  (tmp_path / "t.xlsx").write_text("a")
  with pytest.raises(ValueError, match="use a .csv, .tsv or .parquet file"):
    arrow.read(tmp_path / "t.xlsx")
  with pytest.raises(FileNotFoundError, match="no file"):
    arrow.read(tmp_path / "absent.csv")


@pytest.mark.parametrize(
  "make, error, message",
  [
    (lambda: FRAME["x"], TypeError, "A Series is a single column: .*to_frame"),
    (lambda: 3, TypeError, "int is not a table: give a path, a DataFrame"),
    (lambda: {"a": [1, 2], "b": [1]}, ValueError, "'a' has 2 values and column 'b' 1"),
    (
      lambda: {"a": [1, "x"]},
      ValueError,
      "column 'a': .*Convert the column to one type",
    ),
    (lambda: pd.DataFrame({"a": [1, "x"]}), ValueError, "column a.*Convert the column"),
    (
      lambda: pd.DataFrame([[1, 2]], columns=["a", "a"]),
      ValueError,
      "column 'a' more than once",
    ),
    (lambda: {"a": []}, ValueError, "has no rows"),
    (lambda: {}, ValueError, "has no rows"),
  ],
)
def test_tables_in_memory_that_are_refused(make, error, message):
  with pytest.raises(error, match=message) as raised:
    arrow.read(make())
  assert "\n" not in str(raised.value)
