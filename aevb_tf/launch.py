"""How this process was started: by a command of this package, or by anything else.

A command reads its flags first, and answers `--help` without loading TensorFlow; all
others get the whole package at once, so that Keras knows the classes of a saved model.
"""

import os
import sys
import sysconfig

COMMANDS = (
  "aevb-train",
  "aevb-evaluate",
  "aevb-export",
  "aevb-verify",
  "aevb-serving",
  "aevb-client",
)


def is_by_command() -> bool:
  """Whether it is one of `COMMANDS`, as they are installed, or `python -m aevb_tf...`."""
  program = sys.argv[0] if sys.argv else ""
  if program == "-m":  # while Python looks for the module of `python -m`
    return _module().partition(".")[0] == "aevb_tf"
  folder, name = os.path.split(program)
  return name in COMMANDS and (not folder or _is_of_scripts(folder))


def _module():
  """The module of `python -m`, behind which come the arguments that `sys.argv` has."""
  words = sys.orig_argv[: len(sys.orig_argv) - len(sys.argv) + 1]
  word = words[-1] if words else ""
  return word.partition("m")[2] if word.startswith("-") else word  # `-m NAME`, `-mNAME`


def _is_of_scripts(folder):
  """Whether installed commands are in a folder, and not somebody's own of the same name."""
  schemes = {sysconfig.get_default_scheme(), sysconfig.get_preferred_scheme("user")}
  scripts = [sysconfig.get_path("scripts", scheme) for scheme in schemes]
  return os.path.realpath(folder) in map(os.path.realpath, scripts)
