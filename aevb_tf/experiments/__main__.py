"""Runs one of the paper's experiments, and leaves its table and its picture in a folder.

  python -m aevb_tf.experiments NAME --workdir=DIR [--scale=smoke|default|full]
                                     [--data_dir=DIR]
  python -m aevb_tf.experiments results [--workdir=DIR] [--from=docs/results]
                                        [--to=RESULTS.md]

`smoke` takes seconds and needs no data but the digits that come with the package;
`default` is what RESULTS.md shows; `full` is the paper's length. Ctrl-C stops a run, and
the same command goes on with it. Experiments in one folder share what they have in common.

`results` writes RESULTS.md from tables, those of a `--workdir` if one is given.
"""

import importlib
import importlib.util
import pathlib

from absl import flags

from aevb_tf import experiments
from aevb_tf.registry import did_you_mean
from aevb_tf.training import command_line, configuration

# The word that writes the page.
RESULTS = "results"


def main(argv: list[str]) -> int:
  """Reads the command line and runs the experiment.

  Args:
    argv: The command line, the program's name first.

  Returns:
    The exit code.
  """
  values = _flags()
  if command_line.wants_help(argv):
    print(_help(values))
    return 0
  words = command_line.parse(values, argv, required=())
  name = _name(words)
  if name != RESULTS and not values.workdir:
    raise configuration.ConfigError("--workdir is missing; see --help.")
  if name == RESULTS:
    return _write_results(values)
  _multiply_in_float32()
  module = importlib.import_module(f"aevb_tf.experiments.{name}")
  table, picture = module.run(
    pathlib.Path(values.workdir), values.scale, values.data_dir or ""
  )
  print(f"\n{table.read_text(encoding='utf-8')}\n{table}\n{picture}")
  return 0


def _multiply_in_float32() -> None:
  """Keeps GPUs from rounding what they multiply to 10 bits, their default."""
  import tensorflow as tf

  tf.config.experimental.enable_tensor_float_32_execution(False)


def _write_results(values: flags.FlagValues) -> int:
  from aevb_tf.experiments.results import page

  folder, to = pathlib.Path(values["from"].value), pathlib.Path(values.to)
  page.write(folder, to, values.workdir or "")
  print(to)
  return 0


def _name(words: list[str]) -> str:
  known = (*experiments.EXPERIMENTS, RESULTS)
  if not words:
    raise configuration.ConfigError(f"Which experiment?{did_you_mean('', known)}")
  if len(words) > 1:
    raise configuration.ConfigError(f"{words[1]}: one experiment at a time.")
  if words[0] not in known:
    near = did_you_mean(words[0], known)
    raise configuration.ConfigError(f"{words[0]}: no such experiment.{near}")
  return words[0]


def _flags() -> flags.FlagValues:
  values = flags.FlagValues()
  flags.DEFINE_string("workdir", None, "Folder of the experiment.", flag_values=values)
  flags.DEFINE_enum(
    "scale", "default", experiments.SCALES, "How much of it to run.", flag_values=values
  )
  flags.DEFINE_string(
    "data_dir", None, "Folder with prepared data.", flag_values=values
  )
  flags.DEFINE_string(
    "from", "docs/results", "Folder of tables and pictures.", flag_values=values
  )
  flags.DEFINE_string("to", "RESULTS.md", "The page to write.", flag_values=values)
  return values


def _help(values: flags.FlagValues) -> str:
  folder = pathlib.Path(__file__).parent
  known = (
    f"  {name:<20}{configuration.first_line(folder / f'{name}.py')}"
    for name in experiments.EXPERIMENTS
  )
  text = (f"  --{name:<18}{values[name].help}" for name in values)
  return "\n".join([__doc__, "Experiments:", *known, "", "Flags:", *text])


if __name__ == "__main__":
  command_line.run("python -m aevb_tf.experiments", main)
