"""A run writes its folder; a run that is stopped and resumed has the same end."""

import contextlib
import json
import shutil

import numpy as np
import pytest

import aevb_tf as aevb
from aevb_tf.data import loading
from aevb_tf.training import callbacks, configuration
from aevb_tf.training.configuration import ConfigError
from aevb_tf.training.evaluate import evaluate
from aevb_tf.training.run_folder import RunFolder
from aevb_tf.training.train import train
from tests.training import runs


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
  """The folder of an uninterrupted run."""
  folder = RunFolder(tmp_path_factory.mktemp("runs") / "straight")
  train(runs.config(), folder.path)
  return folder


@pytest.fixture(scope="module")
def straight_state(straight):
  """The weights and the optimizer at its end."""
  return runs.state(straight.path)


@contextlib.contextmanager
def _stop_in_epoch(number):
  """Ctrl-C when so many epochs are finished, and the next has trained."""
  before = callbacks.Keeper.on_epoch_end

  def on_epoch_end(self, epoch, logs=None):
    if epoch == number:
      raise KeyboardInterrupt
    before(self, epoch, logs)

  with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
    patch.setattr(callbacks.Keeper, "on_epoch_end", on_epoch_end)
    yield


@pytest.fixture(scope="module")
def stopped_once(tmp_path_factory):
  path = tmp_path_factory.mktemp("runs") / "stopped"
  with _stop_in_epoch(3):
    train(runs.config(), path)
  return path


@pytest.fixture
def stopped(stopped_once, tmp_path):
  """A folder of one's own, of a run that was stopped in its last epoch."""
  return RunFolder(shutil.copytree(stopped_once, tmp_path / "run"))


# What a run leaves.


def test_a_run_leaves_its_folder(straight):
  files = {str(path.relative_to(straight.path)) for path in straight.path.rglob("*")}
  assert {
    "config.json",
    "metrics.jsonl",
    "model.keras",
    "summary.json",
    "checkpoints/epoch-00002.keras",
    "checkpoints/epoch-00003.keras",
    "checkpoints/epoch-00004.keras",
  } <= files
  assert straight.checkpoint_epochs() == [4, 3, 2]
  for part in ("train", "validation"):
    assert list((straight.tensorboard / part).glob("events.out.tfevents.*"))


def test_config_json_is_the_config(straight):
  again = configuration.load(str(straight.config))
  assert again.to_dict() == runs.config().to_dict()


def test_every_epoch_has_its_metrics(straight):
  rows = straight.history()
  assert [row["epoch"] for row in rows] == [1, 2, 3, 4]
  assert [row["samples"] for row in rows] == [4000, 8000, 12000, 16000]
  for row in rows:
    for split in ("", "val_"):
      elbo = row[f"{split}log_likelihood"] - row[f"{split}kl"]
      # Sums of about 1000 float32 numbers each: six digits agree.
      assert row[f"{split}elbo"] == pytest.approx(elbo, rel=1e-6)
      assert row[f"{split}loss"] == pytest.approx(-elbo, rel=1e-6)
    assert row["seconds"] > 0
  assert rows[-1]["elbo"] > rows[0]["elbo"]
  # Cosine decay over four epochs: half of the rate is left after two of them.
  assert rows[1]["learning_rate"] == pytest.approx(0.0005, rel=1e-6)
  assert rows[3]["learning_rate"] == 0.0


def test_the_summary_is_of_the_whole_test_split(straight):
  summary = json.loads(straight.summary.read_text())
  assert summary["test"]["num_examples"] == 1000
  assert summary["samples"] == 16000
  for key in ("elbo", "kl", "log_likelihood"):
    last = straight.history()[-1][f"val_{key}"]
    assert summary["test"][key] == pytest.approx(last, rel=1e-6)
  total = sum(summary["test"]["kl_per_dimension"])
  assert summary["test"]["kl"] == pytest.approx(total, rel=1e-5)
  assert set(summary["versions"]) == {
    "python",
    "aevb_tf",
    "tensorflow",
    "keras",
    "tensorflow_probability",
  }


# Stopping and resuming.


def test_a_stopped_run_ends_as_an_uninterrupted_one(straight, straight_state, stopped):
  assert stopped.newest_checkpoint() == (3, [])
  assert not stopped.summary.exists()
  train(runs.config(), stopped.path)
  assert runs.same(runs.state(stopped.path), straight_state)
  assert runs.history(stopped.path) == runs.history(straight.path)


def test_epochs_between_checkpoints_are_not_lost(straight, straight_state, tmp_path):
  config = runs.config("checkpoint_every=100")
  with _stop_in_epoch(2):
    train(config, tmp_path)
  assert RunFolder(tmp_path).checkpoint_epochs() == [2, 0]
  train(config, tmp_path)
  assert runs.same(runs.state(tmp_path), straight_state)
  assert runs.history(tmp_path) == runs.history(straight.path)


def test_a_run_that_is_stopped_before_its_first_epoch_is_resumed(
  straight_state, tmp_path
):
  with _stop_in_epoch(0):
    train(runs.config(), tmp_path)
  assert RunFolder(tmp_path).newest_checkpoint() == (0, [])
  train(runs.config(), tmp_path)
  assert runs.same(runs.state(tmp_path), straight_state)


def test_another_seed_is_another_run(straight, tmp_path):
  with _stop_in_epoch(2):
    train(runs.config("seed=1"), tmp_path)
  ours, theirs = (
    runs.state_of(folder.checkpoint(2)) for folder in (RunFolder(tmp_path), straight)
  )
  assert not runs.same(ours, theirs)


def test_a_damaged_checkpoint_is_named_and_the_one_before_it_used(
  straight, straight_state, stopped, capsys
):
  newest = stopped.checkpoint(3)
  newest.write_bytes(newest.read_bytes()[:-100])
  train(runs.config(), stopped.path)
  assert f"{newest} is damaged" in capsys.readouterr().err
  assert runs.same(runs.state(stopped.path), straight_state)
  assert runs.history(stopped.path) == runs.history(straight.path)


def test_a_run_without_a_whole_checkpoint_is_refused(stopped):
  for epoch in stopped.checkpoint_epochs():
    stopped.checkpoint(epoch).write_bytes(b"")
  with pytest.raises(ConfigError, match="no checkpoint in it can be read"):
    train(runs.config(), stopped.path)


def test_a_finished_run_is_not_changed(straight, capsys):
  before = {path: path.stat().st_mtime_ns for path in straight.path.rglob("*")}
  summary = train(runs.config(), straight.path)
  assert "finished already" in capsys.readouterr().out
  assert summary == json.loads(straight.summary.read_text())
  assert {path: path.stat().st_mtime_ns for path in straight.path.rglob("*")} == before


def test_a_finished_run_is_resumed_for_more_epochs(tmp_path):
  constant = "learning_rate_schedule=constant"
  train(runs.config(constant, epochs=1), tmp_path / "grown")
  train(runs.config(constant, epochs=2), tmp_path / "grown")
  train(runs.config(constant, epochs=2), tmp_path / "straight")
  grown, straight = (runs.state(tmp_path / name) for name in ("grown", "straight"))
  assert runs.same(grown, straight)
  with pytest.raises(ConfigError, match="config.epochs=1: .* has 2 epochs"):
    train(runs.config(constant, epochs=1), tmp_path / "grown")


# What is refused.


def test_another_config_is_refused_by_its_keys(straight):
  config = runs.config("seed=3", "likelihood=gaussian", "likelihood.unit_mean=true")
  with pytest.raises(ConfigError) as caught:
    train(config, straight.path)
  for part in (
    "likelihood.name (bernoulli there, gaussian now)",
    "likelihood.unit_mean (none there, True now)",
    "seed (0 there, 3 now)",
  ):
    assert part in str(caught.value)
  assert "epochs" not in str(caught.value)


def test_a_folder_with_other_things_is_refused(tmp_path):
  (tmp_path / "thesis.tex").write_text("x")
  with pytest.raises(ConfigError, match="holds other files"):
    train(runs.config(), tmp_path)
  assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("change", ["activation=tahn", "dataset=digit"])
def test_what_cannot_be_trained_leaves_no_folder(tmp_path, change):
  with pytest.raises(ConfigError):
    train(runs.config(change), tmp_path / "run")
  assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
  ("arrays", "changes", "message"),
  [
    ({"x": (9, 5)}, (), "config.dataset=.*: The data reach .* Bernoulli"),
    ({"x_train": (9, 5), "x_test": (9, 6)}, (), r"config.dataset=.*: .* shape \(6,\)"),
    ({"x": (9, 5)}, ("network=conv", "filters=4"), "config.network=conv: .*=mlp"),
  ],
)
def test_data_that_do_not_fit_leave_no_folder(tmp_path, arrays, changes, message):
  x = {name: np.full(shape, 0.5) for name, shape in arrays.items()}
  if "Bernoulli" in message:
    x["x"] += 1
  np.savez(tmp_path / "data.npz", **x)
  config = runs.config(f"dataset={tmp_path}/data.npz", "binarization=none", *changes)
  with pytest.raises(ConfigError, match=message):
    train(config, tmp_path / "run")
  assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("encode_mask", [False, True])
def test_a_run_on_incomplete_data(tmp_path, encode_mask):
  x = np.random.default_rng(0).random((60, 4, 4, 1), np.float32)
  x[np.random.default_rng(1).random(x.shape) < 0.3] = np.nan
  np.savez(tmp_path / "gaps.npz", x=x)
  changes = [f"dataset={tmp_path / 'gaps.npz'}", "batch_size=20", "binarization=none"]
  with pytest.raises(ConfigError, match="gaps.npz:x.* is nan, .*--config.missing=true"):
    train(runs.config(*changes, epochs=2), tmp_path / "refused")
  assert not (tmp_path / "refused").exists()
  changes += ["missing=true", f"encode_mask={str(encode_mask).lower()}", "plots=true"]
  folder = tmp_path / "run"
  train(runs.config(*changes, epochs=2), folder)
  vae = aevb.load(RunFolder(folder).model)
  assert vae.missing.encode_mask == encode_mask
  assert 0.3 < np.mean(vae.missing.fill_value) < 0.7
  summary = json.loads((folder / "summary.json").read_text())
  assert 0.6 < summary["test"]["observed"] < 0.8
  assert (folder / "plots" / "reconstructions.png").is_file()


def test_values_of_a_stream_that_do_not_fit_are_the_dataset_s(tmp_path, monkeypatch):
  monkeypatch.setattr(loading, "IN_MEMORY_BYTES", 0)
  x = np.full((900, 5), 0.5)
  x[700] = 2.0
  np.savez(tmp_path / "data.npz", x=x)
  config = runs.config(f"dataset={tmp_path}/data.npz", "binarization=none")
  with pytest.raises(ConfigError, match="^--config.dataset=.*: .* values out of range"):
    train(config, tmp_path / "run")
  assert RunFolder(tmp_path / "run").newest_checkpoint() == (0, [])


def test_damaged_files_of_a_run_are_named(straight, tmp_path):
  folder = RunFolder(shutil.copytree(straight.path, tmp_path / "run"))
  for file, act in (
    (folder.model, lambda: evaluate(folder.path)),
    (folder.summary, lambda: train(runs.config(), folder.path)),
    (folder.metrics, lambda: train(runs.config(epochs=5), folder.path)),
  ):
    content = file.read_bytes()
    file.write_bytes(b"\xff" + content[: len(content) // 2] + b"\n")
    with pytest.raises(ConfigError, match=f"^{file} is damaged"):
      act()
    file.write_bytes(content)


def test_what_is_not_finite_stops_and_keeps_the_last_good_state(tmp_path):
  # The first steps leave the weights at about 1e30; the products overflow.
  config = runs.config("optimizer=sgd", "learning_rate=1e30")
  with pytest.raises(aevb.NonFiniteError, match="epoch"):
    train(config, tmp_path)
  assert RunFolder(tmp_path).newest_checkpoint() == (0, [])


# Evaluating.


def test_evaluation_gives_what_the_summary_says(straight):
  report = evaluate(straight.path)
  summary = json.loads(straight.summary.read_text())
  assert report["model"] == "model.keras"
  assert {key: report[key] for key in summary["test"]} == summary["test"]
  assert json.loads((straight.path / "evaluation-test.json").read_text()) == report


def test_evaluation_of_another_split_and_batch_size(straight):
  report = evaluate(straight.path, split="train", batch_size=300)
  again = evaluate(straight.path, split="train", batch_size=4000)
  assert report["num_examples"] == 4000
  # The same numbers in another order of summation.
  assert report["elbo"] == pytest.approx(again["elbo"], rel=1e-5)


def test_evaluation_before_the_end_says_which_checkpoint(stopped):
  assert evaluate(stopped.path)["model"] == "checkpoints/epoch-00003.keras"


def test_evaluation_needs_a_run(tmp_path):
  with pytest.raises(ConfigError, match="there is no run in this folder"):
    evaluate(tmp_path)
