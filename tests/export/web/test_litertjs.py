"""LiteRT.js is fetched once, checked, and named in one line where it cannot be had."""

import os
import pathlib
import stat

import pytest

from aevb_tf.export.web import litertjs
from aevb_tf.files import cache_folder

_NPM = """#!/bin/sh
echo "$@" >> {log}
[ "$1" = pack ] || exit 9
name=$(echo "$2" | sed 's/@litertjs./litertjs-/; s/@/-/')
cp {folder}/$name.tgz . 2>/dev/null && exit 0
printf '%s' '{{"error": {{"summary": "request failed\\n twice."}}}}'
exit 1
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
  monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def npm(packages_folder, tmp_path, monkeypatch):
  """An `npm` that packs from a folder; the file that it notes its calls in."""
  folder, log = tmp_path / "bin", tmp_path / "npm.log"
  folder.mkdir()
  program = folder / "npm"
  program.write_text(_NPM.format(log=log, folder=packages_folder))
  program.chmod(program.stat().st_mode | stat.S_IXUSR)
  monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
  log.touch()
  return log


@pytest.fixture
def no_npm(monkeypatch):
  monkeypatch.setattr(litertjs.shutil, "which", lambda name: None)


def test_npm_is_asked_once_for_exact_versions(npm, small_packages):
  folder = litertjs.find()
  assert folder == cache_folder()
  assert {path.name for path in folder.iterdir()} == set(small_packages)
  assert [line.split()[:2] for line in npm.read_text().splitlines()] == [
    ["pack", f"@litertjs/core@{litertjs.VERSION}"],
    ["pack", f"@litertjs/wasm-utils@{litertjs.VERSION}"],
  ]
  assert litertjs.find() == folder
  assert len(npm.read_text().splitlines()) == 2


def test_a_damaged_file_in_the_cache_is_fetched_again(npm, small_packages):
  folder = litertjs.find()
  path = folder / litertjs.PACKAGES[1].file
  path.write_bytes(path.read_bytes()[:-1])
  litertjs.find()
  assert path.read_bytes() == small_packages[path.name]
  assert len(npm.read_text().splitlines()) == 3


def test_what_npm_gives_has_to_be_what_is_pinned(npm, packages_folder):
  path = packages_folder / litertjs.PACKAGES[0].file
  path.write_bytes(path.read_bytes() + b"more")
  with pytest.raises(
    litertjs.Unavailable, match="sha512 is not that of @litertjs/core"
  ):
    litertjs.find()
  assert list(cache_folder().iterdir()) == []


def test_npms_failure_is_reported_in_one_line(npm, packages_folder):
  (packages_folder / litertjs.PACKAGES[0].file).unlink()
  with pytest.raises(litertjs.Unavailable) as error:
    litertjs.find()
  message = str(error.value)
  assert message.startswith("npm failed: request failed twice. On a machine with npm ")
  assert "\n" not in message


def test_without_npm_the_message_says_what_to_do(no_npm):
  with pytest.raises(litertjs.Unavailable) as error:
    litertjs.find()
  wanted = f"@litertjs/core@{litertjs.VERSION} @litertjs/wasm-utils@{litertjs.VERSION}"
  assert "there is no npm to get it with" in str(error.value)
  assert f"`npm pack {wanted}`, and name the folder: litertjs=FOLDER" in str(
    error.value
  )
  assert "\n" not in str(error.value)


def test_a_folder_takes_the_place_of_npm(no_npm, packages_folder, tmp_path):
  assert litertjs.find(packages_folder) == packages_folder
  assert not cache_folder().exists()
  litertjs.unpack(packages_folder, tmp_path / "page")
  found = {
    path.relative_to(tmp_path / "page").as_posix(): path.read_text()
    for path in (tmp_path / "page").rglob("*")
    if path.is_file()
  }
  assert found == {
    outside: f"{package.name} {inside}"
    for package in litertjs.PACKAGES
    for inside, outside in package.files.items()
  }


@pytest.mark.parametrize(
  ("harm", "message"),
  [
    (lambda path: path.unlink(), "not found. On a machine with npm"),
    (
      lambda path: path.write_bytes(b"else"),
      "its sha512 is not that of @litertjs/wasm",
    ),
  ],
)
def test_a_folder_is_checked_as_well(packages_folder, harm, message):
  harm(packages_folder / litertjs.PACKAGES[1].file)
  with pytest.raises(litertjs.Unavailable, match=message):
    litertjs.find(packages_folder)


def test_the_cache_is_where_the_user_wants_it(monkeypatch, tmp_path):
  assert cache_folder() == tmp_path / "cache" / "aevb_tf"
  monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
  assert cache_folder() == pathlib.Path.home() / ".cache" / "aevb_tf"
