"""`models.config`: which models a server loads, and the labels of their versions.

The version policy is `all`: the server loads every version whose folder appears, by
polling the folders, whatever becomes of this file. It has to be so. A server refuses a
file that moves a label to a version that is not loaded, and refuses it whole; under
a policy that names the versions, the same file would have to be accepted before the
version is loaded, and never would be. Under `all`, it is refused until the version is
there, and accepted at the next poll.

The file is replaced as a whole by a rename; comments in it are not kept.
"""

import contextlib
import fcntl
import os
import pathlib
import tempfile
from collections.abc import Iterator
from typing import Any

from google.protobuf import text_format

from aevb_tf.export import publish
from aevb_tf.export.serving.protos import model_server_config_pb2

FILE = "models.config"
# Where the server's container sees the folder.
MOUNT = "/models"
_HEADER = """\
# Written by aevb_tf, and replaced by `aevb-serving promote` and `rollback`.
# Ask for a label: a request without one gets the newest version.
"""


@contextlib.contextmanager
def locked(base: str | os.PathLike) -> Iterator[pathlib.Path]:
  """Inside, no other process publishes into `base` or moves its labels.

  Args:
    base: The folder; made if need be.

  Yields:
    The folder.
  """
  base = pathlib.Path(base)
  base.mkdir(parents=True, exist_ok=True)
  with open(base / publish.LOCK, "w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    yield base


def read(base: str | os.PathLike) -> Any:
  """The `ModelServerConfig` of a folder, empty if there is none yet.

  Raises:
    ValueError: The file is not a `ModelServerConfig`.
  """
  path = pathlib.Path(base, FILE)
  config = model_server_config_pb2.ModelServerConfig()
  if not path.exists():
    return config
  try:
    return text_format.Parse(path.read_text(encoding="utf-8"), config)
  except (text_format.ParseError, UnicodeDecodeError) as error:
    raise ValueError(f"{path} is no ModelServerConfig: {error}") from error


def model(config: Any, name: str) -> Any:
  """The entry of a model, None if it has none."""
  for entry in config.model_config_list.config:
    if entry.name == name:
      return entry
  return None


def add_model(config: Any, name: str) -> Any:
  """Adds a model to a config, with every version of it served; returns its entry."""
  entry = config.model_config_list.config.add()
  entry.name = name
  entry.base_path = f"{MOUNT}/{name}"
  entry.model_platform = "tensorflow"
  entry.model_version_policy.all.SetInParent()
  return entry


def write(base: str | os.PathLike, config: Any) -> None:
  """Replaces the file of a folder: readers see the old one or the new one."""
  replace(pathlib.Path(base, FILE), _HEADER + text_format.MessageToString(config))


def replace(path: pathlib.Path, text: str) -> None:
  """Puts a text file into the place of another, on the disk before it is seen."""
  descriptor, partial = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
  try:
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
      file.write(text)
      file.flush()
      os.fsync(file.fileno())
    os.chmod(partial, 0o644)  # the server may run as another user
    os.replace(partial, path)
  except BaseException:
    os.unlink(partial)
    raise
  publish.sync(path.parent)
