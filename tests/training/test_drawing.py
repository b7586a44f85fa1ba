"""Pictures of a run: those that its data allow, and none that costs its numbers."""

import json

import numpy as np
import pytest

from aevb_tf import plots
from aevb_tf.training import drawing, evaluate_main, train_main
from aevb_tf.training.run_folder import RunFolder
from aevb_tf.training.train import train
from tests.training import runs

OF_ANY_DATA = {"kl_per_dimension", "latent_scatter", "learning_curves"}
OF_IMAGES = {"manifold", "reconstructions", "samples"}


def _file(folder, shape, n=60):
  """Numbers of a shape, with labels that are strings."""
  x = np.random.default_rng(0).normal(size=(n, *shape))
  np.savez(folder / "data.npz", x=x, y=np.array(["b", "a"] * (n // 2)))
  return folder / "data.npz"


def _config(file, *changes):
  gaussian = ("likelihood=gaussian", "binarization=none", "plots=true")
  return runs.config(f"dataset={file}", *gaussian, *changes, epochs=1)


def _pictures(folder):
  return {path.stem for path in folder.plots.iterdir()}


@pytest.mark.parametrize(
  ("shape", "pictures"),
  [
    ((1,), OF_ANY_DATA),
    ((64, 3), OF_ANY_DATA),
    ((3, 4, 5, 1), OF_ANY_DATA),
    ((6, 5, 2), OF_ANY_DATA | OF_IMAGES),
    ((6, 5, 4), OF_ANY_DATA | OF_IMAGES),
  ],
)
def test_every_shape_of_data_has_its_pictures(tmp_path, capsys, shape, pictures):
  folder = RunFolder(tmp_path / "run")
  summary = train(_config(_file(tmp_path, shape)), folder.path)
  assert _pictures(folder) == pictures
  assert json.loads(folder.summary.read_text()) == summary
  assert capsys.readouterr().err == ""


def test_a_table_from_training_to_evaluation_and_more_epochs(tmp_path, capsys):
  folder = RunFolder(tmp_path / "run")
  argv = [
    "aevb-train",
    "--config=test",
    f"--workdir={folder.path}",
    f"--config.dataset={_file(tmp_path, (5,))}",
    "--config.likelihood=gaussian",
    "--config.batch_size=20",
  ]
  assert train_main.main(argv) == 0
  printed = capsys.readouterr()
  assert f"  {folder.plots}/latent_scatter.png\n" in printed.out
  assert printed.err == ""
  assert _pictures(folder) == OF_ANY_DATA
  test = json.loads(folder.summary.read_text())["test"]
  assert test["num_examples"] == 6

  assert evaluate_main.main(["aevb-evaluate", f"--workdir={folder.path}"]) == 0
  assert f"{test['elbo']:.2f}  nats per example" in capsys.readouterr().out

  assert train_main.main([*argv, "--config.epochs=3"]) == 0
  assert "resuming after epoch 2 of 3" in capsys.readouterr().out
  assert json.loads(folder.summary.read_text())["epochs"] == 3


def test_a_picture_that_cannot_be_drawn_is_named(tmp_path, monkeypatch, capsys):
  def refuse(*_, **__):
    raise ValueError("of\ntwo lines")

  monkeypatch.setattr(plots, "samples", refuse)
  folder = RunFolder(tmp_path / "run")
  train(_config(_file(tmp_path, (4, 4, 1))), folder.path)
  line = f"{folder.plots}/samples.png is not drawn: ValueError: of two lines\n"
  assert capsys.readouterr().err == line
  assert _pictures(folder) == OF_ANY_DATA | OF_IMAGES - {"samples"}


def test_the_summary_is_there_before_the_pictures(tmp_path, monkeypatch):
  def interrupt(*_):
    raise KeyboardInterrupt

  monkeypatch.setattr(drawing, "draw", interrupt)
  with pytest.raises(KeyboardInterrupt):
    train(_config(_file(tmp_path, (5,))), tmp_path / "run")
  assert RunFolder(tmp_path / "run").summary.exists()


def test_a_figure_that_no_memory_holds_is_refused():
  with pytest.raises(ValueError, match="too large: the images are much taller"):
    plots.manifold(np.zeros((4, 3000, 1, 1)), 2)
