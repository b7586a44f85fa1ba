"""Publishes files and folders atomically, without replacing existing ones.

They are written beside their place, in a hidden folder `.partial-NAME-*`, synced to
the disk and then renamed: a process that polls the place (such as a server looking for
new versions) sees nothing until everything is there. After an error the hidden folder is
removed at once, after a kill or a power cut by the next call for the same place.
"""

import contextlib
import errno
import fcntl
import os
import pathlib
import shutil
import tempfile
from collections.abc import Iterator

LOCK = ".lock"  # name of the files that processes lock


@contextlib.contextmanager
def folder(path: str | os.PathLike) -> Iterator[pathlib.Path]:
  """Publishes a folder.

  Args:
    path: Its place. Parents are created if missing.

  Yields:
    An empty folder to fill. At the end it is moved to `path`; after an exception it
    is removed.

  Raises:
    FileExistsError: There is something at `path`, before or at the end.
  """
  path = check_free(path)
  with _partial(path) as partial:
    whole = partial / path.name
    whole.mkdir()
    yield whole
    for directory, _, names in os.walk(whole):
      for name in names:
        sync(os.path.join(directory, name))
      sync(directory)
    check_free(path)
    os.rename(whole, path)  # fails if there is a folder with anything in it
    sync(path.parent)


@contextlib.contextmanager
def file(path: str | os.PathLike) -> Iterator[pathlib.Path]:
  """Publishes a file; as `folder`, but yields the path to write to."""
  path = check_free(path)
  with _partial(path) as partial:
    whole = partial / path.name
    yield whole
    sync(whole)
    # A link, unlike a rename, fails if there is a file already.
    os.link(whole, path)
    sync(path.parent)


def check_free(path: str | os.PathLike) -> pathlib.Path:
  """The absolute path of a place that is free.

  Raises:
    FileExistsError: There is something.
  """
  path = pathlib.Path(os.path.abspath(path))
  if os.path.lexists(path):
    message = "something is there already, and nothing is overwritten"
    raise FileExistsError(errno.EEXIST, message, str(path))
  return path


@contextlib.contextmanager
def _partial(path: pathlib.Path) -> Iterator[pathlib.Path]:
  """A hidden folder beside `path`, locked while in use, and removed at the end."""
  path.parent.mkdir(parents=True, exist_ok=True)
  prefix = f".partial-{path.name}-"
  for abandoned in path.parent.glob(f"{prefix}*"):
    _remove_unless_in_use(abandoned)
  partial = pathlib.Path(tempfile.mkdtemp(prefix=prefix, dir=path.parent))
  try:
    with open(partial / LOCK, "w") as lock:
      fcntl.flock(lock, fcntl.LOCK_EX)
      os.chmod(partial, 0o755)
      yield partial
  finally:
    shutil.rmtree(partial, ignore_errors=True)


def _remove_unless_in_use(partial: pathlib.Path) -> None:
  try:
    with open(partial / LOCK) as lock:
      fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
  except BlockingIOError:
    return  # another process uses it
  except FileNotFoundError:
    pass  # its process was killed before it could lock
  shutil.rmtree(partial, ignore_errors=True)


def sync(path: str | os.PathLike) -> None:
  """Syncs a file, or the list of a folder's files, to the disk."""
  descriptor = os.open(path, os.O_RDONLY)
  try:
    os.fsync(descriptor)
  finally:
    os.close(descriptor)
