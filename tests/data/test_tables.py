"""Tables as data sets: the same rows from a path and from memory, and their schema."""

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from aevb_tf import data
from aevb_tf.tables import Schema

FRAME = pd.DataFrame(
  {"height": np.linspace(-1.0, 2.0, 40) ** 2, "pet": ["cat", "dog", "hen", "cow"] * 10}
)
INCOMPLETE = FRAME.mask(FRAME.index.to_numpy()[:, np.newaxis] % 7 == [3, 5])


@pytest.fixture
def path(tmp_path):
  FRAME.to_csv(tmp_path / "t.csv", index=False)
  return tmp_path / "t.csv"


def test_all_rows_in_their_order():
  rows = data.table(FRAME)
  schema = Schema.infer(FRAME)
  assert rows.schema == schema
  np.testing.assert_array_equal(rows.x, schema.encode(FRAME))
  np.testing.assert_array_equal(rows.y, np.full(40, -1))
  batch, _ = rows[0]
  np.testing.assert_array_equal(batch, rows.x)
  assert not rows.shuffle and rows.event_shape == (2,)


def test_the_splits_of_a_file_and_of_memory_are_equal(path):
  for split in ("train", "test"):
    loaded, rows = data.load(path, split), data.table(FRAME, split=split)
    assert loaded.schema == rows.schema == Schema.infer(path)
    assert loaded.shuffle == rows.shuffle == (split == "train")
    np.testing.assert_array_equal(loaded.x, rows.x)
  parts = [data.load(path, split).x for split in ("train", "test")]
  assert [len(x) for x in parts] == [36, 4]
  whole = data.table(path).x
  np.testing.assert_array_equal(
    np.sort(np.concatenate(parts), axis=0), np.sort(whole, axis=0)
  )


def test_paths_are_below_the_data_folder(path):
  assert data.load("t.csv", data_dir=path.parent).num_examples == 36


def test_a_stream_has_the_schema(path):
  stream = data.load(path, in_memory=False)
  assert isinstance(stream, tf.data.Dataset) and stream.schema == Schema.infer(path)


def test_what_is_given_of_the_schema(path):
  kinds = {"pet": "ordinal"}
  options = {"pet": {"kind": "ordinal", "levels": ["hen", "cat", "dog", "cow"]}}
  for rows in (data.table(FRAME, options), data.load(path, schema=options)):
    assert rows.schema["pet"].kind == "ordinal"
    assert rows.schema["height"] == Schema.infer(FRAME)["height"]
  with pytest.raises(ValueError, match="column 'pet': kind 'ordinal' of text"):
    data.load(path, schema=kinds)
  with pytest.raises(ValueError, match="schema: digits is not a table"):
    data.load("digits", schema=kinds)


def test_missing_values():
  rows = data.table(INCOMPLETE)
  assert rows.schema.has_missing and np.isnan(rows.x).sum() == 11
  np.testing.assert_array_equal(rows[0][0], rows.x)
  assert not data.table(FRAME).schema.has_missing
  with pytest.raises(ValueError, match="column 'height': 6 of 40 values are missing"):
    data.table(INCOMPLETE, missing=False)


def test_missing_values_of_a_file_are_asked_for(tmp_path):
  INCOMPLETE.to_csv(tmp_path / "t.csv", index=False)
  with pytest.raises(
    ValueError, match="column 'height': . of .. values are missing: pa"
  ):
    data.load(tmp_path / "t.csv")
  rows = data.load(tmp_path / "t.csv", missing=True)
  assert np.isnan(rows.x).any()


def test_one_row(tmp_path):
  (tmp_path / "t.csv").write_text("a,b\n1,2\n")
  with pytest.raises(ValueError, match="t.csv has one row"):
    data.load(tmp_path / "t.csv")
  with pytest.raises(ValueError, match="holds one example; train and test need two"):
    data.table(
      {"a": [1.5], "b": [2]}, Schema.infer({"a": [1.5, -2.5, 3.0]}), split="test"
    )
