"""Applies the model of a run to examples: latents, anomalies, missing values, ...

  aevb-apply TASK --workdir=RUN --to=DIR [--input=FILE_OR_FOLDER] [--split=SPLIT]
             [--seed=0] [--OPTION=VALUE ...]

The input is a .npy, .npz, .csv or .parquet file, or a folder of images, as in training;
without it, the task is about the test data of the run. DIR appears whole or not at all,
and nothing is overwritten. It has a table with a row for each example, arrays, examples
in the form of the input, and a picture.

Examples:
  aevb-apply embed --workdir=runs/digits --to=answers/latents
  aevb-apply anomalies --workdir=runs/parts --input=photos/ --to=answers/photos
  aevb-apply impute --workdir=runs/patients --input=new.csv --to=answers/new
"""

import pathlib
from collections.abc import Callable

from absl import flags

import aevb_tf_cli
from aevb_tf import publish
from aevb_tf.apply.tasks import OPTIONS, TASKS, Task
from aevb_tf.registry import did_you_mean
from aevb_tf.training import command_line, configuration
from aevb_tf.training.configuration import ConfigError
from aevb_tf.training.run_folder import RunFolder

_DEFINE: dict[type, Callable[..., object]] = {
  int: flags.DEFINE_integer,
  float: flags.DEFINE_float,
  str: flags.DEFINE_string,
}


def run() -> None:
  """The console script `aevb-apply`."""
  command_line.run("aevb-apply", main)


def main(argv: list[str]) -> int:
  """Reads the command line, answers, and prints where the files are.

  Args:
    argv: The command line, the program's name first.

  Returns:
    The exit code.
  """
  values = _flags()
  if command_line.wants_help(argv):
    print(_help(values))
    return 0
  words = command_line.parse(values, argv)
  name = _task(argv, words)
  command_line.require(values, argv, ("workdir", "to"))
  options = _options(values, name)
  folder = RunFolder(values.workdir)
  folder.check_is_run()
  publish.check_free(values.to)
  config = configuration.from_json(folder.config)
  if values.data_dir:
    configuration.assign(config, "data_dir", values.data_dir, "--data_dir")
  # Imported after the flags are read.
  aevb_tf_cli.import_package()
  from aevb_tf.apply.applying import apply

  summary = apply(
    name,
    folder,
    config,
    values.to,
    source=values.input,
    split=values.split,
    seed=values.seed,
    **options,
  )
  for line in summary:
    print(line)
  print("\nWritten:")
  for path in sorted(pathlib.Path(values.to).iterdir()):
    print(f"  {path}{'/' if path.is_dir() else ''}")
  return 0


def _task(argv, words) -> str:
  """The task, the one word of the command line that is not a flag."""
  names = ", ".join(TASKS)
  if not words:
    raise ConfigError(f"TASK is missing: type {argv[0]} TASK ..., one of {names}.")
  first, *more = words
  if first not in TASKS:
    raise ConfigError(f"{first}: unknown task.{did_you_mean(first, TASKS)}")
  if more:
    raise ConfigError(
      f"{more[0]}: not a flag; there is one task in a command, {first}."
    )
  return first


def _options(values, name) -> dict:
  """The options of a task; those of other tasks must not be set."""
  task = TASKS[name]
  for option in OPTIONS:
    if values[option].present and option not in task.options:
      own = ", ".join(f"--{o}" for o in task.options) or "no options"
      raise ConfigError(f"--{option}: {name} does not have this option. It has {own}.")
  return {option: values[option].value for option in task.options}


def _flags() -> flags.FlagValues:
  values = flags.FlagValues()
  for name, text in (
    ("workdir", "Folder of the run."),
    ("input", "A file, a folder of images, or the name of data; by default the run's."),
    ("to", "Folder of the answer, which must not exist."),
    (
      "split",
      "Split of the input; by default all of a file or folder, otherwise test.",
    ),
    ("data_dir", "Folder with prepared data; by default that of the training."),
  ):
    flags.DEFINE_string(name, None, text, flag_values=values)
  flags.DEFINE_integer("seed", 0, "Of all noise.", flag_values=values)
  for name, option in OPTIONS.items():
    takers = ", ".join(task for task in TASKS if name in TASKS[task].options)
    _DEFINE[type(option.default)](
      name, option.default, f"For {takers}. {option.about}", flag_values=values
    )
  return values


def _help(values) -> str:
  return "\n".join(
    [
      __doc__,
      "Tasks:",
      aevb_tf_cli.columns({name: _about(task) for name, task in TASKS.items()}),
      "",
      "Flags:",
      command_line.flags_help(values),
    ]
  )


def _about(task: Task) -> str:
  own = ", ".join(f"--{name}" for name in task.options)
  return f"{task.about}{f'; {own}' if own else ''}"


if __name__ == "__main__":
  run()
