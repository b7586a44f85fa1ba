"""`models.config`: which models a server loads, and which version has which label.

    published     canary -> the new version; a model's first version is also stable
    promote       stable -> canary's version;  previous -> what was stable
    rollback      stable -> previous's version; previous is removed
    prune         removes old versions that have no label

A label is a name that requests may use instead of a version. All three stay loaded, so
that a rollback takes one poll of that file, and no loading.

The version policy is `all`: the server loads every version whose folder appears, by
polling the folders, independently of this file. This is necessary. A server refuses a
file that moves a label to a version that is not loaded, and refuses it as a whole; under
a policy that names the versions, the same file would have to be accepted before
the version is loaded, and never would be. Under `all`, it is refused until the version is
loaded, and accepted at the next poll.

The file is replaced as a whole by a rename; comments in it are not kept.
"""

import contextlib
import fcntl
import os
import pathlib
import shutil
from collections.abc import Iterator
from typing import TypeAlias

from google.protobuf import text_format

from aevb_tf import files, publish
from aevb_tf.export.client.messages import model_server_config_pb2
from aevb_tf.registry import did_you_mean

FILE = "models.config"
# The path of the folder in the server's container.
MOUNT = "/models"
STABLE, CANARY, PREVIOUS = "stable", "canary", "previous"
ModelServerConfig: TypeAlias = model_server_config_pb2.ModelServerConfig
ModelConfig: TypeAlias = model_server_config_pb2.ModelConfig

_HEADER = """\
# Written by aevb_tf, and replaced by `aevb-serving promote` and `rollback`.
# Ask for a label: a request without one gets the newest version.
"""


@contextlib.contextmanager
def locked(base: str | os.PathLike) -> Iterator[pathlib.Path]:
  """Inside, no other process publishes into `base` or moves its labels.

  Args:
    base: The folder; created if missing.

  Yields:
    The folder.
  """
  base = pathlib.Path(base)
  base.mkdir(parents=True, exist_ok=True)
  with open(base / publish.LOCK, "w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    yield base


def read(base: str | os.PathLike) -> ModelServerConfig:
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
    raise ValueError(f"{path} is not a ModelServerConfig: {error}") from error


def find_model(config: ModelServerConfig, name: str) -> ModelConfig | None:
  """The entry of a model, or None."""
  for entry in config.model_config_list.config:
    if entry.name == name:
      return entry
  return None


def add_model(config: ModelServerConfig, name: str) -> ModelConfig:
  """Adds a model to a config, with every version of it served; returns its entry."""
  entry = config.model_config_list.config.add()
  entry.name = name
  entry.base_path = f"{MOUNT}/{name}"
  entry.model_platform = "tensorflow"
  entry.model_version_policy.all.SetInParent()
  return entry


def write(base: str | os.PathLike, config: ModelServerConfig) -> None:
  """Replaces the file of a folder: readers see the old one or the new one."""
  replace(pathlib.Path(base, FILE), _HEADER + text_format.MessageToString(config))


def replace(path: pathlib.Path, text: str) -> None:
  """Replaces a text file by another that is synced to the disk before."""

  def save(partial):
    partial.write_text(text, encoding="utf-8")
    partial.chmod(0o644)  # the server may run as another user

  files.write(path, save)
  publish.sync(path.parent)


def versions(base: str | os.PathLike, name: str) -> list[int]:
  """The versions of a model in a folder, oldest first."""
  folder = pathlib.Path(base, name)
  paths = folder.iterdir() if folder.is_dir() else ()
  return sorted(int(path.name) for path in paths if path.name.isdecimal())


def make_canary(base: str | os.PathLike, name: str, version: int) -> dict[str, int]:
  """Makes a version that was just published the canary; call it inside `locked`."""
  config = read(base)
  entry = find_model(config, name) or add_model(config, name)
  entry.version_labels[CANARY] = version
  if STABLE not in entry.version_labels:
    entry.version_labels[STABLE] = version
  write(base, config)
  return dict(entry.version_labels)


def requested_version(
  base: str | os.PathLike,
  name: str,
  version: int | None = None,
  label: str | None = None,
) -> int:
  """The version that answers a request for a version, for a label or for neither.

  Raises:
    ValueError: There is none.
  """
  if version is None and label is not None:
    entry = find_model(read(base), name)
    labels = {} if entry is None else dict(entry.version_labels)
    if label not in labels:
      raise ValueError(f"{name} has no label {label!r}; there are {sorted(labels)}.")
    version = labels[label]
  existing = versions(base, name)
  if not existing or version not in (None, *existing):
    raise ValueError(f"{base} has no version {version or ''} of {name}.")
  return max(existing) if version is None else version


def promote(
  base: str | os.PathLike, name: str, version: int | None = None, label: str = STABLE
) -> dict[str, int]:
  """Moves a label to a version.

  Args:
    base: The folder.
    name: The model.
    version: The version; by default that of the canary.
    label: The label; the version that was `stable` becomes `previous`.

  Returns:
    All labels of the model: name to version.

  Raises:
    ValueError: There is no such model or version, or it has the label already.
  """
  with locked(base):
    config, labels = _labels(base, name)
    if version is None:
      version = labels.get(CANARY)
    if version is None:
      raise ValueError(f"{name} has no canary; give the version to promote.")
    before = labels.get(STABLE)
    _move(base, name, labels, label, version)
    if label == STABLE and before is not None:
      labels[PREVIOUS] = before
    write(base, config)
    return dict(labels)


def rollback(
  base: str | os.PathLike, name: str, version: int | None = None
) -> dict[str, int]:
  """Moves `stable` back to the version before the last promotion.

  Args:
    base: The folder.
    name: The model.
    version: The version; by default the previous one.

  Returns:
    All labels of the model: name to version.

  Raises:
    ValueError: There is no such model or version, or nothing to go back to.
  """
  with locked(base):
    config, labels = _labels(base, name)
    if version is None:
      version = labels.get(PREVIOUS)
    if version is None:
      raise ValueError(
        f"{name} has no previous version; give the version to go back to."
      )
    _move(base, name, labels, STABLE, version)
    # A second rollback would undo the first.
    labels.pop(PREVIOUS, None)
    write(base, config)
    return dict(labels)


def prune(base: str | os.PathLike, name: str, keep: int = 3) -> list[int]:
  """Removes all but the newest versions and those that have a label.

  A version is renamed to a name that no server loads before its files go.

  Args:
    base: The folder.
    name: The model.
    keep: The number of newest versions to keep, 1 or more.

  Returns:
    The versions that were removed, oldest first.

  Raises:
    ValueError: There is no such model, or `keep` is not positive.
  """
  if keep < 1:
    raise ValueError(f"keep={keep} must be 1 or more.")
  with locked(base):
    _, labels = _labels(base, name)
    kept = {*versions(base, name)[-keep:], *labels.values()}
    removed = [version for version in versions(base, name) if version not in kept]
    for version in removed:
      hidden = pathlib.Path(base, name, f".removed-{version}")
      os.rename(pathlib.Path(base, name, str(version)), hidden)
    # Also those of an earlier call that was killed.
    for hidden in pathlib.Path(base, name).glob(".removed-*"):
      shutil.rmtree(hidden)
    return removed


def check_labels(base: str | os.PathLike) -> None:
  """Raises a ValueError if a label is on a version that is missing."""
  for entry in read(base).model_config_list.config:
    for label, version in sorted(entry.version_labels.items()):
      if version not in versions(base, entry.name):
        raise ValueError(f"{label} is version {version}, which is missing")


def _labels(base, name) -> tuple[ModelServerConfig, ModelConfig]:
  if not pathlib.Path(base, FILE).exists():
    raise ValueError(f"{base} has no {FILE}: nothing was published there.")
  config = read(base)
  entry = find_model(config, name)
  if entry is None:
    names = [entry.name for entry in config.model_config_list.config]
    raise ValueError(f"There is no model {name!r}.{did_you_mean(name, names)}")
  return config, entry.version_labels


def _move(base, name, labels, label, version):
  existing = versions(base, name)
  if version not in existing:
    raise ValueError(f"{name} has no version {version}; there are {existing}.")
  if labels.get(label) == version:
    raise ValueError(f"Version {version} of {name} is {label} already.")
  labels[label] = version
