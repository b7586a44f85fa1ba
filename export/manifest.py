"""`manifest.json`: every file of an export with its size and hash, and what it is.

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

from aevb_tf.export import metadata, publish
from aevb_tf.export.formats import Artifact

FILE = "manifest.json"


class NoExport(ValueError):
  """A folder is no export, or its manifest is damaged; the message is one line."""


def make(
  folder: pathlib.Path,
  name: str,
  artifacts: list[Artifact],
  config_sha256: str | None,
) -> dict[str, Any]:
  """Describes a folder, and writes the description into it.

  Args:
    folder: The folder, complete but for the manifest.
    name: What the export is called.
    artifacts: What can be run.
    config_sha256: Hash of the training config.

  Returns:
    What was written.
  """
  told = {
    "format_version": metadata.FORMAT_VERSION,
    "name": name,
    "versions": metadata.versions(),
    "config_sha256": config_sha256,
    "files": {path: describe(folder / path) for path in files(folder)},
    "artifacts": [dataclasses.asdict(artifact) for artifact in artifacts],
  }
  (folder / FILE).write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
  return told


def read(folder: str | os.PathLike) -> dict[str, Any]:
  """Reads the manifest of an export.

  Raises:
    NoExport: There is none, or it is damaged.
  """
  path = pathlib.Path(folder) / FILE
  if not path.is_file():
    raise NoExport(f"{path}: there is none; {folder} is no export of aevb-export.")
  try:
    told = json.loads(path.read_text(encoding="utf-8"))
    version = told["format_version"]
    if version == metadata.FORMAT_VERSION:
      _check(told)
  except (ValueError, KeyError, TypeError, AttributeError) as error:
    raise NoExport(f"{path}: damaged or cut off: it cannot be read.") from error
  if version != metadata.FORMAT_VERSION:
    raise NoExport(f"{path}: of another version of the format than this package reads.")
  return told


def _check(told):
  """Raises where a manifest does not say what is needed to verify an export."""
  for file in told["files"].values():
    int(file["bytes"]), str(file["sha256"])
  told["artifacts"] = [dataclasses.asdict(Artifact(**e)) for e in told["artifacts"]]
  for path in (artifact["path"] for artifact in told["artifacts"]):
    if not any(f"{name}/".startswith(f"{path}/") for name in told["files"]):
      raise ValueError(f"{path} is none of the files")


def files(folder: pathlib.Path) -> list[str]:
  """The files below a folder, but for the manifest and locks, sorted."""
  found = (path for path in folder.rglob("*") if not path.is_dir())
  paths = (path.relative_to(folder).as_posix() for path in found)
  return sorted(
    path for path in paths if path != FILE and not path.endswith(f"/{publish.LOCK}")
  )


def describe(path: pathlib.Path) -> dict[str, Any]:
  """Size and hash of a file."""
  with open(path, "rb") as file:
    digest = hashlib.file_digest(file, "sha256").hexdigest()
  return {"bytes": path.stat().st_size, "sha256": digest}


def faults(folder: pathlib.Path, told: dict[str, Any]) -> dict[str, str]:
  """What is wrong with the files of an export.

  Args:
    folder: The export.
    told: Its manifest.

  Returns:
    Path to what is the matter with it; empty where all is well.
  """
  found = {}
  here = set(files(folder))
  for path, expected in told["files"].items():
    if path not in here:
      found[path] = "missing"
      continue
    actual = describe(folder / path)
    if actual["bytes"] < expected["bytes"]:
      missing = f"{actual['bytes']:,} of {expected['bytes']:,} bytes"
      found[path] = f"truncated: it has {missing}"
    elif actual != expected:
      found[path] = "damaged: its hash is not that of the manifest"
  for path in sorted(here - set(told["files"])):
    found[path] = "foreign: the manifest does not name it"
  return found
