"""Text files are read as they are meant, or a warning or an error says what to do."""

import warnings

import numpy as np
import pytest

from aevb_tf.tables import Schema, arrow


def write(folder, text, encoding="utf-8"):
  (folder / "t.csv").write_bytes(text.encode(encoding))
  return folder / "t.csv"


def texts(values):
  return [
    None if np.isnan(number) else values.texts[int(number)] for number in values.numbers
  ]


def test_whole_numbers_with_leading_zeros_are_text(tmp_path):
  path = write(tmp_path, "zip,n,x\n01234,0,0.5\n90210,10,00.5\n01234,20,1\n")
  columns = arrow.read(path).columns
  assert texts(columns["zip"]) == ["01234", "90210", "01234"]
  assert columns["n"].type == "int" and columns["x"].type == "float"


def test_a_schema_says_which_columns_are_text(tmp_path):
  path = write(tmp_path, "zip,n\n01234,1\n90210,5\n01234,2\n")
  schema = Schema.infer(path, {"zip": "categorical"})
  assert schema["zip"].levels == ("01234", "90210")
  x = schema.encode(write(tmp_path, "zip,n\n90210,1\n"))
  assert x[0, 0] == 1.0


def test_spaces_around_names_and_text_are_removed(tmp_path):
  path = write(tmp_path, "age, job, pay\n39, clerk, 10.5\n50, ?, NA\n38, clerk, 2\n")
  columns = arrow.read(path).columns
  assert list(columns) == ["age", "job", "pay"]
  assert texts(columns["job"]) == ["clerk", None, "clerk"]
  np.testing.assert_array_equal(columns["pay"].numbers, [10.5, np.nan, 2])


@pytest.mark.parametrize(
  "text, message",
  [
    (
      "a,b\n1,2\n-,3\n7,4\n",
      r"column 'a': is read as text, since it has '-' among numbers.*na_values=\['-'\]",
    ),
    (
      'a,b\n"1,234",2\n"12,345,678.5",3\n',
      r"column 'a': .*such as '1,234'.*thousands=','",
    ),
    ("a;b\n1.5;1,5\n2;22,75\n", r"column 'b': .*such as '1,5'.*decimal=','"),
    (
      "land,b\nDE,1\nNA,2\nIT,3\nFR,4\n",
      r"column 'land': NA is read as a missing value.*keep_default_na=False",
    ),
    ("5.1,3.5,setosa\n4.9,3.0,setosa\n", r"first line has the number 5.1.*header=None"),
    ("39,State-gov,13\n50,Private,9\n", r"first line has the number 39.*header=None"),
  ],
)
def test_what_is_probably_meant_otherwise_is_warned_of(text, message, tmp_path):
  path = write(tmp_path, text)
  with pytest.warns(UserWarning, match=message) as caught:
    arrow.read(path)
  assert len(caught) == 1
  assert str(path) in str(caught[0].message) and "\n" not in str(caught[0].message)


@pytest.mark.parametrize(
  "text",
  [
    "code,n\nA1,1\n2,2\n3,3\n",  # a mark of missing values has no digits
    "code,n\nA,1\n1,1\nB,2\n",
    "state,n\nCA,1\n,2\nNY,3\nTX,4\n",  # an empty field is no NA
    "answer,n\nyes,1\nNA,2\nno,3\n",
    "2019,2020,2021\n1,2,3\n4,5,7\n",  # years
    ",0,1\na,2,3\nb,5,7\n",  # pandas' own names
  ],
)
def test_other_files_are_read_without_a_warning(text, tmp_path):
  with warnings.catch_warnings():
    warnings.simplefilter("error")
    arrow.read(write(tmp_path, text))


@pytest.mark.parametrize("text", ["name,n\nZoë,1\nAnn,2\n", "näme,n\nZoe,1\nAnn,2\n"])
def test_another_encoding_is_an_error(text, tmp_path):
  path = write(tmp_path, text, "latin-1")
  with pytest.raises(ValueError, match="not UTF-8: use .*encoding='latin-1'") as error:
    arrow.read(path)
  assert str(error.value).startswith(str(path))


def test_utf_8_with_a_mark_of_the_byte_order(tmp_path):
  columns = arrow.read(write(tmp_path, "näme,n\nZoë,1\n", "utf-8-sig")).columns
  assert list(columns) == ["näme", "n"] and texts(columns["näme"]) == ["Zoë"]
