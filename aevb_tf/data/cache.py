"""Decoded data on disk: what took seconds to decode is read in a moment next time.

A split lies in the user's cache folder (`$XDG_CACHE_HOME/aevb_tf`, else
`~/.cache/aevb_tf`) as one `.npz` file, named by a hash of all that it depends on. It is
written beside and renamed, so that no process reads half of it; the folder may be
deleted at any time. Where nothing can be written, the data are decoded each time.
"""

import contextlib
import hashlib
import json
import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np

from aevb_tf.files import cache_folder, write


def arrays(
  depends_on: Any, read: Callable[[], tuple[np.ndarray, np.ndarray]]
) -> tuple[np.ndarray, np.ndarray]:
  """Examples and labels from the cache, or read, and kept for the next time.

  Args:
    depends_on: All that decides what they are, as JSON can hold it.
    read: Decodes them.

  Returns:
    What `read` gives.
  """
  described = json.dumps(depends_on, sort_keys=True)
  digest = hashlib.sha256(described.encode()).hexdigest()
  path = cache_folder() / f"{digest[:32]}.npz"
  # Opened here, since NumPy leaves a file open that it finds damaged. Whatever that
  # leads to (see `reading`), the data are there to be read anew.
  with contextlib.suppress(Exception), open(path, "rb") as file:
    kept = np.load(file)
    return kept["x"], kept["y"]
  x, y = read()
  with contextlib.suppress(OSError):  # a full disk, or a home that is read-only
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, lambda partial: np.savez(partial, x=x, y=y))
  return x, y


def once(depends_on: Any, check: Callable[[], None]) -> None:
  """Runs a check, unless it has passed before and the cache holds that.

  Args:
    depends_on: All that decides whether it passes, as JSON can hold it.
    check: Raises an exception if it does not pass.
  """

  def passed():
    check()
    return np.empty(0), np.empty(0)

  arrays(["checked", depends_on], passed)


def stamps(paths: list[pathlib.Path]) -> list[tuple[str, int, int]]:
  """Names, sizes and times of files: they differ once a file has been replaced."""
  told = ((path, path.stat()) for path in sorted(paths))
  return [(str(path), stat.st_size, stat.st_mtime_ns) for path, stat in told]
