"""Exports the model of a run folder, and verifies what it wrote.

  aevb-export --workdir=RUN --to=DIR [--formats=saved_model,tflite,serving,web]
              [--name=NAME] [--litertjs=FOLDER]
              [--quantize=none|float16|dynamic|int8] [--max_nats=1] [--data_dir=DIR]
              [--max_samples=N] [--num_importance_samples=N] [--batch_size=N]

Writes a SavedModel, LiteRT files, the folder of a server and a page for browsers if
they are asked for, and what `aevb-verify` needs to check them anywhere. The page's
runtime, LiteRT.js, is fetched once through npm; --litertjs names a folder with it.
DIR appears whole or not at all, and nothing is overwritten. A quantized model is judged
by the bound of test data of the run, and refused if it moved by more than --max_nats.
"""

import os
import pathlib
import shlex

from absl import flags

from aevb_tf.registry import did_you_mean, names_in
from aevb_tf.training import command_line, quietly
from aevb_tf.training.run_folder import RunFolder

FORMATS = names_in(pathlib.Path(__file__).with_name("formats.py"))
# Those of `quantization`, which needs TensorFlow.
KINDS = ("none", "float16", "dynamic", "int8")


def run() -> None:
  """The console script `aevb-export`."""
  command_line.run("aevb-export", main)


def main(argv: list[str]) -> int:
  """Reads the command line, exports, and prints what was verified.

  Args:
    argv: The command line, the program's name first.

  Returns:
    The exit code.
  """
  values = _flags()
  if command_line.wants_help(argv):
    command_line.print_help(__doc__, values)
    return 0
  if unknown := command_line.parse(values, argv, required=("workdir", "to")):
    why = "the config is that of the run" if "config." in unknown[0] else "no flag"
    raise command_line.ConfigError(
      f"{unknown[0]}: {why}; see --help for what can be set."
    )
  for name in values.formats:
    if name not in FORMATS:
      near = did_you_mean(name, FORMATS)
      raise command_line.ConfigError(f"--formats={name}: unknown format.{near}")
  RunFolder(values.workdir).check_is_run()
  # Only now, with the flags read.
  quietly.import_package()
  from aevb_tf.export import tables
  from aevb_tf.export.exporting import export

  report = export(
    values.workdir,
    values.to,
    values.formats,
    values.name,
    values.quantize,
    values.max_nats,
    values.max_samples,
    values.num_importance_samples,
    values.batch_size,
    values.data_dir,
    values.litertjs,
  )
  print(f"{report.manifest['name']}, differences from the model:\n")
  print(tables.verification(report))
  verify = command_line.spelled("aevb-verify")
  print(f"\nTo verify it again:\n  {verify} {shlex.quote(values.to)}")
  if "web" in values.formats:
    page = shlex.quote(os.path.join(values.to, "web"))
    print(f"\nTo look at the page:\n  python -m http.server --directory {page}")
  return 0


def _flags() -> flags.FlagValues:
  values = flags.FlagValues()
  for name, text in (
    ("workdir", "Folder of the run."),
    ("to", "Folder to make."),
    ("name", "What the export is called; by default as the run's config."),
    ("data_dir", "Folder with prepared data; by default that of the training."),
    (
      "litertjs",
      "Folder with LiteRT.js as `npm pack` gives it; by default npm is asked.",
    ),
  ):
    flags.DEFINE_string(name, None, text, flag_values=values)
  flags.DEFINE_list(
    "formats",
    "saved_model,tflite",
    f"What to write, of {','.join(FORMATS)}; saved_model,tflite by default.",
    flag_values=values,
  )
  flags.DEFINE_enum(
    "quantize",
    "none",
    KINDS,
    f"How LiteRT files store numbers: {', '.join(KINDS)}.",
    flag_values=values,
  )
  flags.DEFINE_float(
    "max_nats",
    1.0,
    "How far quantization may move the bound, nats.",
    lower_bound=0.0,
    flag_values=values,
  )
  for name, default, text in (
    ("max_samples", 1024, "The most that `sample` draws in one request."),
    ("num_importance_samples", 100, "Samples of `log_marginal` for each datum."),
    ("batch_size", 1, "Batch of the LiteRT file with fixed shapes."),
  ):
    flags.DEFINE_integer(name, default, text, lower_bound=1, flag_values=values)
  return values


if __name__ == "__main__":
  run()
