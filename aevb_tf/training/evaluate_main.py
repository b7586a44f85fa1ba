"""Evaluates the model of a run folder on a whole split of its data.

  aevb-evaluate --workdir=DIR [--split=test] [--batch_size=N] [--data_dir=DIR]
                [--evidence=METHOD [--num_samples=N]] [--samples]
                [--max_examples=N]

Prints the bound and its parts, in nats per example, and writes them into the folder as
evaluation-SPLIT.json. If the run is not finished, it uses the newest checkpoint.

Examples:
  aevb-evaluate --workdir=runs/digits
  aevb-evaluate --workdir=runs/digits --split=train
  aevb-evaluate --workdir=runs/digits --evidence=importance --num_samples=1000
  aevb-evaluate --workdir=runs/digits --samples
"""

import pathlib

from absl import flags

import aevb_tf_cli
from aevb_tf.registry import names_in
from aevb_tf.training import command_line, report
from aevb_tf.training.run_folder import RunFolder

METHODS = names_in(pathlib.Path(__file__).parents[1] / "evidence")


def run() -> None:
  """The console script `aevb-evaluate`."""
  command_line.run("aevb-evaluate", main)


def main(argv: list[str]) -> int:
  """Reads the command line, evaluates, and prints a table.

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
  command_line.require(values, argv, ("workdir",), unknown)
  if unknown:
    raise command_line.ConfigError(
      f"{unknown[0]}: the config of a run cannot be changed; see --help for the flags."
    )
  if values.num_samples is not None and values.evidence is None:
    raise command_line.ConfigError("--num_samples needs --evidence.")
  if values.max_examples is not None and not (values.evidence or values.samples):
    raise command_line.ConfigError("--max_examples needs --evidence or --samples.")
  RunFolder(values.workdir).check_is_run()
  # Imported after the flags are read.
  aevb_tf_cli.import_package()
  from aevb_tf.training.evaluate import evaluate

  values_of = evaluate(
    values.workdir,
    values.split,
    values.batch_size,
    values.data_dir,
    values.evidence,
    values.num_samples,
    values.max_examples,
    values.samples,
  )
  print(f"{values.workdir}, {values_of['model']}")
  print(report.lines(values_of, values.split))
  if "evidence" in values_of:
    print(report.evidence_lines(values_of["evidence"], "condition" in values_of))
  if "samples" in values_of:
    print(report.sample_lines(values_of["samples"]))
  return 0


def _flags() -> flags.FlagValues:
  values = flags.FlagValues()
  for name, default, text in (
    ("workdir", None, "Folder of the run."),
    ("split", "test", "Split of the data."),
    ("data_dir", None, "Folder with prepared data; by default that of the training."),
  ):
    flags.DEFINE_string(name, default, text, flag_values=values)
  flags.DEFINE_enum(
    "evidence",
    None,
    METHODS,
    "Estimates log p(x), too.",
    flag_values=values,
  )
  flags.DEFINE_boolean(
    "samples",
    False,
    "Measures the quality of samples, too: precision, recall, copies of training examples.",
    flag_values=values,
  )
  for name, text in (
    ("batch_size", "Batch size; by default that of the training."),
    (
      "num_samples",
      "Samples of --evidence for each example; by default that of the method.",
    ),
    (
      "max_examples",
      "Examples of --evidence, by default all, or fewer if the method is slow; and of "
      "--samples, by default 1000.",
    ),
  ):
    flags.DEFINE_integer(name, None, text, lower_bound=1, flag_values=values)
  return values


if __name__ == "__main__":
  run()
