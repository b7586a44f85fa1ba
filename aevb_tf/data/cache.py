"""A cache of decoded data on disk.

Each split is one `.npz` file in the user's cache folder (`$XDG_CACHE_HOME/aevb_tf`, or
`~/.cache/aevb_tf`). Its name is a hash of everything that it depends on. It is written
beside its place and then renamed, so that no process reads an incomplete file. The
folder may be deleted at any time. If it cannot be written to, data are decoded each
time.
"""

import contextlib
import hashlib
import json
import pathlib
from collections.abc import Callable

import numpy as np

from aevb_tf.files import cache_folder, write


def arrays(
  depends_on: object, read: Callable[[], tuple[np.ndarray, np.ndarray]]
) -> tuple[np.ndarray, np.ndarray]:
  """Returns examples and labels from the cache, or decodes and caches them.

  Args:
    depends_on: Everything that the result depends on, as a value for JSON.
    read: Decodes them.

  Returns:
    The result of `read`.
  """
  described = json.dumps(depends_on, sort_keys=True)
  digest = hashlib.sha256(described.encode()).hexdigest()
  path = cache_folder() / f"{digest[:32]}.npz"
  # Opened here, since NumPy does not close a damaged file. Any error (see `reading`) is
  # ignored, since the data can be decoded again.
  with contextlib.suppress(Exception), open(path, "rb") as file:
    kept = np.load(file)
    return kept["x"], kept["y"]
  x, y = read()
  with contextlib.suppress(OSError):  # a full disk, or a read-only home
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, lambda partial: np.savez(partial, x=x, y=y))
  return x, y


def once(depends_on: object, check: Callable[[], None]) -> None:
  """Runs a check, unless the cache records that it has passed before.

  Args:
    depends_on: Everything that the check depends on, as a value for JSON.
    check: Raises an exception if it does not pass.
  """

  def passed():
    check()
    return np.empty(0), np.empty(0)

  arrays(["checked", depends_on], passed)


def stamps(paths: list[pathlib.Path]) -> list[tuple[str, int, int]]:
  """Names, sizes and modification times of files, which change if one is replaced."""
  stats = ((path, path.stat()) for path in sorted(paths))
  return [(str(path), stat.st_size, stat.st_mtime_ns) for path, stat in stats]
