"""Exports the model of a run folder, and verifies what it wrote.

  aevb-export --workdir=RUN --to=DIR [--formats=saved_model,tflite,serving,web]
              [--name=NAME] [--litertjs=FOLDER] [--detector=FILE]
              [--quantize=none|float16|dynamic|int8] [--max_nats=1] [--data_dir=DIR]
              [--max_samples=N] [--num_importance_samples=N] [--batch_size=N]

Writes the given formats, of a SavedModel, LiteRT files, the folder of a server and a
page for browsers, and what `aevb-verify` needs to check them anywhere. The page's
runtime, LiteRT.js, is fetched once through npm; --litertjs names a folder with it.
DIR appears whole or not at all, and nothing is overwritten. A quantized model is judged
by the bound of test data of the run, and refused if it changed by more than --max_nats.
--detector adds an AnomalyDetector of the run's model, as its `save` wrote it: its score,
p-value and verdict are the signature `anomaly`.

Examples:
  aevb-export --workdir=runs/digits --to=exports/digits
  aevb-export --workdir=runs/digits --to=exports/page --formats=web
  aevb-export --workdir=runs/digits --to=exports/small --formats=tflite --quantize=float16
"""

import dataclasses
import os
import shlex
from typing import Any

from absl import flags

import aevb_tf_cli
from aevb_tf.export.config import FORMATS, QUANTIZATION_KINDS, ExportConfig
from aevb_tf.registry import did_you_mean
from aevb_tf.training import command_line
from aevb_tf.training.run_folder import RunFolder


def run() -> None:
  """The console script `aevb-export`."""
  command_line.run("aevb-export", main)


def main(argv: list[str]) -> int:
  """Reads the command line, exports, and prints the verification's report.

  Args:
    argv: The command line, the program's name first.

  Returns:
    The exit code.
  """
  values = _flags()
  if command_line.wants_help(argv):
    command_line.print_help(__doc__, values)
    return 0
  unknown = command_line.parse(values, argv)
  command_line.require(values, argv, ("workdir", "to"), unknown)
  if unknown:
    why = "the config is that of the run" if "config." in unknown[0] else "not a flag"
    raise command_line.ConfigError(
      f"{unknown[0]}: {why}; see --help for what can be set."
    )
  for name in values.formats:
    if name not in FORMATS:
      near = did_you_mean(name, FORMATS)
      raise command_line.ConfigError(f"--formats={name}: unknown format.{near}")
  RunFolder(values.workdir).check_is_run()
  # After the flags are read, since it takes seconds.
  aevb_tf_cli.import_package()
  from aevb_tf.export import conversion, exporting, report

  names = [field.name for field in dataclasses.fields(ExportConfig)]
  options: dict[str, Any] = {name: values[name].value for name in names}
  options["formats"] = tuple(values.formats)
  with conversion.converter_notes_dropped():
    verified = exporting.export_run(values.workdir, values.to, ExportConfig(**options))
  print(f"{verified.manifest['name']}, differences from the model:\n")
  print(report.format_artifacts(verified))
  verify = command_line.spelled("aevb-verify")
  print(f"\nTo verify it again:\n  {verify} {shlex.quote(values.to)}")
  if "web" in values.formats:
    page = shlex.quote(os.path.join(values.to, "web"))
    print(f"\nTo look at the page:\n  python -m http.server --directory {page}")
  return 0


def _flags() -> flags.FlagValues:
  values, default = flags.FlagValues(), ExportConfig()
  for name, text in (
    ("workdir", "Folder of the run."),
    ("to", "Folder to create."),
    ("name", "Name of the export; by default the name of the run's config."),
    ("data_dir", "Folder with prepared data; by default the one used for training."),
    ("detector", "File of an AnomalyDetector of the run's model, to export with it."),
    (
      "litertjs",
      "Folder with LiteRT.js as `npm pack` writes it; by default npm fetches it.",
    ),
  ):
    flags.DEFINE_string(name, None, text, flag_values=values)
  flags.DEFINE_list(
    "formats",
    ",".join(default.formats),
    f"What to write, of {', '.join(FORMATS)}.",
    flag_values=values,
  )
  flags.DEFINE_enum(
    "quantize",
    default.quantize,
    QUANTIZATION_KINDS,
    "How LiteRT files store numbers.",
    flag_values=values,
  )
  flags.DEFINE_float(
    "max_nats",
    default.max_nats,
    "How much quantization may change the bound, nats.",
    lower_bound=0.0,
    flag_values=values,
  )
  for name, text in (
    ("max_samples", "The most that `sample` draws in one request."),
    ("num_importance_samples", "Samples of `log_marginal` for each example."),
    ("batch_size", "Batch size of the LiteRT file with fixed shapes."),
  ):
    flags.DEFINE_integer(
      name, getattr(default, name), text, lower_bound=1, flag_values=values
    )
  return values


if __name__ == "__main__":
  run()
