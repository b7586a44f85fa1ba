"""Imports the package without TensorFlow's log messages about the machine.

C++ code writes these messages ("oneDNN custom operations are on", twice) before
TensorFlow reads `TF_CPP_MIN_LOG_LEVEL`. Only they are suppressed.
"""

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator

import aevb_tf_cli

_NOTE = re.compile(rb"I\d{4} |WARNING: All log messages before absl::InitializeLog")


def import_package() -> None:
  """Imports the package; all output except these messages is passed on."""
  with stderr_held(lambda line: not is_note(line)):
    aevb_tf_cli.import_package()


def is_note(line: bytes) -> bool:
  """Whether a line is one of TensorFlow's messages about the machine."""
  return bool(_NOTE.match(line))


@contextlib.contextmanager
def stderr_held(
  passes: Callable[[bytes], bool] = lambda line: False,
) -> Iterator[None]:
  """Captures the output to file descriptor 2, including that of C++.

  Args:
    passes: Whether to write a line at the end; by default no line is written.
  """
  sys.stderr.flush()
  stderr = os.dup(2)
  with tempfile.TemporaryFile() as held:
    os.dup2(held.fileno(), 2)
    try:
      yield
    finally:
      sys.stderr.flush()
      os.dup2(stderr, 2)
      os.close(stderr)
      held.seek(0)
      os.write(2, b"".join(line for line in held if passes(line)))
