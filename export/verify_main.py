"""Verifies an export of `aevb-export`, every artifact in its own runtime.

  aevb-verify DIR

Checks every file against the manifest, runs every artifact on the inputs and seeds that
the model was run on at export, and prints the largest differences beside the tolerance.
The exit code is 1 if anything is wrong.

Example:
  aevb-verify exports/digits
"""

import sys

from absl import flags

import aevb_tf_cli
from aevb_tf.training import command_line


def run() -> None:
  """The console script `aevb-verify`."""
  command_line.run("aevb-verify", main)


def main(argv: list[str]) -> int:
  """Reads the command line, verifies, and prints the report.

  Args:
    argv: The command line, the program's name first.

  Returns:
    The exit code.
  """
  if command_line.wants_help(argv):
    print(__doc__)
    return 0
  folders = [word for word in argv[1:] if not word.startswith("-")]
  if unknown := [word for word in argv[1:] if word.startswith("-")]:
    command_line.parse(flags.FlagValues(), [argv[0], unknown[0]])
  if len(folders) != 1:
    raise command_line.ConfigError("Give one folder: aevb-verify DIR.")
  # After the command line is read, since it takes seconds.
  aevb_tf_cli.import_package()
  from aevb_tf.export import manifest, report, verify

  try:
    found = verify.verify(folders[0])
  except manifest.NoExport as error:
    raise command_line.ConfigError(str(error)) from error
  print(report.format_files(found))
  print()
  print(report.format_artifacts(found))
  if found.breaches:
    breaches = "\n".join(f"  {breach}" for breach in found.breaches)
    print(f"\naevb-verify: FAILED\n{breaches}", file=sys.stderr)
    return command_line.FAILED
  print("\nPASSED")
  return 0


if __name__ == "__main__":
  run()
