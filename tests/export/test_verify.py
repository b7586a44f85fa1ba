"""A verification runs what is there, and names what is wrong with it."""

import json
import shutil

import numpy as np
import pytest

import aevb_tf.export as export
from aevb_tf.export import manifest, png, report, verify, verify_main
from aevb_tf.export.serving import models_config
from aevb_tf.training.command_line import ConfigError
from tests.export.conftest import small_vae


@pytest.fixture
def copy(exported, tmp_path, monkeypatch):
  """A copy of the export, whose artifacts are not run."""
  monkeypatch.setattr(verify, "_compare", lambda *args: [])
  return shutil.copytree(exported[0], tmp_path / "copy")


def test_every_artifact_is_run_in_its_own_runtimes(exported, expected):
  folder, report = exported
  assert report.breaches == []
  found = {(d.artifact, d.runtime, d.signature) for d in report.differences}
  requested = {*expected, "sample.z"}
  for path in ("saved_model", "serving/small/1"):
    for runtime in ("tensorflow", "tensorflow_c"):
      for label in (*requested, *png.NAMES, "serving_default"):
        assert (path, runtime, label) in found
  for path in ("small.tflite", "small_batch5.tflite"):
    assert {label for a, _, label in found if a == path} == requested
  for d in report.differences:
    most = 1.01 / 255 if d.signature in png.NAMES[:2] else 5e-5
    assert d.difference <= d.tolerance <= most
  assert max(d.difference for d in report.differences) > 0  # they are no copies
  assert manifest.read(folder) == json.loads(json.dumps(report.manifest))


def test_the_reference_is_what_the_model_answers(exported, vae):
  cases = verify.load_cases(exported[0] / verify.REFERENCE)
  short, long = [case for case in cases if case.signature == "sample"]
  for case in (short, long):
    num, seed = case.inputs["num"], case.inputs["seed"]
    result = vae.sample(int(num), seed=seed)
    np.testing.assert_allclose(case.outputs["x_mean"], result, 1e-6, 1e-6)
  (case,) = [case for case in cases if case.signature == "elbo"]
  result = vae.elbo(case.inputs["x"], seed=case.inputs["seed"])
  np.testing.assert_allclose(case.outputs["elbo"], result, rtol=1e-5)
  assert np.isfinite(case.outputs["elbo"]).all()


def test_the_tables_show_everything(exported):
  _, found = exported
  printed = report.format_artifacts(found)
  for part in ("saved_model  ", "small.tflite", "batch of 5", "tolerance", "sample.z"):
    assert part in printed
  assert "BITWISE_XOR" in printed
  listed = report.format_files(found)
  for path, file in found.manifest["files"].items():
    assert f"{file['sha256']}" in listed and path in listed


def test_a_copy_elsewhere_is_as_good(copy):
  assert verify.verify(copy).breaches == []


def _cut(path):
  path.write_bytes(path.read_bytes()[:-9])


def _flip(path):
  content = bytearray(path.read_bytes())
  content[len(content) // 2] ^= 1
  path.write_bytes(content)


@pytest.mark.parametrize(
  ("harm", "message"),
  [
    (_cut, "small.tflite: truncated: it has "),
    (_flip, "small.tflite: damaged: its hash is not"),
    (lambda path: path.unlink(), "small.tflite: missing"),
    (lambda path: (path.parent / "x").touch(), "x: foreign: the manifest does not"),
  ],
)
def test_what_is_wrong_with_a_file_is_named(copy, harm, message):
  harm(copy / "small.tflite")
  (breach,) = verify.verify(copy).breaches
  assert breach.startswith(message)


def test_labels_may_move_and_nothing_else(copy):
  """`aevb-serving` rewrites one file; it still must say what is there."""
  models_config.promote(copy / "serving", "small", 1, "tested")
  assert verify.verify(copy).breaches == []
  _cut(copy / "serving" / "models.config")
  (breach,) = verify.verify(copy).breaches
  assert breach.startswith("serving/models.config: ")


def test_a_label_on_a_version_that_is_not_there_is_found(copy):
  path = copy / "serving" / "models.config"
  path.write_text(path.read_text().replace("value: 1", "value: 21"))
  (breach,) = verify.verify(copy).breaches
  assert breach.startswith("serving/models.config: damaged")


def _rewrite(folder, change):
  result = manifest.read(folder)
  change(result)
  (folder / manifest.FILE).write_text(json.dumps(result))


def test_a_manifest_cannot_name_its_own_script(exported, tmp_path):
  folder = shutil.copytree(exported[0], tmp_path / "copy")

  def foreign(result):
    result["artifacts"] = result["artifacts"][:1]
    result["artifacts"][0]["runtimes"] = ["../../evil"]

  _rewrite(folder, foreign)
  (breach,) = verify.verify(folder).breaches
  assert "unknown runtime '../../evil'" in breach


@pytest.mark.parametrize(
  "change",
  [
    lambda result: result["artifacts"][0].pop("path"),
    lambda result: result["artifacts"][0].update(path="elsewhere"),
    lambda result: result["artifacts"][0].update(unknown=1),
    lambda result: result["files"].update(reference=None),
    lambda result: result.pop("artifacts"),
  ],
)
def test_a_manifest_that_says_too_little_is_refused(copy, change):
  _rewrite(copy, change)
  with pytest.raises(manifest.NoExport, match="damaged or cut off"):
    verify.verify(copy)


def test_a_reference_that_is_none_is_named(copy):
  (copy / verify.REFERENCE).write_text("no answers")
  files = {verify.REFERENCE: manifest.describe(copy / verify.REFERENCE)}
  _rewrite(copy, lambda result: result["files"].update(files))
  assert verify.verify(copy).breaches == ["reference.npz: no answers of a model"]


def test_without_the_reference_nothing_is_compared(copy):
  _cut(copy / verify.REFERENCE)
  (breach,) = verify.verify(copy).breaches
  assert breach.startswith("reference.npz: truncated")


@pytest.mark.parametrize(
  ("text", "message"),
  [
    (None, "is not an export of aevb-export"),
    ('{"format_version": 1, "fil', "damaged or cut off"),
    ('{"format_version": 99, "files": {}, "artifacts": []}', "another version"),
  ],
)
def test_a_folder_that_is_not_an_export_is_refused(tmp_path, text, message):
  if text is not None:
    (tmp_path / manifest.FILE).write_text(text)
  with pytest.raises(manifest.NoExport, match=message):
    verify.verify(tmp_path)


def test_another_model_under_the_same_name_is_found_out(exported, tmp_path):
  """With a manifest that was changed to fit, only a run shows the error."""
  folder = shutil.copytree(exported[0], tmp_path / "copy")
  (folder / "small.tflite").unlink()
  export.tflite(small_vae(seed=1), folder / "small.tflite", only=["decode", "sample"])
  result = manifest.read(folder)
  result["files"]["small.tflite"] = manifest.describe(folder / "small.tflite")
  result["artifacts"] = [a for a in result["artifacts"] if a["path"] == "small.tflite"]
  names = ("encode", "reconstruct", "elbo", "anomaly")
  left = {name: "not asked for" for name in names}
  result["artifacts"][0]["told"]["left_out"] = left | {"log_marginal": "nor this"}
  (folder / manifest.FILE).write_text(json.dumps(result))
  report = verify.verify(folder)
  assert len(report.breaches) == 2
  for breach, signature in zip(report.breaches, ("decode", "sample"), strict=True):
    assert breach.startswith(f"small.tflite: {signature} in litert is off by")
  noise = [d for d in report.differences if d.signature == "sample.z"]
  assert noise[0].within


def test_a_file_that_no_runtime_can_load_is_named(exported, tmp_path):
  folder = shutil.copytree(exported[0], tmp_path / "copy")
  (folder / "small.tflite").write_text("no model at all")
  result = manifest.read(folder)
  result["files"]["small.tflite"] = manifest.describe(folder / "small.tflite")
  result["artifacts"] = [a for a in result["artifacts"] if a["path"] == "small.tflite"]
  (folder / manifest.FILE).write_text(json.dumps(result))
  breaches = verify.verify(folder).breaches
  assert any("it is not a TFLite file" in breach for breach in breaches)
  assert any("litert cannot run it" in breach for breach in breaches)


def test_a_difference_that_is_nan_is_a_breach():
  assert not report.Difference("a", "litert", "elbo", float("nan"), 1.0).within


def test_the_command_ends_with_1_if_anything_is_wrong(copy, capsys):
  assert verify_main.main(["aevb-verify", str(copy)]) == 0
  assert capsys.readouterr().out.endswith("\nPASSED\n")
  _flip(copy / "small.tflite")
  assert verify_main.main(["aevb-verify", str(copy)]) == 1
  result = capsys.readouterr()
  assert "FAILED\n  small.tflite: damaged" in result.err
  assert "PASSED" not in result.out


@pytest.mark.parametrize(
  ("argv", "message"),
  [
    ([], "Give one folder"),
    (["a", "b"], "Give one folder"),
    (["--fast", "a"], "--fast: unknown flag"),
    (["/nowhere"], "is not an export of aevb-export"),
  ],
)
def test_a_mistake_is_reported_in_one_line(argv, message):
  with pytest.raises(ConfigError, match=message) as error:
    verify_main.main(["aevb-verify", *argv])
  assert "\n" not in str(error.value)
