"""A run's files: written whole, read back, and damage is seen."""

import json
import zipfile

import pytest

from aevb_tf import files
from aevb_tf.training.run_folder import RunFolder


@pytest.fixture
def folder(tmp_path):
  folder = RunFolder(tmp_path / "run")
  folder.create()
  return folder


def _checkpoint(folder, epoch):
  path = folder.checkpoint(epoch)
  with zipfile.ZipFile(path, "w") as archive:
    archive.writestr("weights", b"0123456789" * 100)
  return path


def test_metrics_come_back_as_written(folder):
  rows = [{"epoch": 1, "elbo": -1.5}, {"epoch": 2, "elbo": -1.25}]
  for row in rows:
    folder.append_metrics(row)
  assert folder.history() == rows
  assert folder.metrics.read_text().count("\n") == 2


def test_a_torn_last_line_is_dropped_and_does_not_spoil_the_next(folder):
  folder.append_metrics({"epoch": 1})
  with open(folder.metrics, "a") as file:
    file.write('{"epoch": 2, "el')
  assert folder.history() == [{"epoch": 1}]
  folder.truncate_history(2)
  folder.append_metrics({"epoch": 2})
  assert folder.history() == [{"epoch": 1}, {"epoch": 2}]


def test_history_is_cut_to_an_epoch(folder):
  for epoch in (1, 2, 3):
    folder.append_metrics({"epoch": epoch})
  folder.truncate_history(1)
  assert folder.history() == [{"epoch": 1}]
  folder.truncate_history(0)
  assert folder.history() == []


def test_a_failed_write_leaves_the_old_file(folder):
  files.write_json(folder.summary, {"a": 1})

  def fails(path):
    path.write_text("half")
    raise OSError("disk full")

  with pytest.raises(OSError, match="disk full"):
    files.write(folder.summary, fails)
  assert json.loads(folder.summary.read_text()) == {"a": 1}
  folder.create()  # as the next start of the run does
  assert [path.name for path in folder.path.glob("*.partial*")] == []
  assert sorted(path.name for path in folder.path.iterdir()) == [
    "checkpoints",
    "plots",
    "summary.json",
  ]


def test_newest_checkpoint_passes_over_the_damaged(folder):
  assert folder.newest_checkpoint() == (None, [])
  for epoch in (9, 10, 11):
    _checkpoint(folder, epoch)
  assert folder.checkpoint_epochs() == [11, 10, 9]
  assert folder.newest_checkpoint() == (11, [])
  whole = folder.checkpoint(11).read_bytes()
  folder.checkpoint(11).write_bytes(whole[: len(whole) // 2])
  flipped = bytearray(folder.checkpoint(10).read_bytes())
  flipped[60] ^= 1
  folder.checkpoint(10).write_bytes(bytes(flipped))
  damaged = [folder.checkpoint(11), folder.checkpoint(10)]
  assert folder.newest_checkpoint() == (9, damaged)


def test_half_written_checkpoints_are_not_seen(folder):
  (folder.checkpoints / ".partial-epoch-00003.keras").write_text("half")
  assert folder.checkpoint_epochs() == []


def test_foreign_folders_are_reported_from_runs(tmp_path):
  assert not RunFolder(tmp_path).is_foreign()
  assert not RunFolder(tmp_path / "absent").is_foreign()
  (tmp_path / "thesis.tex").write_text("x")
  assert RunFolder(tmp_path).is_foreign()
  assert RunFolder(tmp_path / "thesis.tex").is_foreign()
  (tmp_path / "config.json").write_text("{}")
  assert not RunFolder(tmp_path).is_foreign()
  assert RunFolder(tmp_path).is_run()
