"""What the command lines have in common: flags, help, and how they end.

Nothing here, and nothing that a `*_main` imports before its flags are read, imports
TensorFlow: `--help` and a mistyped flag answer at once.
"""

import os
import re
import shutil
import sys
from collections.abc import Callable

from absl import flags

from aevb_tf.registry import did_you_mean
from aevb_tf.training.configuration import ConfigError
from aevb_tf.training.stopping import terminate_as_interrupt

# Exit codes: a mistake in the command, a stop by Ctrl-C as shells report it.
MISTAKE, FAILED, STOPPED = 2, 1, 130


def parse(
  values: flags.FlagValues, argv: list[str], required: tuple[str, ...]
) -> list[str]:
  """Reads the flags of a program.

  Args:
    values: The flags, defined; read in place.
    argv: The command line, the program's name first.
    required: Flags that have to be given.

  Returns:
    What is left: `--config.key=value`, as typed.

  Raises:
    ConfigError: A flag is unknown, lacks its value, or is required and absent.
  """
  values.set_gnu_getopt(True)
  try:
    remaining = values(argv, known_only=True)[1:]
  except flags.Error as error:
    raise ConfigError(str(error).replace("\n", " ")) from error
  for word in remaining:
    name = re.match(r"--?([^=]*)", word)
    if name and not re.match(r"(no)?config\.", name[1]):
      near = did_you_mean(name[1], [*values, "help"])
      raise ConfigError(f"--{name[1]}: unknown flag.{near}")
  for name in required:
    if not values[name].value:
      raise ConfigError(f"--{name} is missing; see --help.")
  return remaining


def wants_help(argv: list[str]) -> bool:
  """Whether the command line asks for help."""
  return any(word in ("-h", "--help", "-help", "--helpfull") for word in argv[1:])


def print_help(doc: str, values: flags.FlagValues) -> None:
  """Prints what a program is and a line for each of its flags.

  Args:
    doc: The docstring of its module.
    values: The flags, defined.
  """
  width = max(map(len, values)) + 2
  text = (f"  --{name:<{width}}{values[name].help}" for name in values)
  print("\n".join([doc, "Flags:", *text]))


def run(program: str, body: Callable[[list[str]], int]) -> None:
  """Runs a program and ends the process: one line for what the user can mend.

  Args:
    program: The program's name, for its messages.
    body: Takes `sys.argv`; returns the exit code.
  """
  # TensorFlow's notes about the machine would hide what a run has to say: without a
  # GPU it reports errors. What matters comes as a Python exception.
  os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
  try:
    with terminate_as_interrupt():
      code = body(sys.argv)
  except ConfigError as error:
    print(f"{program}: {error}", file=sys.stderr)
    code = MISTAKE
  except KeyboardInterrupt:
    print(f"\n{program}: stopped.", file=sys.stderr)
    code = STOPPED
  sys.exit(code)


def spelled(program: str) -> str:
  """How to call a program of ours from here: its name, or its path."""
  beside = os.path.join(os.path.dirname(sys.argv[0]), program)
  found = shutil.which(program)
  if not os.path.exists(beside) or (found and os.path.samefile(found, beside)):
    return program
  return beside
