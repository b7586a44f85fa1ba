"""TensorFlow, imported without its notes about the machine.

The notes ("oneDNN custom operations are on", twice) come before TensorFlow reads
`TF_CPP_MIN_LOG_LEVEL`, straight from C++. They are held back, and nothing else is.
"""

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator

_NOTE = re.compile(rb"I\d{4} |WARNING: All log messages before absl::InitializeLog")


def import_tensorflow() -> None:
  """Imports TensorFlow; what it writes that is more than a note is passed on."""
  with _notes_held():
    import tensorflow  # noqa: F401


@contextlib.contextmanager
def _notes_held() -> Iterator[None]:
  """Inside, file descriptor 2 is a file; at the end its lines go on, but for notes."""
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
      os.write(2, b"".join(line for line in held if not _NOTE.match(line)))
