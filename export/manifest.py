"""`manifest.json`: every file of an export with its size, its hash and its runtimes.

{"format_version": 1, "name": ..., "versions": {...}, "config_sha256": ...,
 "files": {PATH: {"bytes": ..., "sha256": ...}},
 "artifacts": [{"path": ..., "runtimes": [...], "quantize": ..., "told": ...}]}
"""

import dataclasses
import hashlib
import json
import os
import pathlib
from typing import Any

from aevb_tf import publish
from aevb_tf.export import metadata

FILE = "manifest.json"


class NoExport(ValueError):
  """A folder is not an export, or its manifest is damaged; the message is one line."""


@dataclasses.dataclass(frozen=True)
class Artifact:
  """A file or folder that a runtime can load.

  Attributes:
    path: Its path in the export.
    runtimes: Names in `runtimes.SCRIPTS`.
    quantize: How its numbers are stored.
    batch_size: Its fixed batch size, or None.
    details: More about it for the manifest, under the key `told`.
    changing: Files beside it that commands of this package rewrite: `models.config`.
  """

  path: str
  runtimes: tuple[str, ...]
  quantize: str = "none"
  batch_size: int | None = None
  details: dict[str, Any] = dataclasses.field(default_factory=dict)
  changing: tuple[str, ...] = ()

  def to_json(self) -> dict[str, Any]:
    """The artifact's entry in a manifest."""
    fields = dataclasses.asdict(self)
    return {"told" if k == "details" else k: v for k, v in fields.items()}

  @classmethod
  def from_json(cls, entry: dict[str, Any]) -> "Artifact":
    """The inverse of `to_json`; raises a TypeError for an incomplete entry."""
    return cls(**{"details" if k == "told" else k: v for k, v in entry.items()})


def make(
  folder: pathlib.Path,
  name: str,
  artifacts: list[Artifact],
  config_sha256: str | None,
) -> dict[str, Any]:
  """Writes the manifest of a folder into it.

  Args:
    folder: The folder, complete except for the manifest.
    name: Name of the export.
    artifacts: What can be run.
    config_sha256: Hash of the training config.

  Returns:
    What was written.
  """
  content = {
    "format_version": metadata.FORMAT_VERSION,
    "name": name,
    "versions": metadata.versions(),
    "config_sha256": config_sha256,
    "files": {path: describe(folder / path) for path in files(folder)},
    "artifacts": [artifact.to_json() for artifact in artifacts],
  }
  (folder / FILE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
  return content


def read(folder: str | os.PathLike) -> dict[str, Any]:
  """Reads the manifest of an export.

  Raises:
    NoExport: There is none, or it is damaged.
  """
  path = pathlib.Path(folder) / FILE
  if not path.is_file():
    raise NoExport(f"{path}: not found; {folder} is not an export of aevb-export.")
  try:
    content = json.loads(path.read_text(encoding="utf-8"))
    version = content["format_version"]
    if version == metadata.FORMAT_VERSION:
      _check(content)
  except (ValueError, KeyError, TypeError, AttributeError) as error:
    raise NoExport(f"{path}: damaged or cut off: it cannot be read.") from error
  if version != metadata.FORMAT_VERSION:
    raise NoExport(f"{path}: of another version of the format than this package reads.")
  return content


def _check(content):
  """Raises an error if a manifest lacks what is needed to verify an export."""
  for file in content["files"].values():
    int(file["bytes"]), str(file["sha256"])
  artifacts = [Artifact.from_json(entry) for entry in content["artifacts"]]
  content["artifacts"] = [artifact.to_json() for artifact in artifacts]
  for artifact in artifacts:
    if not any(f"{name}/".startswith(f"{artifact.path}/") for name in content["files"]):
      raise ValueError(f"{artifact.path} is not among the files")


def files(folder: pathlib.Path) -> list[str]:
  """The files below a folder, without the manifest and locks, sorted."""
  paths = (
    path.relative_to(folder).as_posix()
    for path in folder.rglob("*")
    if not path.is_dir()
  )
  return sorted(
    path for path in paths if path != FILE and not path.endswith(f"/{publish.LOCK}")
  )


def describe(path: pathlib.Path) -> dict[str, Any]:
  """Size and hash of a file."""
  with open(path, "rb") as file:
    digest = hashlib.file_digest(file, "sha256").hexdigest()
  return {"bytes": path.stat().st_size, "sha256": digest}


def faults(folder: pathlib.Path, expected: dict[str, Any]) -> dict[str, str]:
  """Errors in the files of a folder.

  Args:
    folder: The folder.
    expected: Its files in the manifest: path to size and hash.

  Returns:
    Path to what is wrong with it; empty if nothing is.
  """
  reasons = {}
  present = set(files(folder))
  for path, file in expected.items():
    if path not in present:
      reasons[path] = "missing"
      continue
    actual = describe(folder / path)
    if actual["bytes"] < file["bytes"]:
      size = f"{actual['bytes']:,} of {file['bytes']:,} bytes"
      reasons[path] = f"truncated: it has {size}"
    elif actual != file:
      reasons[path] = "damaged: its hash is not that of the manifest"
  for path in sorted(present - set(expected)):
    reasons[path] = "foreign: the manifest does not name it"
  return reasons
