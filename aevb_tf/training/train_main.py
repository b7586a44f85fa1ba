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

import difflib
import os
import pathlib
import shlex
import sys

from absl import flags

import aevb_tf_cli
from aevb_tf.training import (
  checks,
  command_line,
  configuration,
  overrides,
  report,
)
from aevb_tf.training.run_folder import RunFolder


def run() -> None:
  """The console script `aevb-train`."""
  command_line.run("aevb-train", main)


def main(argv: list[str]) -> int:
  """Reads the command line, trains, and prints where the results are.

  Args:
    argv: The command line, the program's name first.

  Returns:
    The exit code.
  """
  values = _flags()
  if command_line.wants_help(argv):
    print(_help(values))
    return 0
  changes = command_line.parse(values, argv, configuration.load("base"))
  _require(values, argv, [word for word in changes if not word.startswith("-")])
  if values.config.endswith(".py"):
    aevb_tf_cli.import_package()  # the user's file may need it
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
    ("workdir", "Folder of the run: created if missing, resumed otherwise."),
    ("data_dir", "Folder with prepared data; by default data are downloaded."),
  ):
    flags.DEFINE_string(name, None, text, flag_values=values)
  return values


def _require(values, argv, words):
  """Answers a missing flag with the command to type, guessed from what was typed."""
  word = words[0] if words else None
  if values.config:
    guess = values.config, word or f"runs/{pathlib.Path(values.config).stem}"
  else:
    guess = _guess(word or values.workdir or "digits")
  pairs = zip(("config", "workdir"), guess, strict=True)
  missing = {name: value for name, value in pairs if not values[name].value}
  if missing:
    raise command_line.ConfigError(command_line.to_type(argv, missing, words))


def _guess(word: str) -> tuple[str, str]:
  """Returns the config and the run folder that a word may stand for."""
  if RunFolder(word).is_run():
    return str(RunFolder(word).config), word
  path = pathlib.Path(word)
  if path.suffix in (".py", ".json"):
    return word, f"runs/{path.stem}"
  if os.sep in word:
    return "digits", word
  names = difflib.get_close_matches(word, configuration.installed(), 1, 0.5)
  return (name := names[0] if names else "digits"), f"runs/{name}"


def _help(values: flags.FlagValues) -> str:
  keys = configuration.to_json(configuration.load("base"))
  about = configuration.about_keys()
  shown = {
    f"--config.{key}={_shown(value)}": about[key] + _options(value)
    for key, value in keys.items()
  }
  return "\n".join(
    [
      __doc__,
      "Flags:",
      command_line.flags_help(values),
      "",
      "Installed configs:",
      aevb_tf_cli.columns(configuration.installed()),
      "",
      "Keys, with their defaults; a part takes a name, and its options below it:",
      aevb_tf_cli.columns(shown),
    ]
  )


def _options(value) -> str:
  """The options of a part, as they follow its key on the command line."""
  if not isinstance(value, dict) or len(value) == 1:
    return ""
  options = (f".{k}={v}" for k, v in value.items() if k != "name")
  return f"; with the options {', '.join(options)}"


def _shown(value) -> str:
  if isinstance(value, dict):
    return value["name"]
  if isinstance(value, list):
    return ",".join(map(str, value))
  return str(value).lower() if isinstance(value, bool) else str(value)


def _train(config, workdir, argv) -> int:
  # Imported after the flags are read.
  aevb_tf_cli.import_package()
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
  except OSError as error:  # a full disk, say
    why = command_line.os_error(error)
    print(f"aevb-train: {why} {_kept(folder)}", file=sys.stderr)
    return command_line.FAILED
  print(_ending(folder, summary))
  return 0


def _kept(folder: RunFolder) -> str:
  epoch, _ = folder.newest_checkpoint()
  if epoch is None:
    return "Nothing is saved yet."
  return f"Saved: {folder.checkpoint(epoch)}, the state after {report.epochs(epoch)}."


def _stopped(folder: RunFolder, argv: list[str]) -> str:
  command = shlex.join([command_line.spelled("aevb-train"), *argv[1:]])
  return f"Stopped. {_kept(folder)}\nTo resume, run the same command:\n  {command}"


def _ending(folder: RunFolder, summary: dict) -> str:
  test = summary["test"]
  place = shlex.quote(str(folder.path))
  pictures = sorted(folder.plots.glob("*.png"))
  tensorboard = shlex.quote(str(folder.tensorboard))
  best = summary.get("best_epoch")
  return "\n".join(
    [
      "",
      f"{folder.path}: trained for {report.epochs(summary['epochs'])} of"
      f" {summary['dataset']}, in {summary['training_seconds']:.0f} s.",
      *([f"The model is that of epoch {best}, the best one."] if best else []),
      "",
      report.lines(test),
      *report.findings(summary.get("diagnosis", []), folder.path),
      *(["", "Pictures:"] if pictures else []),
      *(f"  {path}" for path in pictures),
      "",
      "Next:",
      f"  {command_line.spelled('aevb-evaluate')} --workdir={place}",
      f"  {command_line.spelled('tensorboard')} --logdir={tensorboard}",
      f"  {command_line.spelled('aevb-export')} --workdir={place}"
      f" --to={shlex.quote(os.path.join('exports', folder.path.name))}",
    ]
  )


if __name__ == "__main__":
  run()
