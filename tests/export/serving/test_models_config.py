"""Labels move, old versions go, and the file is always whole."""

import os

import pytest

from aevb_tf.export.serving import models_config
from tests.export.serving.conftest import NAME


def test_publishing_moves_the_canary(four_versions):
  entry = models_config.find_model(models_config.read(four_versions), NAME)
  assert dict(entry.version_labels) == {"stable": 1, "canary": 4}


def test_promotion_and_rollback(four_versions):
  labels = models_config.promote(four_versions, NAME)
  assert labels == {"stable": 4, "canary": 4, "previous": 1}
  assert models_config.rollback(four_versions, NAME) == {"stable": 1, "canary": 4}
  with pytest.raises(ValueError, match="no previous version"):
    models_config.rollback(four_versions, NAME)
  assert models_config.rollback(four_versions, NAME, 3) == {"stable": 3, "canary": 4}


def test_other_labels_and_versions(four_versions):
  labels = models_config.promote(four_versions, NAME, 2, "test")
  assert labels == {"stable": 1, "canary": 4, "test": 2}
  with pytest.raises(ValueError, match="Version 1 of small is stable already"):
    models_config.promote(four_versions, NAME, 1)
  with pytest.raises(ValueError, match=r"no version 9; there are \[1, 2, 3, 4\]"):
    models_config.promote(four_versions, NAME, 9)


def test_pruning_keeps_the_newest_and_what_has_a_label(four_versions):
  assert models_config.prune(four_versions, NAME, keep=1) == [2, 3]
  assert sorted(os.listdir(four_versions / NAME)) == ["1", "4"]
  assert models_config.prune(four_versions, NAME, keep=1) == []
  with pytest.raises(ValueError, match="1 or more"):
    models_config.prune(four_versions, NAME, keep=0)


def test_a_missing_file(copied, tmp_path):
  with pytest.raises(ValueError, match="no model 'smal'. Did you mean small"):
    models_config.promote(copied, "smal")
  with pytest.raises(ValueError, match="nothing was published there"):
    models_config.promote(tmp_path, NAME)
  (copied / "models.config").write_text("model_config_list { nonsense: 1 }")
  with pytest.raises(ValueError, match="is not a ModelServerConfig"):
    models_config.promote(copied, NAME)


def test_a_full_disk_leaves_the_old_file(four_versions, monkeypatch):
  path = four_versions / "models.config"
  before, names = path.read_bytes(), sorted({*os.listdir(four_versions)} - {".lock"})

  def full(descriptor):
    raise OSError(28, "No space left on device")

  monkeypatch.setattr(os, "fsync", full)
  with pytest.raises(OSError, match="No space left"):
    models_config.promote(four_versions, NAME)
  assert path.read_bytes() == before
  assert sorted({*os.listdir(four_versions)} - {".lock"}) == names
