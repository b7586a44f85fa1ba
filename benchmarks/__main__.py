"""Compares the speed of the package with that of its peers.

  python -m benchmarks [NAME ...] [--rounds=5] [--json=FILE] [--plot=FILE]

Without names it runs all benchmarks; `python -m benchmarks --help` lists them.
Contenders whose packages are not installed are skipped with a message; `pip install -e
.[bench]` installs the packages. The benchmark `load` reads MNIST, as prepared by TFDS,
from the folder AEVB_TF_BENCHMARK_DATA.
"""

import argparse
import contextlib
import difflib
import json
import sys

import tqdm

import aevb_tf_cli
from benchmarks import growth, machine, rounds, suite, table

_PROGRAM = "python -m benchmarks"
_ALL = {**suite.BENCHMARKS, **growth.GROWTHS}
_FAMILIES = {**suite.FAMILIES, "growth": tuple(growth.GROWTHS)}


def main(argv: list[str]) -> int:
  """Reads the command line, runs the benchmarks, and prints a table for each.

  Args:
    argv: The command line, without the program's name.

  Returns:
    The exit code.
  """
  abouts = {b.name: b.about for b in _ALL.values()}
  abouts |= {name: ", ".join(members) for name, members in _FAMILIES.items()}
  parser = argparse.ArgumentParser(
    _PROGRAM,
    usage=argparse.SUPPRESS,  # the description has it
    description=__doc__,
    epilog=f"benchmarks:\n{aevb_tf_cli.columns(abouts)}",
    formatter_class=argparse.RawDescriptionHelpFormatter,
  )
  parser.add_argument("names", nargs="*", metavar="NAME")
  parser.add_argument(
    "--rounds", type=int, default=5, help="counted runs of each; default: 5"
  )
  parser.add_argument("--json", metavar="FILE", help="write all runs to this file")
  parser.add_argument(
    "--plot", metavar="FILE", help="draw what grows into this PNG file"
  )
  values = parser.parse_args(argv)
  names = [member for name in values.names for member in _FAMILIES.get(name, (name,))]
  for name in names:
    if name not in _ALL:
      near = difflib.get_close_matches(name, (*_ALL, *_FAMILIES), 1)
      hint = f" Did you mean {near[0]}?" if near else " See --help."
      parser.error(f"unknown benchmark {name!r}.{hint}")
  if values.rounds < 1:
    parser.error(f"--rounds={values.rounds}: must be at least 1.")
  names = list(dict.fromkeys(names or _ALL))
  report: dict = {"machine": machine.describe(), "benchmarks": {}}
  print(machine.line(report["machine"]))
  tables = {}
  with contextlib.ExitStack() as stack:
    # Opened now, so that a wrong path is found before the runs.
    file = stack.enter_context(_opened(values.json, "w")) if values.json else None
    picture = None
    if values.plot and any(name in growth.GROWTHS for name in names):
      picture = stack.enter_context(_opened(values.plot, "wb"))
    for name in names:
      tables[name], runs = _measure(_ALL[name], values.rounds)
      report["benchmarks"][name] = {
        "about": _ALL[name].about,
        "rows": [table.as_json(row) for row in tables[name]],
        "runs": [run._asdict() for run in runs],
      }
    if file:
      json.dump(report, file, indent=2)
    if picture:
      growth.plot({n: tables[n] for n in names if n in growth.GROWTHS}, picture)
  return 0


def _opened(path, mode):
  """Opens a file for writing, or ends the program with one line."""
  try:
    return open(path, mode)
  except OSError as error:
    sys.exit(f"{_PROGRAM}: {path}: {error.strerror}.")


def _measure(benchmark, count):
  """Runs a benchmark, prints its table, and returns its rows and runs."""
  print(f"\n## {benchmark.name}\n\nA run is {benchmark.about}.\n")
  contenders = []
  for contender in benchmark.contenders:
    if missing := contender.missing():
      print(f"{contender.name}: skipped, it needs {', '.join(missing)}.\n")
    else:
      contenders.append(contender)
  total = len(contenders) * (count + 1)
  with tqdm.tqdm(total=total, leave=False, file=sys.stderr) as bar:
    found = []
    for run in rounds.runs(contenders, count, bar.set_description):
      found.append(run)
      bar.update()
  rows = table.rows(benchmark, found)
  lines = growth.lines if benchmark.name in growth.GROWTHS else _lines
  print(lines(benchmark, rows), flush=True)
  return rows, found


def _lines(benchmark, rows):
  return table.lines(rows)


if __name__ == "__main__":
  try:
    sys.exit(main(sys.argv[1:]))
  except KeyboardInterrupt:
    print(f"\n{_PROGRAM}: stopped.", file=sys.stderr)
    sys.exit(130)
