"""LiteRT.js in miniature, for tests that only look at files."""

import base64
import hashlib
import io
import tarfile

import pytest

from aevb_tf.export.web import litertjs


def packed(files):
  """A package as npm packs it: path to content."""
  content = io.BytesIO()
  with tarfile.open(fileobj=content, mode="w:gz") as archive:
    for path, text in files.items():
      entry = tarfile.TarInfo(f"package/{path}")
      entry.size = len(text)
      archive.addfile(entry, io.BytesIO(text))
  return content.getvalue()


def integrity(content):
  return f"sha512-{base64.b64encode(hashlib.sha512(content).digest()).decode()}"


@pytest.fixture
def small_packages(monkeypatch):
  """Small packages in place of the pinned ones; what npm would give, by file name."""
  contents, packages = {}, []
  for package in litertjs.PACKAGES:
    names = [*package.files, "dist/not_needed.js"]
    content = packed({name: f"{package.name} {name}".encode() for name in names})
    packages.append(package._replace(integrity=integrity(content)))
    contents[package.file] = content
  monkeypatch.setattr(litertjs, "PACKAGES", tuple(packages))
  return contents


@pytest.fixture
def packages_folder(small_packages, tmp_path):
  """A folder with them."""
  folder = tmp_path / "npm"
  folder.mkdir()
  for name, content in small_packages.items():
    (folder / name).write_bytes(content)
  return folder
