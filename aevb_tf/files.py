"""Atomic writes of files, and the cache folder."""

import json
import os
import pathlib
import threading
from collections.abc import Callable

# Prefix of the names of files that are being written; interrupted processes leave them.
PARTIAL = ".partial-"


def write(path: pathlib.Path, save: Callable[[pathlib.Path], object]) -> None:
  """Writes a file beside its place, then renames it.

  Args:
    path: The file; its folder must exist.
    save: Writes the file to a given path, which has the same suffix.
  """
  writer = f"{os.getpid()}-{threading.get_ident()}"
  partial = path.with_name(f"{PARTIAL}{writer}-{path.name}")
  try:
    save(partial)
    with open(partial, "rb+") as file:
      os.fsync(file.fileno())
    os.replace(partial, path)
  finally:
    partial.unlink(missing_ok=True)


def write_text(path: pathlib.Path, text: str) -> None:
  """Writes a text file atomically."""
  write(path, lambda partial: partial.write_text(text, encoding="utf-8"))


def write_json(path: pathlib.Path, values: dict) -> None:
  """Writes an indented JSON file atomically."""
  write_text(path, json.dumps(values, indent=2) + "\n")


def cache_folder() -> pathlib.Path:
  """The user's folder for files that can be recreated, `~/.cache/aevb_tf`.

  `$XDG_CACHE_HOME` replaces `~/.cache`; a relative path in it is ignored.
  """
  home = os.environ.get("XDG_CACHE_HOME", "")
  base = pathlib.Path(home) if os.path.isabs(home) else pathlib.Path.home() / ".cache"
  return base / "aevb_tf"
