"""Chooses the batch size of a server from a measurement.

A server that batches concatenates the rows of concurrent requests, computes them in one
call and splits the result. That helps if a call with many rows costs little more than a
call with one, and it delays requests, since they wait for others.

Only signatures whose rows are independent can be batched so. `sample`, `elbo`,
`log_marginal` and `anomaly` take one seed for all rows, and number the rows by their place in the
request: concatenated, they would be refused or answered with other noise. A server
batches all signatures of a model or none, so a batched model has only the others.
"""

import os
import pathlib
import statistics
import time
from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from aevb_tf.export.saved_model import load

ROW_WISE = ("encode", "decode", "reconstruct")
FILE = "batching_params.pbtxt"  # in a version's folder, for that model only
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_GOOD_ENOUGH = 0.9
_LARGEST_REQUEST = 4096
_QUEUED_BATCHES = 100


class Point(NamedTuple):
  """The time of one call: rows, and seconds for all of them."""

  rows: int
  seconds: float

  @property
  def rows_per_second(self) -> float:
    """Throughput of one thread."""
    return self.rows / self.seconds


class Batching(NamedTuple):
  """The most rows in a call, and how long a request may wait for others."""

  rows: int
  timeout_micros: int


def measure(
  folder: str | os.PathLike, sizes: Sequence[int] = SIZES, repeats: int = 10
) -> list[Point]:
  """Measures a SavedModel.

  Args:
    folder: The SavedModel; the last of its signatures with independent rows is timed,
      `reconstruct` if it has that.
    sizes: Numbers of rows.
    repeats: Number of calls, of which the median is taken.

  Returns:
    A point for each size.

  Raises:
    ValueError: No signature has independent rows.
  """
  signatures = load(folder).signatures
  row_wise = [name for name in ROW_WISE if name in signatures]
  if not row_wise:
    raise ValueError(f"{folder} has no signature to batch: none of {ROW_WISE}.")
  function = signatures[row_wise[-1]]
  specs = function.structured_input_signature[1]

  def inputs(rows):  # 0 is a class, too
    return {k: tf.zeros((rows, *s.shape[1:]), s.dtype) for k, s in specs.items()}

  return [Point(rows, _seconds(function, inputs(rows), repeats)) for rows in sizes]


def _seconds(function, inputs, repeats):
  times = []
  for i in range(repeats + 1):
    start = time.perf_counter()
    function(**inputs)
    if i:  # the first call allocates
      times.append(time.perf_counter() - start)
  return statistics.median(times)


def choose(curve: Sequence[Point]) -> Batching:
  """Chooses from a curve.

  Args:
    curve: What `measure` returned.

  Returns:
    The smallest batch with 90% of the best throughput: more rows only delay. Requests
    wait for others as long as one row takes, which at most doubles their time.
  """
  best = max(point.rows_per_second for point in curve)
  rows = next(
    point.rows for point in curve if point.rows_per_second >= _GOOD_ENOUGH * best
  )
  alone = min(curve, key=lambda point: point.rows)
  return Batching(rows, max(1, round(1e6 * alone.seconds / alone.rows)))


def format_table(curve: Sequence[Point]) -> str:
  """The curve as text, with the choice marked."""
  chosen = choose(curve)
  lines = [f"{'rows':>6}{'ms a call':>12}{'rows/s':>12}"]
  for point in curve:
    mark = "  <- chosen" if point.rows == chosen.rows else ""
    lines.append(
      f"{point.rows:>6}{1e3 * point.seconds:>12.3f}{point.rows_per_second:>12.0f}{mark}"
    )
  lines.append(f"requests wait at most {chosen.timeout_micros} us for others")
  return "\n".join(lines)


def write(folder: pathlib.Path, curve: Sequence[Point]) -> None:
  """Writes the choice and its reason into the folder of a version."""
  chosen = choose(curve)
  why = "".join(f"# {line}\n" for line in format_table(curve).splitlines())
  (folder / FILE).write_text(
    f"{why}"
    "# A request of more rows is taken apart.\n"
    f"max_batch_size {{ value: {_LARGEST_REQUEST} }}\n"
    "enable_large_batch_splitting { value: true }\n"
    f"max_execution_batch_size {{ value: {chosen.rows} }}\n"
    f"batch_timeout_micros {{ value: {chosen.timeout_micros} }}\n"
    "# With more than that waiting, requests fail at once as UNAVAILABLE.\n"
    f"max_enqueued_batches {{ value: {_QUEUED_BATCHES} }}\n",
    encoding="utf-8",
  )
