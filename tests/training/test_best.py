"""Runs that stop early, and that end with the model of their best epoch."""

import json
import sys

import pytest

from aevb_tf.training import best, callbacks
from aevb_tf.training.configuration import ConfigError
from aevb_tf.training.run_folder import RunFolder
from aevb_tf.training.train import train
from tests.training import runs

# Bounds of the test split in place of those of a run: the best epoch is 2.
BOUNDS = (-5.0, -3.0, -4.0, -6.0, -3.5, -2.0)
CHANGES = ("restore_best=true", "keep_checkpoints=9")


def rows(*bounds):
  return [{"epoch": i, best.METRIC: b} for i, b in enumerate(bounds, start=1)]


def test_the_best_epoch_has_the_highest_bound():
  assert best.best_epoch(rows(*BOUNDS)) == 6
  assert best.best_epoch(rows(-3.0, float("nan"), -3.0)) == 1
  assert best.best_epoch(rows(float("nan"))) is None
  assert best.best_epoch([]) is None


@pytest.mark.parametrize(
  "length, patience, stops", [(3, 2, False), (4, 2, True), (4, 0, False), (5, 3, True)]
)
def test_patience_is_in_epochs_since_the_best(length, patience, stops):
  assert best.is_exhausted(rows(*BOUNDS[:length]), patience) == stops
  assert not best.is_exhausted([], patience)


@pytest.fixture
def bounds(monkeypatch):
  before = callbacks.Keeper._row

  def row(self, epoch, elapsed, logs):
    return {**before(self, epoch, elapsed, logs), best.METRIC: BOUNDS[epoch - 1]}

  monkeypatch.setattr(callbacks.Keeper, "_row", row)


def test_a_run_stops_and_keeps_its_best_epoch(bounds, tmp_path, monkeypatch, capsys):
  config = runs.config(*CHANGES, "early_stopping=2", epochs=6)
  folder = RunFolder(tmp_path / "run")
  summary = train(config, folder.path)
  assert (summary["epochs"], summary["best_epoch"]) == (4, 2)
  assert summary["samples"] == 4 * 4000
  assert folder.checkpoint_epochs()[0] == 4 and folder.best_epochs() == [2]
  wanted = runs.state_of(folder.checkpoint(2))
  assert runs.same(runs.state(folder.path), wanted)
  capsys.readouterr()
  assert train(config, folder.path) == summary
  assert "finished already, 4 epochs" in capsys.readouterr().out
  # Stopped between two checkpoints, and resumed: the same end.
  other = RunFolder(tmp_path / "stopped")
  config = runs.config(*CHANGES, "early_stopping=2", "checkpoint_every=9", epochs=6)
  on_epoch_end = callbacks.Keeper.on_epoch_end

  def stop(self, epoch, logs=None):
    if epoch == 2:
      raise KeyboardInterrupt
    on_epoch_end(self, epoch, logs)

  with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
    patch.setattr(callbacks.Keeper, "on_epoch_end", stop)
    train(config, other.path)
  assert other.best_epochs() == [2] and other.checkpoint_epochs() == [2, 0]
  resumed = train(config, other.path)
  assert (resumed["epochs"], resumed["best_epoch"]) == (4, 2)
  assert runs.same(runs.state(other.path), wanted)
  # More patience: the run goes on from its last epoch, and finds a better one.
  config = runs.config(*CHANGES, "early_stopping=4", epochs=6)
  longer = train(config, folder.path)
  assert (longer["epochs"], longer["best_epoch"]) == (6, 6)
  assert folder.best_epochs() == [6]


def test_a_run_that_is_killed_before_its_new_summary_writes_it(
  bounds, tmp_path, monkeypatch
):
  folder = RunFolder(tmp_path / "run")
  assert train(runs.config(*CHANGES, epochs=2), folder.path)["epochs"] == 2
  longer = runs.config(*CHANGES, "early_stopping=2", epochs=6)

  def kill(*args):
    raise KeyboardInterrupt

  with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
    patch.setattr(sys.modules[train.__module__], "measure", kill)
    train(longer, folder.path)
  assert json.loads(folder.summary.read_text())["epochs"] == 2
  assert len(folder.history()) == 4
  summary = train(longer, folder.path)
  assert (summary["epochs"], summary["best_epoch"]) == (4, 2)
  assert json.loads(folder.summary.read_text()) == summary


@pytest.mark.parametrize("reason", ["missing", "finite"])
def test_without_a_best_model_the_last_is_kept_and_it_is_said(
  reason, bounds, tmp_path, monkeypatch, capsys
):
  folder, module = RunFolder(tmp_path / "run"), sys.modules[train.__module__]
  if reason == "finite":
    monkeypatch.setattr(module.best, "best_epoch", lambda history: None)
  else:
    monkeypatch.setattr(callbacks.Keeper, "_save_best", lambda self, model: None)
  steps = []
  monkeypatch.setattr(
    "aevb_tf.tasks.diagnosis.Diagnosis.to_tensorboard",
    lambda self, folder, step: steps.append(step),
  )
  summary = train(runs.config(*CHANGES, "early_stopping=1", epochs=6), folder.path)
  assert "best_epoch" not in summary and steps == [summary["epochs"]]
  printed = capsys.readouterr().err
  assert "restore_best:" in printed and reason in printed
  assert f"The model of epoch {summary['epochs']} is kept." in printed
  assert runs.same(
    runs.state(folder.path), runs.state_of(folder.checkpoint(summary["epochs"]))
  )


def test_a_run_whose_best_was_not_kept_from_its_start_is_refused(tmp_path):
  train(runs.config(epochs=1), tmp_path / "run")
  with pytest.raises(ConfigError, match="restore_best"):
    train(runs.config("restore_best=true", epochs=2), tmp_path / "run")
  with pytest.raises(
    ConfigError, match="early_stopping=-1: must be a number of epochs"
  ):
    train(runs.config("early_stopping=-1"), tmp_path / "other")
  # By default nothing is kept, and all epochs are trained.
  folder = RunFolder(tmp_path / "run")
  summary = json.loads(folder.summary.read_text())
  assert "best_epoch" not in summary and folder.best_epochs() == []


def test_a_run_is_diagnosed(tmp_path, monkeypatch, capsys):
  folder = RunFolder(tmp_path / "run")
  summary = train(runs.config(epochs=1), folder.path)
  assert summary["diagnosis"]
  report = json.loads((folder.path / "diagnosis.json").read_text())
  assert {f["check"] for f in report["findings"]} == {
    "overfitting", "collapse", "aggregate", "calibration", "coverage"
  }  # fmt: skip
  assert (folder.path / "diagnosis.txt").exists()
  assert not (folder.path / "diagnosis.png").exists()  # plots=false
  assert list((folder.tensorboard / "diagnosis").glob("events*"))

  # A diagnosis that fails does not lose the run.
  def fail(*args, **options):
    raise ValueError("no")

  monkeypatch.setattr("aevb_tf.models.VAE.diagnose", fail)
  again = train(runs.config(epochs=1), tmp_path / "other")
  assert "diagnosis" not in again and "not diagnosed" in capsys.readouterr().err
