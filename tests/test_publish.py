"""What is published appears whole or not at all, and replaces nothing."""

import errno
import os
import signal
import subprocess
import sys
import time

import pytest

from aevb_tf import publish


def test_a_folder_appears_at_the_end(tmp_path):
  path = tmp_path / "base" / "1"
  with publish.folder(path) as partial:
    (partial / "sub").mkdir()
    (partial / "sub" / "file").write_text("whole")
    assert not path.exists()
    assert all(name.startswith(".partial-") for name in os.listdir(path.parent))
  assert (path / "sub" / "file").read_text() == "whole"
  assert os.listdir(path.parent) == ["1"]


def test_a_file_appears_at_the_end(tmp_path):
  with publish.file(tmp_path / "a.tflite") as partial:
    partial.write_text("whole")
    assert not (tmp_path / "a.tflite").exists()
  assert (tmp_path / "a.tflite").read_text() == "whole"
  assert os.listdir(tmp_path) == ["a.tflite"]


@pytest.mark.parametrize("kind", [publish.folder, publish.file])
def test_an_error_leaves_nothing(tmp_path, kind):
  with pytest.raises(RuntimeError), kind(tmp_path / "a"):
    raise RuntimeError
  assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("kind", [publish.folder, publish.file])
def test_existing_files_are_not_changed(tmp_path, kind):
  (tmp_path / "a").write_text("mine")
  with pytest.raises(FileExistsError, match="nothing is overwritten"):
    with kind(tmp_path / "a"):
      raise AssertionError("nothing is to be made")
  assert (tmp_path / "a").read_text() == "mine"


@pytest.mark.parametrize("kind", [publish.folder, publish.file])
def test_files_that_appeared_meanwhile_are_not_changed(tmp_path, kind):
  with pytest.raises(FileExistsError):
    with kind(tmp_path / "a") as partial:
      if kind is publish.file:
        partial.write_text("ours")
      (tmp_path / "a").write_text("theirs")
  assert (tmp_path / "a").read_text() == "theirs"
  assert os.listdir(tmp_path) == ["a"]


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
  def full(descriptor):
    raise OSError(errno.ENOSPC, "No space left on device")

  monkeypatch.setattr(os, "fsync", full)
  with pytest.raises(OSError, match="No space left"):
    with publish.folder(tmp_path / "1") as partial:
      (partial / "file").write_text("cut off")
  assert os.listdir(tmp_path) == []


def test_everything_is_on_the_disk_before_it_is_seen(tmp_path, monkeypatch):
  synced, path = [], tmp_path / "1"
  fsync = os.fsync

  def note(descriptor):
    synced.append((os.readlink(f"/proc/self/fd/{descriptor}"), path.exists()))
    fsync(descriptor)

  monkeypatch.setattr(os, "fsync", note)
  with publish.folder(path) as partial:
    (partial / "a").write_text("a")
    (partial / "sub").mkdir()
    (partial / "sub" / "b").write_text("b")
  before = {os.path.basename(name) for name, seen in synced if not seen}
  assert before == {"a", "b", "sub", "1"}
  assert synced[-1] == (str(tmp_path), True)


_KILLED = """
import sys, time
sys.argv[0] = "aevb-export"  # TensorFlow is not needed
from aevb_tf import publish
with publish.folder(sys.argv[1]) as partial:
  (partial / "half").write_text("half")
  print("ready", flush=True)
  time.sleep(600)
"""


def test_a_kill_leaves_nothing_to_be_seen_and_the_next_cleans_up(tmp_path):
  path = tmp_path / "1"
  process = subprocess.Popen(
    [sys.executable, "-c", _KILLED, path], stdout=subprocess.PIPE, text=True
  )
  assert process.stdout.readline() == "ready\n"
  # While it lives, its folder is left to it.
  with publish.folder(path) as partial:
    (partial / "whole").write_text("whole")
  assert len([name for name in os.listdir(tmp_path) if name.startswith(".")]) == 1
  process.send_signal(signal.SIGKILL)
  process.wait()
  process.stdout.close()
  assert os.listdir(path) == ["whole"]
  left = [name for name in os.listdir(tmp_path) if not name.startswith(".")]
  assert left == ["1"]
  path.rename(tmp_path / "2")
  with publish.folder(path):
    pass
  assert sorted(os.listdir(tmp_path)) == ["1", "2"]


def test_a_reader_never_sees_a_part(tmp_path):
  path, start = tmp_path / "1", time.monotonic()
  watcher = subprocess.Popen(
    [sys.executable, "-c", _WATCH, path], stdout=subprocess.PIPE, text=True
  )
  with publish.folder(path) as partial:
    for i in range(200):
      (partial / f"{i}").write_text("x" * 1000)
  result, _ = watcher.communicate(timeout=60)
  assert result == "200\n", time.monotonic() - start


_WATCH = """
import os, sys, time
while not os.path.exists(sys.argv[1]):
  pass
print(len(os.listdir(sys.argv[1])))
"""
