"""Flags, help, errors and exit codes, shared by all commands.

This module does not import TensorFlow, and neither does anything that a `*_main`
imports before its flags are read: `--help` and errors about flags are immediate.
"""

import os
import re
import shlex
import shutil
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence

from absl import flags

import aevb_tf_cli
from aevb_tf.registry import did_you_mean
from aevb_tf.training.configuration import ConfigError
from aevb_tf.training.stopping import terminate_as_interrupt

# Exit codes for an error in the command, and for Ctrl-C as in shells.
MISTAKE, FAILED, STOPPED = 2, 1, 130

# What absl says of a value, and what is said here.
_VALUES = (
  (r"value should be one of <.*>", "unknown value."),
  (r"invalid literal for int\(\).*", "not a whole number."),
  (r"could not convert string to float.*", "not a number."),
)


def parse(
  values: flags.FlagValues, argv: Sequence[str], keys: Iterable[str] = ()
) -> list[str]:
  """Reads the flags of a program.

  Args:
    values: The defined flags; their values are set in place.
    argv: The command line, the program's name first.
    keys: Keys of a config, which the user may have typed as flags.

  Returns:
    The remaining arguments as typed: words, and `--config.key=value`.

  Raises:
    ConfigError: A flag is unknown, or its value is invalid.
  """
  values.set_gnu_getopt(True)
  try:
    remaining = values(argv, known_only=True)[1:]
  except flags.Error as error:
    raise ConfigError(value_error(error)) from error
  for word in remaining:
    flag = re.match(r"--?([^=]*)", word)
    if flag and not re.match(r"(no)?config\.", flag[1]):
      near = did_you_mean(flag[1], [*values, "help"])
      if flag[1] in keys:
        near = f" Did you mean --config.{flag[1]}?"
      raise ConfigError(f"--{flag[1]}: unknown flag.{near}")
  return remaining


def value_error(error: Exception) -> str:
  """Returns one line about the value of a flag, from what absl says of it."""
  text = str(error).removeprefix("flag ").replace("\n", " ")
  choices = re.search(r"=(.*): value should be one of <(.*)>", text)
  for pattern, said in _VALUES:
    text = re.sub(pattern, said, text)
  return text + (did_you_mean(choices[1], choices[2].split("|")) if choices else "")


def require(
  values: flags.FlagValues,
  argv: Sequence[str],
  names: Iterable[str],
  words: Sequence[str] = (),
) -> None:
  """Raises an error with the command to type if a required flag is missing.

  Args:
    values: The flags, read.
    argv: The command line, the program's name first.
    names: Names of the required flags.
    words: What was typed without a flag: values of the missing ones, in their order.

  Raises:
    ConfigError: One of the flags is missing.
  """
  missing = [name for name in names if not values[name].value]
  if missing:
    named = dict(zip(missing, words, strict=False))
    default = {name: "NAME" if name == "name" else "DIR" for name in missing}
    raise ConfigError(to_type(argv, default | named, words))


def to_type(
  argv: Sequence[str], missing: Mapping[str, str], words: Sequence[str]
) -> str:
  """Returns an error message that ends with the command to type.

  Args:
    argv: The command line, the program's name first.
    missing: Flags to add, with their values.
    words: What to leave out of the command line.
  """
  given = [word for word in argv[1:] if word not in words]
  added = [f"--{name}={value}" for name, value in missing.items()]
  wrong = f"{words[0]}: not a flag" if words else f"--{next(iter(missing))} is missing"
  command = shlex.join([spelled(os.path.basename(argv[0])), *given, *added])
  return f"{wrong}. Type: {command}"


def wants_help(argv: list[str]) -> bool:
  """Whether the command line asks for help."""
  return any(word in ("-h", "--help", "-help", "--helpfull") for word in argv[1:])


def print_help(doc: str, values: flags.FlagValues) -> None:
  """Prints the description of a program and its flags, with their defaults.

  Args:
    doc: The docstring of its module.
    values: The defined flags.
  """
  print(f"{doc}\nFlags:\n{flags_help(values)}")


def flags_help(values: flags.FlagValues) -> str:
  """Returns a row for each flag: its name, what it is, and its default."""
  return aevb_tf_cli.columns({f"--{name}": _about(values[name]) for name in values})


def _about(flag: flags.Flag) -> str:
  text = flag.help
  if choices := getattr(flag.parser, "enum_values", None):
    text = f"{text.partition('>: ')[2]} One of {', '.join(choices)}."
  if flag.default is None:
    return text
  default = str(flag.default_as_str).strip("'")
  return f"{text} Default: {default}."


def run(program: str, body: Callable[[list[str]], int]) -> None:
  """Runs a program and exits; warnings and errors that the user can fix are one line.

  Args:
    program: The program's name, for its messages.
    body: Takes `sys.argv`; returns the exit code.
  """

  shown: set[str] = set()

  def show(message, *where, **how):
    if str(message) not in shown:  # both splits of the data may warn of the same
      print(f"{program}: {message}", file=sys.stderr)
    shown.add(str(message))

  try:
    with terminate_as_interrupt(), warnings.catch_warnings():
      warnings.showwarning = show
      code = body(sys.argv)
  except ConfigError as error:
    print(f"{program}: {error}", file=sys.stderr)
    code = MISTAKE
  except OSError as error:  # a full disk, or a folder that cannot be written
    print(f"{program}: {os_error(error)}", file=sys.stderr)
    code = FAILED
  except KeyboardInterrupt:
    print(f"\n{program}: stopped.", file=sys.stderr)
    code = STOPPED
  sys.exit(code)


def os_error(error: OSError) -> str:
  """Returns one line about what the operating system refused."""
  place = "" if error.filename is None else f"{error.filename}: "
  text = " ".join((error.strerror or str(error)).split()).rstrip(".")
  return f"{place}{text or type(error).__name__}."


def spelled(program: str) -> str:
  """How to call one of our commands from here: its name, or its path."""
  beside = os.path.join(os.path.dirname(sys.argv[0]), program)
  found = shutil.which(program)
  if not os.path.exists(beside) or (found and os.path.samefile(found, beside)):
    return program
  return beside
