"""LiteRT.js, the runtime of the page, fetched once through npm, checked, and cached.

It is Google's, under the Apache License 2.0, and not part of this package. Of its wasm
variants the page uses `compat`: every browser runs it, also on phones, and it rounds in
the same way on all of them. (The others need threads, JSPI or relaxed SIMD, which may
round differently on another processor.)
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

from aevb_tf.files import cache_folder

VERSION = "2.5.3"
WASM = "litert_wasm_compat_internal"
_SECONDS = 600


class Unavailable(ValueError):
  """LiteRT.js cannot be obtained; the message is one line and says what to do."""


class Package(NamedTuple):
  """A pinned npm package.

  Attributes:
    name: Its name.
    integrity: The hash of its file, in npm's notation.
    files: The files that the page needs: path in the package to path on the page.
  """

  name: str
  integrity: str
  files: dict[str, str]

  @property
  def specifier(self) -> str:
    """Name and version, as npm takes them."""
    return f"{self.name}@{VERSION}"

  @property
  def file(self) -> str:
    """The name that `npm pack` gives its file."""
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
  """Returns the folder with the packages' files, checked.

  Args:
    folder: Where `npm pack` wrote them; None for the user's cache, into which npm
      fetches what is missing.

  Returns:
    The folder.

  Raises:
    Unavailable: A file is missing or damaged, and cannot be obtained.
  """
  if folder is not None:
    folder = pathlib.Path(folder)
    for package in PACKAGES:
      if not (folder / package.file).is_file():
        raise Unavailable(f"{folder / package.file}: not found. {_advice()}")
      if not _intact(folder / package.file, package):
        raise Unavailable(
          f"{folder / package.file}: {_wrong_hash(package)} {_advice()}"
        )
    return folder
  folder = cache_folder()
  for package in PACKAGES:
    if not _intact(folder / package.file, package):
      _fetch(package, folder)
  return folder


def unpack(folder: pathlib.Path, to: pathlib.Path) -> None:
  """Copies the files that a page needs into a folder of the page.

  Args:
    folder: The folder that `find` returned.
    to: The folder to create.
  """
  for package in PACKAGES:
    with tarfile.open(folder / package.file) as archive:
      for inside, outside in package.files.items():
        path = to / outside
        path.parent.mkdir(parents=True, exist_ok=True)
        content = archive.extractfile(f"package/{inside}")
        if content is None:
          raise Unavailable(f"{inside} of {package.file} is not a file. {_advice()}")
        path.write_bytes(content.read())


def _fetch(package, folder):
  """Fetches a package into the cache, atomically."""
  npm = shutil.which("npm")
  if npm is None:
    raise Unavailable(
      f"LiteRT.js is not in {folder}, and there is no npm to get it with. {_advice()}"
    )
  folder.mkdir(parents=True, exist_ok=True)
  with tempfile.TemporaryDirectory(dir=folder) as partial:
    command = [npm, "pack", package.specifier, "--ignore-scripts", "--json"]
    try:
      ended = subprocess.run(
        command, cwd=partial, capture_output=True, text=True, timeout=_SECONDS
      )
    except subprocess.TimeoutExpired as error:
      raise Unavailable(f"npm did not answer in {_SECONDS} s. {_advice()}") from error
    if ended.returncode != 0:
      raise Unavailable(f"npm failed: {_reason(ended)} {_advice()}")
    fetched = pathlib.Path(partial) / package.file
    if not _intact(fetched, package):
      raise Unavailable(
        f"The file that npm fetched for {package.specifier}: {_wrong_hash(package)}"
      )
    os.replace(fetched, folder / package.file)


def _reason(ended):
  """Npm's error message, on one line."""
  try:
    message = json.loads(ended.stdout)["error"]["summary"]
  except (ValueError, KeyError, TypeError):
    message = ended.stderr or f"it ended with code {ended.returncode}"
  return f"{' '.join(message.split())[:200].rstrip('.')}."


def _intact(path, package):
  if not path.is_file():
    return False
  with open(path, "rb") as file:
    digest = hashlib.file_digest(file, "sha512").digest()
  return package.integrity == f"sha512-{base64.b64encode(digest).decode()}"


def _wrong_hash(package):
  return f"its sha512 is not that of {package.specifier}; remove it."


def _advice():
  specifiers = " ".join(package.specifier for package in PACKAGES)
  return (
    f"On a machine with npm run `npm pack {specifiers}`, and name the folder: "
    "litertjs=FOLDER."
  )
