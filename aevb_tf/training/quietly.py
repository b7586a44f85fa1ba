"""The package, imported without TensorFlow's notes about the machine.

The notes ("oneDNN custom operations are on", twice) come before TensorFlow reads
`TF_CPP_MIN_LOG_LEVEL`, straight from C++. They are held back, and nothing else is.
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
  """Imports all of the package; what TensorFlow writes beyond notes is passed on."""
  with stderr_held(lambda line: not is_note(line)):
    aevb_tf_cli.import_package()


def is_note(line: bytes) -> bool:
  """Whether TensorFlow writes this line about the machine."""
  return bool(_NOTE.match(line))


@contextlib.contextmanager
def stderr_held(
  passes: Callable[[bytes], bool] = lambda line: False,
) -> Iterator[None]:
  """Holds back what goes to file descriptor 2, from C++ too.

  Args:
    passes: Whether a line goes on at the end; by default none does.
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
      os.write(2, b"".join(filter(passes, held)))
