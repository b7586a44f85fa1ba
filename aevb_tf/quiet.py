"""Imports TensorFlow without its log messages about the machine.

The messages ("oneDNN custom operations are on", twice) come before TensorFlow reads
`TF_CPP_MIN_LOG_LEVEL`, straight from C++, and a notebook shows them in red. They are
held back while TensorFlow is imported, and its log level is set to fatal errors: other
errors are Python exceptions. `TF_CPP_MIN_LOG_LEVEL=0` shows everything, also why
TensorFlow aborts while it is imported, on a processor without AVX for example.
"""

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator

_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
_NOTE = re.compile(
  rb"I\d{4} [\d:.]+ +\d+ \S+\.cc:\d+\] "
  rb"|WARNING: All log messages before absl::InitializeLog"
)


def import_tensorflow() -> None:
  """Imports TensorFlow quietly; does nothing where it is imported already.

  TensorFlow reads its log level once, so the variable is as before afterwards: programs
  that this process starts have their own.
  """
  if "tensorflow" in sys.modules:
    return
  level = os.environ.get(_LEVEL)
  os.environ.setdefault(_LEVEL, "3")
  held = contextlib.nullcontext() if level == "0" else stderr_held(is_note)
  try:
    with held:
      import tensorflow  # noqa: F401
  finally:
    if level is None:
      del os.environ[_LEVEL]


def is_note(line: bytes) -> bool:
  """Whether TensorFlow writes this line about the machine."""
  return bool(_NOTE.match(line))


@contextlib.contextmanager
def stderr_held(drops: Callable[[bytes], object]) -> Iterator[None]:
  """Holds back what goes to file descriptor 2, from C++ too, if there is one.

  Args:
    drops: Whether a line is left out when the rest is written at the end.
  """
  if sys.stderr is not None:
    sys.stderr.flush()
  try:
    stderr = os.dup(2)
  except OSError:  # closed, as in a daemon
    yield
    return
  with tempfile.TemporaryFile() as held:
    os.dup2(held.fileno(), 2)
    try:
      yield
    finally:
      if sys.stderr is not None:
        sys.stderr.flush()
      os.dup2(stderr, 2)
      os.close(stderr)
      held.seek(0)
      with contextlib.suppress(OSError):  # a full disk, or a reader that has gone
        os.write(2, b"".join(line for line in held if not drops(line)))


import_tensorflow()
