"""Reading of files that may be damaged, with errors that name the file."""

import contextlib
import os
import re
from collections.abc import Iterator

# The node and the operation, which TensorFlow adds to its messages.
_TENSORFLOW = re.compile(r"\{\{.*?\}\} ?| ?\[Op:.*", re.S)


@contextlib.contextmanager
def reading(path: str | os.PathLike, what: str, advice: str) -> Iterator[None]:
  """Converts every exception of the block, which reads a file, to a `ValueError`.

  The exceptions that damaged files lead to are not documented: they may be errors of
  zlib, zipfile or TensorFlow, an IndexError, or a MemoryError for an array of absurd
  size. So all exceptions are converted.

  Args:
    path: The file.
    what: What the file should be, with its article: "an image".
    advice: What to do, a sentence.

  Raises:
    ValueError: The block has raised an exception; the message is one line.
  """
  try:
    yield
  except Exception as error:
    why = " ".join(_TENSORFLOW.sub("", str(error)).split()).rstrip(".")
    raise ValueError(
      f"{path} cannot be read as {what}: {why or type(error).__name__}. {advice}"
    ) from error
