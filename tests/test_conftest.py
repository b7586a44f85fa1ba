"""The switch of CI: a test that is skipped because something is missing fails."""

import pathlib
import subprocess
import sys

import pytest

from tests import conftest

_TESTS = """
import pytest

def test_passes():
  pass

def test_needs_data():
  pytest.skip("data folder absent")

def test_needs_a_package():
  pytest.importorskip("a_package_that_nobody_has")

@pytest.mark.skip
def test_without_reason():
  pass

@pytest.mark.xfail(raises=ZeroDivisionError, strict=True)
def test_known_to_fail():
  1 / 0
"""
_MODULE = """
import pytest

pytest.importorskip("a_package_that_nobody_has")
"""


def _outcome(tmp_path, *options):
  (tmp_path / "test_some.py").write_text(_TESTS)
  (tmp_path / "test_module.py").write_text(_MODULE)
  command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest"]
  command += ["-p", "no:cacheprovider", "--rootdir", str(tmp_path), "-c", "/dev/null"]
  ended = subprocess.run(
    [*command, *options, str(tmp_path)],
    cwd=pathlib.Path(__file__).parents[1],
    capture_output=True,
    text=True,
  )
  return ended.returncode, ended.stdout.splitlines()[-1]


@pytest.mark.parametrize(
  ("options", "code", "counts"),
  [
    ([], 0, "1 passed, 4 skipped, 1 xfailed"),
    (
      ["--forbid-missing-dependency-skips", "--continue-on-collection-errors"],
      1,
      "1 failed, 1 passed, 1 skipped, 1 xfailed, 2 errors",
    ),
  ],
)
def test_skips_fail_where_they_are_forbidden(tmp_path, options, code, counts):
  returned, last_line = _outcome(tmp_path, *options)
  assert counts in last_line
  assert returned == code


def test_the_files_that_begin_first_are_there():
  root = pathlib.Path(__file__).parents[1]
  assert [name for name in conftest._LONG if not (root / name).is_file()] == []
