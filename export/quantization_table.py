"""The cost and the gain of quantization, measured on the test data of a run.

  python -m aevb_tf.export.quantization_table --workdir=RUN [--workdir=RUN ...]
                                              [--data_dir=DIR]

Prints, for each run and each kind: the size of the LiteRT file, the median time of one
`reconstruct` and one `elbo` of a single example in LiteRT on one core, the change of the
mean bound of the test data in nats, and that of a pixel of the reconstruction.
"""

import pathlib
import tempfile
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from absl import flags

from aevb_tf.export.config import QUANTIZATION_KINDS, ExportConfig
from aevb_tf.training import command_line

if TYPE_CHECKING:
  from aevb_tf.export import formats

_REPEATS = 200


class Row(NamedTuple):
  """One file; times in seconds."""

  kind: str
  size: int
  reconstruct_seconds: float
  elbo_seconds: float
  nats: float
  reconstruction: float


def run() -> None:
  """The command."""
  command_line.run("quantization_table", main)


def main(argv: list[str]) -> int:
  """Reads the command line, and prints a table for each run.

  Args:
    argv: The command line, the program's name first.

  Returns:
    The exit code.
  """
  values = flags.FlagValues()
  flags.DEFINE_multi_string("workdir", None, "Folders of runs.", flag_values=values)
  flags.DEFINE_string("data_dir", None, "Folder with data.", flag_values=values)
  if command_line.wants_help(argv):
    print(__doc__)
    return 0
  command_line.require(values, argv, ("workdir",), command_line.parse(values, argv))
  from aevb_tf.export import conversion, exporting

  config = ExportConfig(quantize="int8", data_dir=values.data_dir)
  for workdir in values.workdir:
    with conversion.converter_notes_dropped(), exporting.errors_on_one_line():
      job = exporting.load_job(workdir, config)
      table = measure(job)
    print(f"{job.name}, {sum(np.size(w) for w in job.vae.weights):,} weights\n")
    print(format_table(table))
  return 0


def measure(job: "formats.Job") -> list[Row]:
  """Quantizes a model to every kind.

  Args:
    job: A `formats.Job` with data.

  Returns:
    A row for each kind, `none` first.
  """
  return [_row(job, kind) for kind in QUANTIZATION_KINDS]


def _row(job, kind):
  from aevb_tf.export import runtimes
  from aevb_tf.export.tflite import tflite

  with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "model.tflite"
    data = (job.representative_data, job.test_data)
    metadata = tflite(job.vae, path, kind, *data, max_nats=np.inf, **job.options)
    x, seed = job.test_data[:1], np.array([0, 1], np.int32)
    calls = [runtimes.Call("reconstruct", {"x": x})]
    calls += [runtimes.Call("elbo", {"x": x, "seed": seed})]
    answers = runtimes.run("litert", path, calls, _REPEATS)
    size = path.stat().st_size
  change = metadata["quantization"]
  nats, pixels = (change.get(key, 0.0) for key in ("nats", "reconstruction"))
  reconstruct, elbo = (np.nan if a.seconds is None else a.seconds for a in answers)
  return Row(kind, size, reconstruct, elbo, nats, pixels)


def format_table(table: list[Row]) -> str:
  """A table in Markdown."""
  whole = table[0].size
  head = "| quantize | bytes | of float | reconstruct | elbo | bound | pixel |"
  body = [
    f"| {row.kind} | {row.size:,} | {row.size / whole:.1%} |"
    f" {1e3 * row.reconstruct_seconds:.2f} ms | {1e3 * row.elbo_seconds:.2f} ms |"
    f" {row.nats:+.3f} nats | {row.reconstruction:.5f} |"
    for row in table
  ]
  return "\n".join([head, "|---|---|---|---|---|---|---|", *body, ""])


if __name__ == "__main__":
  run()
