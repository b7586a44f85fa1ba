"""Reading files that may be damaged: one line that names the file."""

import contextlib
import os
import re
from collections.abc import Iterator

# What TensorFlow writes around a message: the node, and the operation.
_TENSORFLOW = re.compile(r"\{\{.*?\}\} ?| ?\[Op:.*", re.S)


@contextlib.contextmanager
def reading(path: str | os.PathLike, what: str, advice: str) -> Iterator[None]:
  """Turns whatever a reader raises about a file into a `ValueError`.

  What damaged bytes lead a parser to is not documented anywhere: it may be an error
  of zlib, of zipfile, of TensorFlow, an IndexError, or out of memory for an array of
  absurd size. So all of them are taken.

  Args:
    path: The file.
    what: What it should be, with its article: "an image".
    advice: What to do, a sentence.

  Raises:
    ValueError: Something in the block has raised; the message is one line.
  """
  try:
    yield
  except Exception as error:
    why = " ".join(_TENSORFLOW.sub("", str(error)).split()).rstrip(".")
    raise ValueError(
      f"{path} cannot be read as {what}: {why or type(error).__name__}. {advice}"
    ) from error
