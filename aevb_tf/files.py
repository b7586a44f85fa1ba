"""Files that are found whole or not at all, and where files are kept for later."""

import json
import os
import pathlib
import threading
from collections.abc import Callable

# How the name of a file begins that is being written. An interrupted process leaves it.
PARTIAL = ".partial-"


def write(path: pathlib.Path, save: Callable[[pathlib.Path], None]) -> None:
  """Writes a file beside its place, then moves it there.

  Args:
    path: Where the file goes; its folder exists.
    save: Writes it, given a path with the same suffix.
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
  """Writes a text file, whole or not at all."""
  write(path, lambda partial: partial.write_text(text, encoding="utf-8"))


def write_json(path: pathlib.Path, values: dict) -> None:
  """Writes an indented JSON file, whole or not at all."""
  write_text(path, json.dumps(values, indent=2) + "\n")


def cache_folder() -> pathlib.Path:
  """The user's folder for files that can be made again, `~/.cache/aevb_tf`.

  `$XDG_CACHE_HOME` moves it; a path that is not absolute is not valid there.
  """
  home = os.environ.get("XDG_CACHE_HOME", "")
  base = pathlib.Path(home) if os.path.isabs(home) else pathlib.Path.home() / ".cache"
  return base / "aevb_tf"
