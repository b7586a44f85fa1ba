"""TensorFlow, imported without its notes about the machine.

The notes ("oneDNN custom operations are on", twice) come before TensorFlow reads
`TF_CPP_MIN_LOG_LEVEL`, straight from C++, and a notebook shows them in red. They are
held back, and nothing else is. `TF_CPP_MIN_LOG_LEVEL=0` brings them back.
"""

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator

_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
_NOTE = re.compile(rb"I\d{4} |WARNING: All log messages before absl::InitializeLog")


def import_tensorflow() -> None:
  """Imports TensorFlow quietly; does nothing where it is imported already.

  On a machine without a GPU TensorFlow logs an error. What matters comes as a Python
  exception, so its log level is set to fatal messages, unless the user has set it.
  """
  if "tensorflow" in sys.modules:
    return
  level = os.environ.setdefault(_LEVEL, "3")
  held = contextlib.nullcontext() if level == "0" else stderr_held(_is_no_note)
  with held:
    import tensorflow  # noqa: F401


def is_note(line: bytes) -> bool:
  """Whether TensorFlow writes this line about the machine."""
  return bool(_NOTE.match(line))


def _is_no_note(line: bytes) -> bool:
  return not is_note(line)


@contextlib.contextmanager
def stderr_held(passes: Callable[[bytes], bool]) -> Iterator[None]:
  """Holds back what goes to file descriptor 2, from C++ too.

  Args:
    passes: Whether a line goes on at the end.
  """
  if sys.stderr is not None:
    sys.stderr.flush()
  stderr = os.dup(2)
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
      os.write(2, b"".join(line for line in held if passes(line)))


import_tensorflow()
