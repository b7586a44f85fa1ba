"""Runs an experiment, and leaves its table and its picture in a folder.

  python -m experiments NAME --workdir=DIR [--scale=smoke|default|full] [--data_dir=DIR]
  python -m experiments results [--workdir=DIR] [--from=docs/results] [--to=RESULTS.md]

`smoke` takes seconds and needs only the digits that come with the package; `default` is
what RESULTS.md shows; `full` is the paper's length. Ctrl-C stops a run, and the same
command resumes it. Experiments in one folder share the runs that they have in common.

`results` updates RESULTS.md from tables, those of a `--workdir` if one is given.

Example:
  python -m experiments figure2_mnist --workdir=runs/smoke --scale=smoke
"""

import argparse
import ast
import difflib
import importlib
import pathlib
import sys

import aevb_tf_cli
import experiments

PROGRAM = "python -m experiments"
RESULTS = "results"


class _Parser(argparse.ArgumentParser):
  """A parser whose errors are one line."""

  def error(self, message):
    self.exit(2, f"{self.prog}: {message}\n")


def parse(argv: list[str]) -> argparse.Namespace:
  """Reads the command line, without TensorFlow: errors and `--help` come at once.

  Args:
    argv: The command line, without the program's name.

  Returns:
    Its flags, and the `name` of the experiment.
  """
  known = [*experiments.EXPERIMENTS, RESULTS]
  abouts = {name: _first_line(name) for name in experiments.EXPERIMENTS}
  parser = _Parser(
    PROGRAM,
    usage=argparse.SUPPRESS,  # the description has it
    description=__doc__,
    epilog=f"experiments:\n{aevb_tf_cli.columns(abouts)}",
    formatter_class=argparse.RawDescriptionHelpFormatter,
    allow_abbrev=False,
  )
  parser.add_argument("names", nargs="*", metavar="NAME")
  parser.add_argument(
    "--workdir", help="folder of the experiments; only `results` needs none"
  )
  parser.add_argument(
    "--scale",
    choices=experiments.SCALES,
    default="default",
    help="length of the experiment (default: `default`)",
  )
  parser.add_argument(
    "--data_dir", default="", help="folder with prepared data; by default downloaded"
  )
  parser.add_argument(
    "--from",
    dest="tables",
    default="docs/results",
    help="folder of tables and pictures; default: docs/results",
  )
  parser.add_argument(
    "--to", default="RESULTS.md", help="the page to update; default: RESULTS.md"
  )
  values, unknown = parser.parse_known_args(argv)
  for word in unknown:
    name = word.lstrip("-").partition("=")[0]
    parser.error(f"{word}: unknown flag. {_suggestion(name, vars(values))}")
  if not values.names:
    parser.error(f"Which experiment? {_suggestion('', known)}")
  if len(values.names) > 1:
    parser.error(f"{values.names[1]}: one experiment at a time.")
  (values.name,) = values.names
  if values.name not in known:
    parser.error(
      f"{values.name}: no such experiment. {_suggestion(values.name, known)}"
    )
  if values.name != RESULTS and not values.workdir:
    parser.error("--workdir is missing; see --help.")
  return values


def run(values: argparse.Namespace) -> int:
  """Runs the command that `parse` has read, and returns the exit code."""
  if values.name == RESULTS:
    from experiments.results import page

    page.write(
      pathlib.Path(values.tables), pathlib.Path(values.to), values.workdir or ""
    )
    print(values.to)
    return 0
  from experiments import figure

  _multiply_in_float32()
  module = importlib.import_module(f"experiments.{values.name}")
  table, picture = figure.make(
    values.name,
    module.figure(values.scale, values.data_dir),
    pathlib.Path(values.workdir),
  )
  print(f"\n{table.read_text(encoding='utf-8')}\n{table}\n{picture}")
  return 0


def _multiply_in_float32() -> None:
  """Keeps GPUs from rounding what they multiply to 10 bits, their default."""
  import tensorflow as tf

  tf.config.experimental.enable_tensor_float_32_execution(False)


def _suggestion(word: str, known) -> str:
  near = difflib.get_close_matches(word, known, n=3, cutoff=0.5)
  return f"Did you mean {', '.join(near)}?" if near else f"Known: {', '.join(known)}."


def _first_line(name: str) -> str:
  """The first line of an experiment's docstring, without importing TensorFlow."""
  path = pathlib.Path(__file__).parent / f"{name}.py"
  doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
  return doc.partition("\n")[0]


if __name__ == "__main__":
  requested = parse(sys.argv[1:])

  from aevb_tf.training import command_line

  command_line.run(PROGRAM, lambda argv: run(requested))
