"""Whatever a released version has written loads, and gives the numbers that it gave."""

import contextlib
import json
import pathlib
import shutil

import numpy as np
import pytest

import aevb_tf as aevb
from aevb_tf.export import manifest
from aevb_tf.training import configuration
from aevb_tf.training.evaluate import evaluate
from aevb_tf.training.run_folder import RunFolder
from aevb_tf.training.train import train
from tests.artifacts import models
from tests.evidence.xla import without_xla

VERSIONS = sorted(pathlib.Path(__file__).parent.glob("artifacts/[0-9]*"))

pytestmark = pytest.mark.filterwarnings("ignore::aevb_tf.evidence.EvidenceWarning")


def _each_model():
  for folder in VERSIONS:
    for file in sorted(folder.glob("*.keras")):
      yield pytest.param(file, id=f"{folder.name}-{file.stem}")


@pytest.fixture(params=VERSIONS, ids=lambda folder: folder.name)
def folder(request, tmp_path):
  """A copy of what a version has written, since runs write into their folders."""
  return pathlib.Path(shutil.copytree(request.param, tmp_path / "written"))


def assert_close(got, wanted, where):
  if isinstance(wanted, dict):
    assert got.keys() == wanted.keys(), where
    for key in wanted:
      assert_close(got[key], wanted[key], f"{where}: {key}")
  else:
    # Kernels of other processors sum in another order.
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5, err_msg=where)


def test_every_kind_of_model_is_kept():
  for folder in VERSIONS:
    kept = {file.stem for file in folder.glob("*.keras")}
    assert kept == set(json.loads((folder / "numbers.json").read_text()))
  assert set(models.MODELS) == {file.stem for file in VERSIONS[0].glob("*.keras")}


@pytest.mark.parametrize("file", list(_each_model()))
def test_a_saved_model_gives_its_numbers_and_trains_on(file):
  wanted = json.loads((file.parent / "numbers.json").read_text())[file.stem]
  # One model is evaluated under XLA, as users do; to compile all takes long.
  with contextlib.nullcontext() if file.stem == "vae" else without_xla():
    assert_close(models.numbers(aevb.load(file), file.stem), wanted, file.stem)


def test_a_finished_run_is_finished_and_gives_its_numbers(folder):
  run = RunFolder(folder / "run" / "finished")
  wanted = json.loads(run.summary.read_text())
  assert train(configuration.load(str(run.config)), run.path) == wanted
  report = evaluate(run.path)
  assert_close({key: report[key] for key in wanted["test"]}, wanted["test"], "test")


def test_a_stopped_run_ends_as_the_finished_one(folder):
  run = RunFolder(folder / "run" / "stopped")
  summary = train(configuration.load(str(run.config)), run.path)
  wanted = json.loads(RunFolder(folder / "run" / "finished").summary.read_text())
  assert_close(summary["test"], wanted["test"], "test")


def test_the_manifest_of_an_export_is_read(folder):
  written = json.loads((folder / "export" / manifest.FILE).read_text())
  assert manifest.read(folder / "export") == written
