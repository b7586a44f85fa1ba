"""Rows become numbers and back, for every kind, with and without missing values."""

import datetime
import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from aevb_tf.tables import Column, Schema

DAYS = [np.datetime64("2020-02-28"), np.datetime64("2021-01-01"), None]

# Columns of every kind and type: values, the schema's column, and the numbers of x.
CASES = {
  "real": ([1.5, -2.5, 4.0], {"kind": "real"}, None),
  "whole_real": ([-7, 5, 1900], {"kind": "real", "type": "int"}, None),
  "date": (
    [datetime.date(2020, 2, 28), datetime.date(2021, 1, 1), datetime.date(1969, 7, 20)],
    {"kind": "real", "type": "date", "location": 18000.0, "scale": 100.0},
    [(18320 - 18000) / 100, (18628 - 18000) / 100, (-165 - 18000) / 100],
  ),
  "positive": ([1.0, 4.0, 16.0], {"kind": "positive", "scale": 4.0}, [0.25, 1.0, 4.0]),
  "count": ([0, 3, 70000], {"kind": "count", "type": "int"}, [0, 3, 70000]),
  "binary": (
    [True, False, True],
    {"kind": "binary", "type": "bool", "levels": (False, True)},
    [1, 0, 1],
  ),
  "binary_text": (
    ["yes", "no", "yes"],
    {"kind": "binary", "type": "text", "levels": ("no", "yes")},
    [1, 0, 1],
  ),
  "categorical": (
    ["hen", "cat", "dog"],
    {"kind": "categorical", "type": "text", "levels": ("cat", "dog", "hen")},
    [2, 0, 1],
  ),
  "ordinal": (
    [5, 1, 3],
    {"kind": "ordinal", "type": "int", "levels": (1, 3, 5)},
    [2, 0, 1],
  ),
  "levels_of_floats": (
    [0.5, 0.25, 0.5],
    {"kind": "binary", "levels": (0.25, 0.5)},
    [1, 0, 1],
  ),
}


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_every_kind_comes_back(name, missing):
  values, options, numbers = CASES[name]
  column = Column("c", **options)
  schema = Schema([column])
  values = [*values, None] if missing else values
  x = schema.encode({"c": values})
  assert x.dtype == np.float32 and x.shape == (len(values), 1)
  assert np.isnan(x[-1, 0]) == missing
  if numbers is not None:
    np.testing.assert_array_equal(x[:3, 0], np.float32(numbers))
  decoded = schema.decode(x)["c"]
  expected = pd.Series(values, dtype=object)
  for value, back in zip(expected[:3], decoded[:3], strict=True):
    assert back == value
  if missing:
    assert pd.isna(decoded[-1])


def test_dtypes_of_what_is_decoded():
  def dtype(name, missing):
    values, options, _ = CASES[name]
    schema = Schema([Column("c", **options)])
    x = schema.encode({"c": [*values, None] if missing else values})
    return schema.decode(x)["c"].dtype

  assert dtype("count", False) == dtype("whole_real", False) == np.int64
  assert dtype("ordinal", False) == np.int64
  assert dtype("count", True) == dtype("ordinal", True) == np.float64
  assert dtype("binary", False) == np.dtype(bool)
  assert dtype("binary", True) == dtype("categorical", True) == np.dtype(object)
  assert dtype("date", True) == np.dtype("datetime64[D]")


def test_times_come_back_to_the_second():
  times = pd.to_datetime(["2024-01-01 00:00:00", "2024-01-01 12:30:15"])
  schema = Schema.infer({"t": [*times, None, times[0]]})
  assert (schema["t"].kind, schema["t"].type) == ("real", "time")
  decoded = schema.decode(schema.encode({"t": times}))["t"]
  np.testing.assert_array_equal(decoded, times.to_numpy().astype("datetime64[s]"))


def test_location_and_scale():
  schema = Schema.infer({"r": [1.0, -3.0, 8.5, None], "p": [0.1, 1.0, 10.0, 1.0]})
  r, p = schema.columns
  assert r.location == pytest.approx(np.mean([1, -3, 8.5]))
  assert r.scale == pytest.approx(np.std([1, -3, 8.5]))
  assert (r.num_missing, p.num_missing) == (1, 0)
  assert p.kind == "positive" and p.scale == pytest.approx(1.0)  # the geometric mean
  assert schema.has_missing
  x = schema.encode({"r": [1.0, -3.0, 8.5], "p": [0.1, 1.0, 10.0]})
  assert x[:, 0].mean() == pytest.approx(0, abs=1e-6)
  assert x[:, 0].std() == pytest.approx(1, rel=1e-6)


def test_values_between_two_levels_become_the_nearest():
  schema = Schema(
    [
      Column("b", "binary", ("no", "yes"), type="text"),
      Column("c", "categorical", ("x", "y", "z"), type="text"),
      Column("n", "count", type="int"),
    ]
  )
  decoded = schema.decode(np.array([[0.4, -0.3, 2.6], [0.6, 1.4, 0.4], [1, 2.4, 0]]))
  assert list(decoded["b"]) == ["no", "yes", "yes"]
  assert list(decoded["c"]) == ["x", "y", "z"]
  assert list(decoded["n"]) == [3, 0, 0]


@pytest.mark.parametrize("code", [9.0, 2.6, -1.0])
def test_codes_of_no_level_are_an_error(code):
  column = Column("pet", "categorical", ("x", "y", "z"), type="text")
  with pytest.raises(ValueError, match=f"column 'pet': x has {code:g}, .* 0, ..., 2"):
    Schema([column]).decode(np.array([[0.0], [code]]))


def test_infinite_numbers_are_not_decoded():
  with pytest.raises(ValueError, match="column 'a': x has an infinite value"):
    Schema([Column("a", "real", type="int")]).decode([[np.inf]])


class TestExtremeNumbers:
  """What float64 or float32 cannot represent is kept, or an error names the column."""

  LARGE = [2**53 + 1, 2**53 + 2, 2**53 + 1]

  @pytest.mark.parametrize("kind", ["binary", "categorical", "ordinal"])
  def test_levels_beyond_2_to_53_are_kept(self, kind):
    schema = Schema.infer({"a": self.LARGE}, {"a": kind})
    assert schema["a"].levels == (2**53 + 1, 2**53 + 2)
    x = schema.encode({"a": self.LARGE})
    np.testing.assert_array_equal(x[:, 0], [0, 1, 0])
    assert list(schema.decode(x)["a"]) == self.LARGE
    x[1] = np.nan
    assert list(schema.decode(x)["a"]) == [2**53 + 1, None, 2**53 + 1]
    assert Schema.from_dict(schema.to_dict()) == schema

  def test_levels_of_64_bits_of_both_signs(self):
    schema = Schema([Column("a", "binary", (-1, 2**64 - 1), type="int")])
    assert list(schema.decode([[0.0], [1.0]])["a"]) == [-1, 2**64 - 1]

  def test_large_whole_numbers_identify_rows(self):
    rng = np.random.default_rng(0)
    table = {"a": 2**60 + rng.integers(0, 1000, 50), "b": np.arange(50) * 0.5}
    column = Schema.infer(table)["a"]
    assert (column.kind, column.reason) == ("ignored", "whole numbers beyond 2**53")
    table["a"] = 2**60 + np.arange(50) % 5
    assert Schema.infer(table)["a"].levels == tuple(2**60 + i for i in range(5))

  @pytest.mark.parametrize("size", [1e-300, 1e-310, 1e300])
  def test_location_and_scale_of_any_size(self, size):
    values = np.array([1.0, 2.0, 6.0]) * size
    schema = Schema.infer({"a": values}, {"a": "real"})
    np.testing.assert_allclose(schema["a"].location, 3 * size, rtol=1e-6)
    np.testing.assert_allclose(schema["a"].scale, np.sqrt(14 / 3) * size, rtol=1e-6)
    x = schema.encode({"a": values})
    np.testing.assert_allclose(x[:, 0], np.array([-2, -1, 3]) / np.sqrt(14 / 3), 1e-6)
    np.testing.assert_allclose(schema.decode(x)["a"], values, rtol=1e-6)

  @pytest.mark.parametrize("kind, value", [("real", 1e39), ("positive", 1e39)])
  def test_numbers_beyond_float32(self, kind, value):
    schema = Schema([Column("a", kind)])
    with pytest.raises(ValueError, match=r"column 'a': holds 1e\+39, which is beyond"):
      schema.encode({"a": [1.0, value]})

  def test_positive_numbers_that_would_be_zero(self):
    with pytest.raises(ValueError, match="column 'a': holds 1e-39, which is beyond"):
      Schema([Column("a", "positive")]).encode({"a": [1.0, 1e-39]})
    x = Schema([Column("a", "real")]).encode({"a": [1.0, 1e-50]})
    np.testing.assert_array_equal(x[:, 0], [1.0, 0.0])

  def test_counts_that_float32_would_change(self):
    schema = Schema([Column("a", "count", type="int")])
    assert schema.encode({"a": [2**24]})[0, 0] == 2**24
    with pytest.raises(ValueError, match="column 'a': holds 16777217, but float32"):
      schema.encode({"a": [2**24 + 1]})

  def test_infinite_levels(self):
    with pytest.raises(ValueError, match="column 'a': holds an infinite value"):
      Schema.infer({"a": [0.0, np.inf, 0.0]})


class TestTimes:
  """Dates and times keep their levels, fractions of a second and zones."""

  @pytest.mark.parametrize(
    "values, dtype",
    [
      (np.array(["2020-02-28", "1969-07-20", "2021-01-01"], "datetime64[D]"), "D"),
      (np.array(["2020-02-28T12:30:15.5", "2020-02-28", "2021"], "M8[us]"), "ms"),
    ],
  )
  def test_as_levels(self, values, dtype):
    schema = Schema.infer({"d": pa.array(values)}, {"d": "categorical"})
    x = schema.encode({"d": pa.array(values)})
    decoded = schema.decode(x)["d"]
    assert decoded.dtype == f"datetime64[{dtype}]"
    np.testing.assert_array_equal(decoded, values)
    x[0] = np.nan
    assert np.isnat(schema.decode(x)["d"][0])
    assert Schema.from_dict(schema.to_dict()) == schema

  @pytest.mark.parametrize(
    "fraction, resolution", [("", "s"), (".25", "ms"), (".000025", "us")]
  )
  def test_fractions_of_a_second(self, fraction, resolution):
    times = pd.to_datetime(
      ["2024-01-01 00:00:00", f"2024-01-01 00:00:15{fraction}"], format="ISO8601"
    )
    schema = Schema.infer({"t": times}, {"t": "real"})
    assert schema["t"].resolution == resolution
    decoded = schema.decode(schema.encode({"t": times}))["t"]
    assert decoded.dtype == f"datetime64[{resolution}]"
    # float32 has seven digits of the scale.
    error = np.abs(decoded - times.to_numpy().astype("datetime64[us]"))
    assert error.max() <= np.timedelta64(2, "us")

  def test_zones(self):
    times = pd.to_datetime(["2024-01-01 00:00", "2024-07-01 00:00", "2024-03-01 05:00"])
    frame = pd.DataFrame({"t": times.tz_localize("Europe/Rome")})
    schema = Schema.infer(frame)
    assert schema["t"].zone == "Europe/Rome"
    back = schema.to_frame(schema.encode(frame))
    assert str(back["t"].dt.tz) == "Europe/Rome"
    assert (back["t"] - frame["t"]).abs().max() <= pd.Timedelta(1, "s")
    utc = schema.decode(schema.encode(frame))["t"]
    assert abs(utc[1] - np.datetime64("2024-06-30T22:00")) <= np.timedelta64(1, "s")
    # The same instants in another zone are the same numbers.
    other = pd.DataFrame({"t": frame["t"].dt.tz_convert("Asia/Tokyo")})
    np.testing.assert_array_equal(schema.encode(other), schema.encode(frame))
    with pytest.raises(
      ValueError, match="'t': holds times without a zone, but the sch"
    ):
      schema.encode({"t": times})
    with pytest.raises(ValueError, match="schema has times without a zone: convert"):
      Schema.infer({"t": times}).encode(frame)


class TestRules:
  """One test for each rule of the documentation, at its edge."""

  def kind(self, values):
    table = {"c": values, "other": np.arange(len(values)) * 0.5}
    return Schema.infer(table)["c"].kind

  def test_no_or_one_value(self):
    assert self.kind([None, None, None]) == self.kind(["a", "a", None]) == "ignored"
    assert self.kind([3.5, 3.5]) == "ignored"

  def test_two_values(self):
    assert self.kind([True, False, None]) == self.kind(["a", "b", "b"]) == "binary"
    assert self.kind([1, 2, 1]) == self.kind([0.0, 0.5, 0.5]) == "binary"

  def test_text(self):
    assert self.kind(["a", "b", "c"]) == "ignored"
    assert self.kind(["a", "b", "c", "a"]) == "categorical"
    many = [f"{i}" for i in range(2000)]
    with pytest.warns(UserWarning, match="If it is free text"):
      assert self.kind([*many, "0"]) == "categorical"
    assert self.kind([*many, "more", "0"]) == "ignored"

  def test_ordered_categories(self):
    sizes = pd.Categorical(["M", "S", "L"], ["S", "M", "L"], ordered=True)
    column = Schema.infer(pd.DataFrame({"c": sizes}))["c"]
    assert (column.kind, column.levels) == ("ordinal", ("S", "M", "L"))

  def test_dates_are_real(self):
    assert self.kind([datetime.date(2020, 1, i) for i in (1, 2, 2)]) == "real"

  def test_numbers_of_the_rows(self):
    assert self.kind(range(100, 150)) == "ignored"
    assert self.kind([2, 1, *range(3, 50)]) != "ignored"

  def test_few_whole_numbers(self):
    assert self.kind([*range(10), 0]) == "ordinal"
    assert self.kind([*range(11), 0]) == "count"
    # As pandas stores whole numbers with missing values.
    assert self.kind([1.0, 2.0, 3.0, np.nan, 1.0]) == "ordinal"

  def test_counts_vary_at_least_as_much_as_their_mean(self):
    years = np.arange(2000, 2020).repeat(2)
    assert self.kind(years) != "count"
    assert self.kind(years - 2000) == "count"
    assert self.kind(years - 2001) == "real"  # one is negative
    rare = np.r_[np.arange(20), 100_000]
    assert self.kind(rare) == "count" and self.kind(rare + 1) != "count"

  def test_positive_if_log_normal_fits_better(self):
    grid = (np.arange(1, 100) - 0.5) / 100
    from scipy import stats

    assert self.kind(np.exp(stats.norm.ppf(grid))) == "positive"
    assert self.kind(10 + stats.norm.ppf(grid)) == "real"
    assert self.kind(np.exp(stats.norm.ppf(grid)) - 1) == "real"

  def test_other_types(self):
    assert self.kind([[1], [2], [3]]) == "ignored"


class TestDoubts:
  """Inferred kinds that are probably wrong are warned of, and given ones are not."""

  def warnings_of(self, values, schema=None):
    table = {"c": values, "other": np.arange(len(values)) * 0.5}
    with warnings.catch_warnings(record=True) as caught:
      warnings.simplefilter("always")
      Schema.infer(table, schema)
    return [str(warning.message) for warning in caught], [w.filename for w in caught]

  def test_whole_numbers_of_which_each_row_has_its_own(self):
    identifiers = np.arange(100) ** 2
    (message,), files = self.warnings_of(identifiers)
    assert message == (
      "The table, column 'c': each row has its own whole number, and its kind is "
      "'count'. If it identifies rows, give it the kind 'ignored'."
    )
    assert files == [__file__]
    assert self.warnings_of(identifiers, {"c": "real"})[0] == []
    assert self.warnings_of(identifiers[:99])[0] == []  # few
    assert self.warnings_of([*identifiers, 0])[0] == []
    assert self.warnings_of(np.arange(100))[0] == []  # it counts the rows: ignored

  def test_texts_that_hardly_occur_twice(self):
    texts = [f"note {i % 26}" for i in range(103)]
    (message,), _ = self.warnings_of(texts)
    assert "'c': it has 26 different texts in 103 rows" in message
    assert "If it is free text, give it the kind 'ignored'." in message
    assert self.warnings_of([*texts, "note 0"])[0] == []  # four of each
    assert self.warnings_of(texts, {"c": "categorical"})[0] == []

  @pytest.mark.parametrize(
    "text", ["2024-03-{:02}", "{:02}.03.2024", "3/{}/2024 12:30"]
  )
  def test_text_that_looks_like_dates(self, text):
    texts = [text.format(i) for i in range(1, 9)]
    (message,), _ = self.warnings_of(texts)
    assert f"'c': text such as '{min(texts)}' looks like dates. If it is" in message
    assert self.warnings_of([*texts, "soon"])[0] == []
    assert self.warnings_of(texts, {"c": "categorical"})[0] == []
    assert self.warnings_of(["1.2.3", "1.2.4", "078-05-1120"])[0] == []


def test_rules_on_tables_of_scikit_learn():
  datasets = pytest.importorskip("sklearn.datasets")

  def kinds(load):
    table = load(as_frame=True).frame
    schema = Schema.infer(table)
    x = schema.encode(table)
    for name, back in schema.decode(x).items():
      values = table[name].to_numpy(float)
      np.testing.assert_allclose(back, values, rtol=0, atol=3e-6 * abs(values).max())
    return [column.kind for column in schema]

  assert kinds(datasets.load_iris) == ["positive"] * 2 + ["real"] * 2 + ["ordinal"]
  assert kinds(datasets.load_diabetes) == ["real", "binary", *["real"] * 8, "count"]
  wine = kinds(datasets.load_wine)
  assert wine[4] == wine[12] == "count" and wine[13] == "ordinal"
  assert {*wine[:4], *wine[5:12]} == {"real", "positive"}
  cancer = kinds(datasets.load_breast_cancer)
  assert cancer[-1] == "binary" and set(cancer[:-1]) == {"real", "positive"}


class TestGiven:
  TABLE = {"age": [20, 30, 40, 30], "size": ["S", "L", "M", "S"]}

  def test_a_kind(self):
    schema = Schema.infer(self.TABLE, {"age": "count"})
    assert schema["age"].kind == "count" and schema["age"].reason == "given"
    assert schema["size"].kind == "categorical"

  def test_levels(self):
    options = {"kind": "ordinal", "levels": ["S", "M", "L", "XL"]}
    schema = Schema.infer(self.TABLE, {"size": options})
    np.testing.assert_array_equal(schema.encode(self.TABLE)[:, 1], [0, 2, 1, 0])
    assert schema["size"].levels == ("S", "M", "L", "XL")

  def test_location_and_scale(self):
    schema = Schema.infer(
      self.TABLE, {"age": {"kind": "real", "location": 20, "scale": 10}}
    )
    np.testing.assert_array_equal(schema.encode(self.TABLE)[:, 0], [0, 1, 2, 1])

  def test_the_whole_schema(self, tmp_path):
    schema = Schema.infer(self.TABLE)
    assert Schema.infer(self.TABLE, schema) is schema
    schema.save(tmp_path / "schema.json")
    assert Schema.infer(self.TABLE, tmp_path / "schema.json") == schema

  @pytest.mark.parametrize(
    "given, message",
    [
      ({"ages": "count"}, "no column 'ages'. Did you mean age?"),
      ({"age": "counts"}, "column 'age': unknown kind 'counts'. Did you mean count?"),
      ({"age": {"knd": "count"}}, "column 'age': unknown option 'knd'"),
      ({"age": "binary"}, "column 'age': kind 'binary' needs two levels, not 3"),
      ({"size": "real"}, "column 'size': holds text, but kind 'real' needs numbers"),
      ({"size": "ordinal"}, "column 'size': kind 'ordinal' of text needs its levels"),
      (
        {"age": {"kind": "ordinal", "levels": [20, 30]}},
        "column 'age': 40 is not one of",
      ),
      (
        {"age": {"kind": "real", "scale": 0}},
        "column 'age': location=.* scale=0.0 pos",
      ),
      ({"age": {"scale": "ten"}}, "column 'age': scale='ten' must be a number"),
      ({"size": {"levels": 3}}, "column 'size': levels=3 must be a list"),
      ({"size": {"levels": "SML"}}, "column 'size': levels='SML' must be a list"),
      ({"size": {"levels": ["S", None]}}, "column 'size': the level None must be text"),
      ({"age": 3}, "column 'age': 3 is not a kind: give its name, or a dict"),
    ],
  )
  def test_mistakes(self, given, message):
    with pytest.raises(ValueError, match=message) as error:
      Schema.infer(self.TABLE, given)
    assert "\n" not in str(error.value)


def test_kinds_without_names_are_refused():
  with pytest.raises(TypeError, match=r"schema=\['real'\]: give {name: kind}"):
    Schema.infer(TestGiven.TABLE, ["real"])


def test_levels_may_be_an_array():
  levels = np.array([3, 1])
  assert Column("a", "binary", levels, type="int").levels == (3, 1)


class TestMisfits:
  """A table that does not fit the schema names the column and the fix."""

  SCHEMA = Schema.infer(
    {
      "pet": ["cat", "dog", "hen", "cat"],
      "age": [0.5, 1.5, -2.0, 3.0],
      "visits": [0, 30, *[7, 9]],
      "price": [1.5, 2.0, 100.0, 4.0],
    },
    {"visits": "count"},
  )
  ROW = {"pet": ["dog"], "age": [1.0], "visits": [3], "price": [5.0]}

  @pytest.mark.parametrize(
    "change, message",
    [
      ({"pet": ["wolf"]}, r"'pet': 'wolf' is not one of .*\(3 levels: cat, dog, hen\)"),
      ({"age": ["old"]}, "'age': holds text, but the schema has numbers: convert"),
      ({"pet": [3]}, "'pet': holds whole numbers, but the schema has text: convert"),
      ({"age": [np.inf]}, "'age': holds an infinite value: remove"),
      ({"visits": [1.5]}, "'visits': holds 1.5, but kind 'count' needs .* use kind"),
      ({"visits": [-1]}, "'visits': holds -1, but kind 'count'"),
      ({"price": [0.0]}, "'price': holds 0, but kind 'positive' needs numbers above 0"),
      ({"age": [[1, 2]]}, "'age': holds list"),
    ],
  )
  def test_values(self, change, message):
    with pytest.raises(ValueError, match=f"The table, column {message}") as error:
      self.SCHEMA.encode({**self.ROW, **change})
    assert "\n" not in str(error.value)

  def test_a_missing_column(self):
    row = {**self.ROW, "ages": [1.0]}
    del row["age"]
    with pytest.raises(ValueError, match="no column 'age', .* Did you mean ages?"):
      self.SCHEMA.encode(row)

  def test_other_columns_and_missing_values_are_fine(self):
    row = {**self.ROW, "pet": [None], "more": ["x"]}
    assert np.isnan(self.SCHEMA.encode(row)[0, 0])

  def test_a_column_without_values_has_any_type(self):
    x = self.SCHEMA.encode({name: pa.nulls(2) for name in self.ROW})
    assert np.isnan(x).all() and x.shape == (2, 4)

  def test_rows_of_another_length(self):
    with pytest.raises(ValueError, match=r"x has shape \(2, 3\): give \[n, 4\]"):
      self.SCHEMA.decode(np.zeros((2, 3)))


def test_one_row_has_no_schema():
  with pytest.raises(ValueError, match="has one row: a schema needs at least two"):
    Schema.infer({"a": [1.0]})


def test_no_usable_column():
  with pytest.raises(ValueError, match="no column to model .'id', text, and each row"):
    Schema.infer({"id": ["a", "b", "c"], "unit": ["kg", "kg", "kg"]})


class TestFiles:
  SCHEMA = TestMisfits.SCHEMA

  def test_a_schema_comes_back(self, tmp_path):
    assert Schema.from_dict(self.SCHEMA.to_dict()) == self.SCHEMA
    self.SCHEMA.save(tmp_path / "s.json")
    loaded = Schema.load(tmp_path / "s.json")
    assert loaded == self.SCHEMA and hash(loaded) == hash(self.SCHEMA)

  def test_a_short_schema_by_hand(self):
    schema = Schema.from_dict({"columns": [{"name": "age", "kind": "real"}]})
    assert schema.columns == (Column("age", "real"),)

  @pytest.mark.parametrize(
    "text, message",
    [
      ("{", "is not a schema"),
      ("[]", "is not a schema"),
      ("{}", "give {'columns'"),
      ('{"columns": [{"name": "a"}]}', "no 'kind'"),
      ('{"columns": [{"name": "a", "kind": "real", "scal": 1}]}', "Did you mean scale"),
      ('{"columns": [{"name": "a", "kind": "rea"}]}', "Did you mean real"),
      ('{"columns": [{"name": "a", "kind": "categorical"}]}', "at least 2 levels"),
      (
        '{"columns": [{"name": "a", "kind": "real", "type": "integer"}]}',
        "unknown type 'integer'. Did you mean int",
      ),
    ],
  )
  def test_a_damaged_file(self, tmp_path, text, message):
    (tmp_path / "s.json").write_text(text)
    with pytest.raises(ValueError, match=message) as error:
      Schema.load(tmp_path / "s.json")
    assert str(error.value).startswith(str(tmp_path / "s.json"))

  def test_no_file(self, tmp_path):
    with pytest.raises(FileNotFoundError, match="no file"):
      Schema.load(tmp_path / "s.json")


def test_print_is_an_aligned_table():
  schema = Schema(
    [
      Column("age", "real", (), 40.0, 12.5, "int", 3, "numbers"),
      Column("pet", "categorical", ("cat", "dog"), type="text", reason="text"),
      Column("id", "ignored", type="text", reason="each row has its own"),
    ]
  )
  assert str(schema).splitlines() == [
    "column  kind         units               missing  reason",
    "age     real         40 +- 12.5                3  numbers",
    "pet     categorical  2 levels: cat, dog           text",
    "id      ignored                                   each row has its own",
  ]


def test_long_levels_are_shortened_where_they_are_printed():
  levels = [f"a patient with number {i}" for i in range(9)]
  assert Column("note", "categorical", levels).units == (
    "9 levels: a patient with nu..., a patient with nu..., ..."
  )
  assert Column("n", "categorical", ["x" * 99, "y"]).units == (
    f"2 levels: {'x' * 17}..., y"
  )


def test_to_frame():
  schema = TestMisfits.SCHEMA
  frame = schema.to_frame(schema.encode(TestMisfits.ROW))
  pd.testing.assert_frame_equal(
    frame, pd.DataFrame(TestMisfits.ROW), check_dtype=False, rtol=1e-6
  )


def test_to_frame_without_pandas(monkeypatch):
  import sys

  monkeypatch.setitem(sys.modules, "pandas", None)
  with pytest.raises(ImportError, match="pip install pandas.*schema.decode"):
    TestMisfits.SCHEMA.to_frame(np.zeros((1, 4)))


def test_columns_by_name():
  assert [c.name for c in TestMisfits.SCHEMA] == ["pet", "age", "visits", "price"]
  assert len(TestMisfits.SCHEMA) == 4 and TestMisfits.SCHEMA.event_shape == (4,)
  with pytest.raises(KeyError, match="no column 'aeg'.*Did you mean age"):
    TestMisfits.SCHEMA["aeg"]


def test_names_that_are_numbers():
  frame = pd.DataFrame(np.random.default_rng(0).normal(size=(9, 3)))
  schema = Schema.infer(frame, {0: "real", 2: "ignored"})
  assert [c.name for c in schema.modelled] == ["0", "1"]
  rest, chosen = schema.split([1])
  assert [c.name for c in chosen] == ["1"]
  assert [c.name for c in rest.modelled] == ["0"]


def test_differences_that_change_the_numbers():
  columns = [
    {"name": "a", "kind": "real", "location": 3.0, "scale": 2.0},
    {"name": "b", "kind": "positive", "scale": 2.0},
    {"name": "c", "kind": "count", "scale": 2.0, "type": "int"},
    {"name": "d", "kind": "binary", "levels": ["x", "y"], "type": "text"},
    {"name": "e", "kind": "ignored"},
  ]

  def changed(index, **options):
    others = [dict(column) for column in columns]
    others[index].update(options)
    return Schema(others)

  schema = Schema(columns)
  for other in (
    schema,
    changed(0, num_missing=3, reason="given"),
    changed(0, location=3.0 + 1e-12),
    changed(2, scale=5.0),  # the mean of the counts, which are their own numbers
    Schema(columns[:4]),
  ):
    assert schema.difference(other) == ""
  for index, options in (
    (0, {"location": 3.1}),
    (0, {"scale": 2.1}),
    (0, {"kind": "positive"}),
    (1, {"scale": 2.1}),
    (3, {"levels": ["y", "x"]}),
  ):
    name = columns[index]["name"]
    assert f"column {name!r} is " in schema.difference(changed(index, **options))
  assert schema.difference(Schema(columns[1:])) == (
    "it has the columns ['b', 'c', 'd'], and not ['a', 'b', 'c', 'd']"
  )
