"""Parquet files that are read in parts: the rows, the schema and the memory."""

import dataclasses
import subprocess
import sys

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import aevb_tf as aevb
from aevb_tf import data
from aevb_tf.data import parquet
from aevb_tf.data.tables import Table
from aevb_tf.tables import Schema
from tests.data import harness

NUM_ROWS = 1000


def frame():
  rng = np.random.default_rng(0)
  table = {
    "number": np.arange(NUM_ROWS) * 0.5,  # identifies the row
    "height": rng.normal(170, 10, NUM_ROWS),
    "price": np.exp(rng.normal(size=NUM_ROWS)),
    "visits": rng.poisson(np.exp(rng.normal(2, 1, NUM_ROWS))),
    "pet": rng.choice(["cat", "dog", "hen"], NUM_ROWS),
    "id": [f"{i}" for i in range(NUM_ROWS)],
    "row": np.arange(NUM_ROWS) + 7,
    "day": np.datetime64("2020-01-01") + rng.integers(0, 900, NUM_ROWS),
    "size": pd.Categorical(rng.choice(["S", "M"], NUM_ROWS), ["S", "M"], ordered=True),
  }
  return pd.DataFrame(table)


FRAME = frame()


@pytest.fixture(scope="module")
def path(tmp_path_factory):
  path = tmp_path_factory.mktemp("table") / "t.parquet"
  FRAME.to_parquet(path, index=False, row_group_size=130)
  return path


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
  """Parts of fewer rows than a row group, and a buffer of two groups."""
  monkeypatch.setattr(parquet, "_ROWS_OF_A_PART", 50)
  monkeypatch.setattr(parquet, "_BUFFER_ROWS", 260)


def in_parts(path, **options):
  found = data.table(path, in_memory=False, **options)
  assert isinstance(found, tf.data.Dataset)
  return found


def numbers(stream):
  """The row numbers of a pass."""
  schema = stream.schema
  x = np.concatenate([x for x, _ in stream])
  return np.round(2 * schema.decode(x)["number"]).astype(int)


def test_all_rows_in_their_order(path):
  stream, memory = in_parts(path, batch_size=64), data.table(path, batch_size=64)
  assert [c.kind for c in stream.schema] == [c.kind for c in memory.schema]
  for (x, y), (wanted, _) in zip(stream, memory, strict=True):
    np.testing.assert_allclose(x, wanted, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(y, np.full(len(x), -1))


def test_the_schema_is_that_of_the_whole_table(path):
  found, wanted = in_parts(path).schema, Schema.infer(FRAME)
  for column, other in zip(found, wanted, strict=True):
    numbers = ("location", "scale", "dispersion")
    for name in numbers:
      assert getattr(column, name) == pytest.approx(getattr(other, name), rel=1e-9)
    same = {name: getattr(other, name) for name in numbers}
    # Parquet keeps the dates of pandas as times.
    same |= {"type": other.type, "resolution": other.resolution}
    assert dataclasses.replace(column, **same) == other


@pytest.mark.parametrize("batch_size", [7, 300, 5000])
def test_each_row_is_seen_once_in_an_epoch(path, batch_size):
  stream = in_parts(path, batch_size=batch_size, shuffle=True)
  first, second = numbers(stream), numbers(stream)
  for order in (first, second):
    np.testing.assert_array_equal(np.sort(order), np.arange(NUM_ROWS))
  assert not np.array_equal(first, second)
  again = in_parts(path, batch_size=batch_size, shuffle=True)
  np.testing.assert_array_equal(numbers(again), first)
  # Row groups come in another order, and the rows of several are mixed.
  assert np.mean(np.diff(first) == 1) < 0.05
  assert np.ptp(first[:260]) > 260


def test_short_batches_are_left_out(path):
  stream = in_parts(path, batch_size=300, shuffle=True, drop_remainder=True)
  assert [len(x) for x, _ in stream] == [300] * 3 and len(stream) == 3


def test_the_splits_are_those_in_memory(path):
  for split in ("train", "test"):
    stream, memory = in_parts(path, split=split), data.table(path, split=split)
    found = np.sort(numbers(stream))
    wanted = np.round(2 * memory.schema.decode(memory.x)["number"])
    np.testing.assert_array_equal(found, np.sort(wanted))
    assert isinstance(data.load(path, split, in_memory=False), tf.data.Dataset)


@pytest.mark.parametrize(
  "check",
  [
    harness.splits_are_what_they_say,
    harness.opening_again_gives_the_same,
    harness.an_unknown_split_is_named,
    harness.a_stream_shuffles_by_its_seed_and_epoch,
  ],
)
def test_it_is_a_source(path, check):
  check(harness.Case(lambda: Table(path, in_memory=False)))


def test_large_files_are_read_in_parts(path, monkeypatch):
  assert not isinstance(data.table(path), tf.data.Dataset)
  monkeypatch.setattr(data.sources, "IN_MEMORY_BYTES", 4 * NUM_ROWS * 9 - 1)
  assert isinstance(data.table(path), tf.data.Dataset)
  assert not isinstance(data.table(path, in_memory=True), tf.data.Dataset)


def test_missing_values(tmp_path):
  rng = np.random.default_rng(1)
  incomplete = FRAME[["height", "pet"]].mask(rng.random((NUM_ROWS, 2)) < 0.1)
  incomplete.to_parquet(tmp_path / "t.parquet", index=False, row_group_size=130)
  stream = in_parts(tmp_path / "t.parquet")
  assert [c.num_missing for c in stream.schema] == list(incomplete.isna().sum())
  x = np.concatenate([x for x, _ in stream])
  np.testing.assert_array_equal(np.isnan(x), incomplete.isna())
  count = incomplete["height"].isna().sum()
  with pytest.raises(ValueError, match=f"'height': {count} of 1000 values are missing"):
    in_parts(tmp_path / "t.parquet", missing=False)


def test_missing_values_of_a_condition_are_counted_in_all_parts(tmp_path):
  incomplete = FRAME.assign(height=FRAME["height"].where(FRAME.index % 100 != 3))
  incomplete.to_parquet(tmp_path / "t.parquet", row_group_size=64)
  with pytest.raises(ValueError, match="'height': 10 of 1000 values are missing: fill"):
    in_parts(tmp_path / "t.parquet", condition=["height"])


def test_a_condition(path):
  stream = in_parts(path, condition=["pet"], batch_size=NUM_ROWS)
  (_, y), *_ = stream
  assert [c.name for c in stream.condition] == ["pet"]
  np.testing.assert_array_equal(stream.condition.decode(y)["pet"], FRAME["pet"])
  assert "pet" not in [c.name for c in stream.schema]


def test_the_missing_values_of_a_condition_are_those_of_the_whole_file(tmp_path):
  lost = FRAME.assign(pet=FRAME["pet"].mask(np.arange(NUM_ROWS) % 4 == 0))
  lost.to_parquet(tmp_path / "t.parquet", index=False, row_group_size=130)
  for in_memory in (True, False):
    with pytest.raises(ValueError, match="'pet': 250 of 1000 values are missing: fill"):
      data.table(tmp_path / "t.parquet", condition=["pet"], in_memory=in_memory)


def test_values_that_do_not_fit_are_found_when_it_is_opened(path, tmp_path):
  options = {"pet": {"kind": "categorical", "levels": ["cat", "dog"]}}
  with pytest.raises(ValueError, match="column 'pet': 'hen' is not one of its levels"):
    in_parts(path, schema=options)
  schema = Schema.infer(FRAME[["height"]].assign(weight=FRAME["height"]))
  with pytest.raises(ValueError, match="has no column 'weight'.*Did you mean height"):
    in_parts(path, schema=schema)
  assert in_parts(path, schema=Schema.infer(FRAME[["height"]])).element_spec[
    0
  ].shape == (None, 1)
  (tmp_path / "t.parquet").write_text("a,b\n1,2\n")
  with pytest.raises(ValueError, match="cannot be read as Parquet: "):
    in_parts(tmp_path / "t.parquet")
  with pytest.raises(FileNotFoundError):
    in_parts(tmp_path / "absent.parquet")


def test_a_model_trains_on_it(path):
  """The same order of rows gives the same weights as rows in memory."""
  stream, memory = (in_parts(path, batch_size=50), data.table(path, batch_size=50))
  weights = []
  for rows in (stream, memory):
    keras.utils.set_random_seed(0)
    vae = aevb.VAE.for_table(rows, latent_dim=2, hidden_units=(8,), seed=0)
    vae.compile(keras.optimizers.Adam(0.01))
    history = vae.fit(rows, epochs=3, verbose=0).history
    assert history["elbo"][-1] > history["elbo"][0]
    weights.append(vae.get_weights())
  for found, wanted in zip(*weights, strict=True):
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-4)


_PASS = """
import resource, sys
import numpy as np, pyarrow as pa, pyarrow.parquet
import aevb_tf as aevb

rng = np.random.default_rng(0)
names = [f"c{i}" for i in range(10)]
part = pa.table({name: rng.normal(size=50_000) for name in names})
with pa.parquet.ParquetWriter("t.parquet", part.schema) as f:
  for _ in range(int(sys.argv[1]) // 50_000):
    f.write_table(part)
rows = aevb.data.table("t.parquet", batch_size=10_000, shuffle=True, in_memory=False)
assert sum(len(x) for x, _ in rows) == int(sys.argv[1])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def test_memory_does_not_grow_with_the_file(tmp_path):
  def peak(num_rows):
    command = [sys.executable, "-c", _PASS, str(num_rows)]
    return int(subprocess.check_output(command, cwd=tmp_path, text=True))

  # As float32, 1.8 million more rows of 10 columns are 69 MiB, and 137 MiB in Arrow.
  assert peak(2_000_000) - peak(200_000) < 40
