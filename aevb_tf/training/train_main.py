"""Trains a variational auto-encoder, and leaves its numbers and pictures in a folder.

  aevb-train --config=NAME_OR_FILE --workdir=DIR [--config.key=value ...]

Examples:
  aevb-train --config=digits --workdir=runs/digits
  aevb-train --config=mnist --workdir=runs/mnist --config.epochs=20
  aevb-train --config=mine.py --workdir=runs/mine --config.hidden_units=500,200
  aevb-train --config=digits --workdir=runs/g --config.likelihood=gaussian \\
      --config.likelihood.unit_mean=true
  aevb-train --config=runs/digits/config.json --workdir=runs/again

Ctrl-C stops a run and keeps its last finished epoch; the same command resumes it.
"""

import shlex
import sys

from absl import flags

from aevb_tf.training import (
  checks,
  command_line,
  configuration,
  overrides,
  quietly,
  report,
)
from aevb_tf.training.run_folder import RunFolder


def run() -> None:
  """The console script `aevb-train`."""
  command_line.run("aevb-train", main)


def main(argv: list[str]) -> int:
  """Reads the command line, trains, and says what there is to see.

  Args:
    argv: The command line, the program's name first.

  Returns:
    The exit code.
  """
  values = _flags()
  if command_line.wants_help(argv):
    print(_help(values))
    return 0
  changes = command_line.parse(values, argv, required=("config", "workdir"))
  if values.config.endswith(".py"):
    quietly.import_package()  # which the user's file may use
  config = configuration.load(values.config)
  overrides.apply(config, changes)
  if values.data_dir:
    configuration.assign(config, "data_dir", values.data_dir, "--data_dir")
  checks.check_values(config)
  return _train(config, values.workdir, argv)


def _flags() -> flags.FlagValues:
  values = flags.FlagValues()
  for name, text in (
    ("config", "Name of an installed config, or a .py or .json file."),
    ("workdir", "Folder of the run; created if missing, else resumed."),
    ("data_dir", "Folder with prepared data; without it they are downloaded."),
  ):
    flags.DEFINE_string(name, None, text, flag_values=values)
  return values


def _help(values: flags.FlagValues) -> str:
  names = configuration.installed()
  keys = configuration.to_json(configuration.load("base"))
  width = max(map(len, names)) + 2
  return "\n".join(
    [
      __doc__,
      "Flags:",
      *(f"  --{name:<10}{values[name].help}" for name in values),
      "",
      "Installed configs:",
      *(f"  {name:<{width}}{text}" for name, text in names.items()),
      "",
      "Keys, with their defaults; a part takes a name, and its options below it:",
      *(f"  --config.{key}={_shown(value)}" for key, value in keys.items()),
    ]
  )


def _shown(value) -> str:
  if isinstance(value, dict):
    options = [f"{k}={v}" for k, v in value.items() if k != "name"]
    return value["name"] + (f"  (with {', '.join(options)})" if options else "")
  if isinstance(value, list):
    return ",".join(map(str, value))
  return str(value).lower() if isinstance(value, bool) else str(value)


def _train(config, workdir, argv) -> int:
  # Only now, with the flags read.
  quietly.import_package()
  from aevb_tf.models import NonFiniteError
  from aevb_tf.training.train import train

  folder = RunFolder(workdir)
  try:
    summary = train(config, workdir)
  except KeyboardInterrupt:
    print(f"\n{_stopped(folder, argv)}", file=sys.stderr)
    return command_line.STOPPED
  except NonFiniteError as error:
    print(f"aevb-train: {error} {_kept(folder)}", file=sys.stderr)
    return command_line.FAILED
  print(_ending(folder, summary))
  return 0


def _kept(folder: RunFolder) -> str:
  epoch, _ = folder.newest_checkpoint()
  if epoch is None:
    return "Nothing is saved yet."
  return f"Saved: {folder.checkpoint(epoch)}, the state after {epoch} epochs."


def _stopped(folder: RunFolder, argv: list[str]) -> str:
  command = shlex.join([command_line.spelled("aevb-train"), *argv[1:]])
  return f"Stopped. {_kept(folder)}\nTo resume, give the same command:\n  {command}"


def _ending(folder: RunFolder, summary: dict) -> str:
  test = summary["test"]
  place = shlex.quote(str(folder.path))
  pictures = sorted(folder.plots.glob("*.png"))
  tensorboard = shlex.quote(str(folder.tensorboard))
  return "\n".join(
    [
      "",
      f"{summary['name']}: {summary['epochs']} epochs, in"
      f" {summary['training_seconds']:.0f} s of training.",
      "",
      report.lines(test),
      *(["", "Pictures:"] if pictures else []),
      *(f"  {path}" for path in pictures),
      "",
      "Next:",
      f"  {command_line.spelled('aevb-evaluate')} --workdir={place}",
      f"  {command_line.spelled('tensorboard')} --logdir={tensorboard}",
      f"  {command_line.spelled('aevb-train')} --config=manifold"
      " --workdir=runs/manifold   # fetches MNIST",
    ]
  )


if __name__ == "__main__":
  run()
