"""Runs measured as they train: resumed to the same curve, done once, named by config."""

import json

import numpy as np
import pytest

from aevb_tf.training.configuration import ConfigError
from experiments import datasets, measures, methods, settings, trajectory
from experiments.trajectory import Folder, advance

SAMPLES = 2_000


@pytest.fixture(scope="module")
def run():
  return settings.digits()


@pytest.fixture(scope="module")
def straight(run, tmp_path_factory):
  """The curve, the weights and the folder of an uninterrupted run."""
  workdir = tmp_path_factory.mktemp("straight")
  rows = without_times(advance(run, SAMPLES, workdir))
  return rows, weights(run, SAMPLES, workdir), workdir


def without_times(rows):
  return [{k: v for k, v in row.items() if k != "seconds"} for row in rows]


def weights(run, samples, workdir):
  model = trajectory.load(run, samples, workdir)
  return [np.array(v) for v in (*model.variables, *model.optimizer.variables)]


def stop_at(samples):
  """A report that is interrupted as by Ctrl-C, in the middle of training."""

  def report(done):
    if done >= samples:
      raise KeyboardInterrupt

  return report


def assert_same(run, straight, workdir):
  rows, state, _ = straight
  assert without_times(advance(run, SAMPLES, workdir)) == rows
  for ours, theirs in zip(weights(run, SAMPLES, workdir), state, strict=True):
    np.testing.assert_array_equal(ours, theirs)


def test_resumed_after_an_interrupt_the_curve_is_the_same(run, straight, tmp_path):
  with pytest.raises(KeyboardInterrupt):
    advance(run, SAMPLES, tmp_path, stop_at(1_000))
  assert_same(run, straight, tmp_path)


@pytest.mark.parametrize("method", ["wake_sleep", "mcem", "full_vb"])
def test_every_method_is_resumed_to_the_same_state(run, method, tmp_path, monkeypatch):
  """The chains of the data and the posterior of the weights are resumed as well."""
  nothing = dict.fromkeys(("train", "train_error", "test", "test_error"), 0.0)
  monkeypatch.setitem(trajectory.MEASURES, "nothing", lambda model, data: nothing)
  run = run._replace(method=method, measure="nothing", train_examples=200)
  straight, stopped = tmp_path / "straight", tmp_path / "stopped"
  advance(run, 1_000, straight)
  with pytest.raises(KeyboardInterrupt):
    advance(run, 1_000, stopped, stop_at(1_000))
  assert [row["samples"] for row in Folder(stopped, run).history()] == [500]
  advance(run, 1_000, stopped)
  pairs = (weights(run, 1_000, workdir) for workdir in (straight, stopped))
  for ours, theirs in zip(*pairs, strict=True):
    np.testing.assert_array_equal(ours, theirs)


def test_resumed_after_a_crash_between_measuring_and_saving(run, straight, tmp_path):
  """The measured point is there, its checkpoint is not: it is measured once more."""
  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(trajectory, "_save", lambda *_: stop_at(0)(1))
    with pytest.raises(KeyboardInterrupt):
      advance(run, SAMPLES, tmp_path)
  assert Folder(tmp_path, run).history()
  assert_same(run, straight, tmp_path)


def test_asked_for_in_parts_and_with_a_damaged_checkpoint(run, straight, tmp_path):
  """The model between the parts is the one that a run at one go makes beside it."""
  advance(run, 1_500, tmp_path)
  kept, created = (weights(run, 1_500, workdir) for workdir in (tmp_path, straight[2]))
  for ours, theirs in zip(created, kept, strict=True):
    np.testing.assert_array_equal(ours, theirs)
  folder = Folder(tmp_path, run)
  newest = folder.checkpoint(folder.checkpoint_epochs()[0])
  newest.write_bytes(newest.read_bytes()[:1000])
  assert_same(run, straight, tmp_path)


def test_what_is_done_is_not_done_again(run, straight):
  rows, _, workdir = straight
  with pytest.MonkeyPatch.context() as patch:
    patch.delattr(trajectory, "_train")
    assert without_times(advance(run, SAMPLES, workdir)) == rows


def test_the_curve_of_a_longer_run_has_that_of_a_shorter_one(run, straight):
  rows, _, workdir = straight
  with pytest.MonkeyPatch.context() as patch:
    patch.delattr(trajectory, "_train")
    assert without_times(advance(run, 500, workdir)) == rows[:1]


def test_a_point_that_a_longer_run_has_passed_unmeasured_is_made_beside_it(
  run, straight, tmp_path
):
  assert 1_000 not in run.points(SAMPLES)
  rows = advance(run, 1_000, straight[2])
  assert without_times(rows) == without_times(advance(run, 1_000, tmp_path))
  assert [row["samples"] for row in rows] == [500, 1_000]
  assert_same(run, straight, straight[2])


def test_a_curve_has_its_points(straight):
  rows, *_ = straight
  assert [row["samples"] for row in rows] == [500, 1_500, 2_000]
  for row in rows:
    assert {"train", "train_error", "test", "test_error"} <= row.keys()
  assert rows[-1]["test"] > rows[0]["test"] + 10


def test_points_are_spaced_by_a_factor():
  run = settings.digits()._replace(first=100_000, per_decade=10, chunk=10_000)
  points = run.points(10**7)
  assert (points[0], points[10], points[-1]) == (10**5, 10**6, 10**7)
  assert len(points) == 21
  ratios = np.divide(points[1:], points[:-1])
  np.testing.assert_allclose(ratios, 10**0.1, rtol=0.05)
  # A longer run passes where a shorter one was measured.
  assert set(points) <= set(run.points(3 * 10**7))


def test_two_processes_are_kept_apart(run, tmp_path):
  def meanwhile(done):
    half_written = Folder(tmp_path, run).checkpoints / ".partial-1"
    half_written.write_bytes(b"of the first process")
    with pytest.raises(ConfigError, match="another process is at this run"):
      advance(run, SAMPLES, tmp_path)
    assert half_written.exists()
    raise KeyboardInterrupt

  with pytest.raises(KeyboardInterrupt):
    advance(run, 500, tmp_path, meanwhile)


# The name of a run.


def test_the_name_of_a_run_is_what_decides_its_numbers():
  run = settings.digits()
  others = [
    run.change(seed=1),
    run.change(learning_rate=0.1),
    run.change(latent_dim=3),
    run._replace(method="wake_sleep"),
    run._replace(measure="log_marginal"),
    run._replace(train_examples=100),
    run._replace(chunk=1_000),
  ]
  assert len({run.key, *(other.key for other in others)}) == 1 + len(others)
  same = [
    run.change(data_dir="elsewhere"),
    run.change(epochs=3),  # a constant step knows no end
    run.change(name="another"),
  ]
  assert {other.key for other in same} == {run.key}
  cosine = run.change(learning_rate_schedule="cosine")
  assert cosine.key != cosine.change(epochs=3).key


def test_the_name_of_a_run_holds_its_estimator(monkeypatch):
  bound = settings.digits()
  evidence = bound._replace(measure="log_marginal")
  before = bound.key, evidence.key
  monkeypatch.setitem(measures.OPTIONS, "log_marginal", {"app_d": {"burn_in": 1}})
  assert bound.key == before[0]
  assert evidence.key != before[1]


def test_a_run_says_what_it_is(run, straight):
  found = json.loads(Folder(straight[2], run).config.read_text())
  assert (found["method"], found["config"]["dataset"]) == (run.method, "digits")


@pytest.mark.parametrize("samples", [501, 250])
def test_samples_must_be_whole_chunks(samples, tmp_path):
  with pytest.raises(ValueError, match="multiple of 500"):
    advance(settings.digits(), samples, tmp_path)


def test_every_method_has_a_model(tmp_path):
  run = settings.digits()
  kinds = set()
  for method in methods.TITLES:
    data = datasets.load(run.config).train
    kinds.add(type(methods.model(method, run.config, data)).__name__)
  assert kinds == {"VAE", "WakeSleep", "MonteCarloEM", "FullVB"}
