"""The folder of a page: what lies in it, and what is refused."""

import json
import os
import pathlib

import numpy as np
import pytest

import aevb_tf as aevb
import aevb_tf.export as export
from aevb_tf.export import (
  export_main,
  exporting,
  flatbuffer,
  formats,
  manifest,
  report,
  verify,
)
from aevb_tf.export.config import ExportConfig
from aevb_tf.export.runtimes import chromium
from aevb_tf.export.web import folder, litertjs
from aevb_tf.training import build
from aevb_tf.training.command_line import ConfigError

_STATIC = pathlib.Path(folder.__file__).with_name("static")


def test_the_folder_holds_the_page_the_model_and_its_runtime(
  vae, x, packages_folder, tmp_path
):
  path = tmp_path / "page"
  result = export.web(
    vae, path, x, name="small", litertjs=packages_folder, only=["encode", "decode"]
  )
  found = {p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file()}
  page = {p.relative_to(_STATIC).as_posix() for p in _STATIC.rglob("*") if p.is_file()}
  runtime = {f"litertjs/{o}" for p in litertjs.PACKAGES for o in p.files.values()}
  assert found == page | runtime | {"model.tflite", "model.json"}
  for name in page:
    assert (path / name).read_bytes() == (_STATIC / name).read_bytes()
  assert result == json.loads((path / "model.json").read_text())
  assert result["name"] == "small"
  assert result["image_shape"] == [8, 6, 1]
  assert result["latent_dim"] == 3
  assert result["standard_normal"] is True
  assert result["value_range"] == [0.0, 1.0]
  assert result["signatures"] == {
    "decode": {"x_mean": [1, 8, 6, 1]},
    "encode": {"mean": [1, 3], "stddev": [1, 3]},
  }
  assert result["left_out"]["elbo"] == "it was not requested at export"
  for part in ("model", "runtime"):
    size = (path / result[part]["file"]).stat().st_size
    assert result[part]["bytes"] == size
  assert (path / result["runtime"]["script"]).is_file()
  content = (path / "model.tflite").read_bytes()
  assert flatbuffer.signature_names(content) == ["decode", "encode"]
  assert "SHAPE" not in flatbuffer.operators(content)  # every shape is fixed


def test_bounds_of_the_data_are_reported_by_their_percentiles(vae, x):
  result = folder._bounds(vae, x)
  bounds = vae.elbo(
    x, aevb.random.derive(folder._SEED, aevb.random.Purpose.CHECK, 0)
  ).numpy()
  assert result["num"] == 5
  assert result["percents"][0] == 0 and result["percents"][-1] == 100
  np.testing.assert_allclose(
    [result["nats"][0], result["nats"][-1]], [bounds.min(), bounds.max()], atol=1e-3
  )
  assert result["nats"] == sorted(result["nats"])


def test_data_beyond_0_and_1_define_black_and_white():
  assert folder._value_range(np.array([0.0, 0.4])) == [0.0, 1.0]
  assert folder._value_range(np.array([-2.0, 3.0])) == [-2.0, 3.0]


def test_without_data_the_model_draws_its_own(packages_folder, tmp_path):
  """And grey is where its images are, not where the noise of its pixels is."""
  vae = aevb.VAE(
    aevb.networks.MLPEncoder(2, (4,)),
    aevb.networks.MLPDecoder(
      (16,), (4,), likelihood={"name": "gaussian", "unit_mean": True}
    ),
  )
  options = {"litertjs": packages_folder, "image_shape": (4, 4), "only": ["decode"]}
  result = export.web(vae, tmp_path / "page", **options)
  assert result["value_range"] == [0.0, 1.0]
  assert result["event_shape"] == [16] and result["image_shape"] == [4, 4, 1]
  assert result["bounds"] is None


def test_the_licence_is_the_one_that_both_are_under():
  license = pathlib.Path(aevb.__file__).parents[1] / "LICENSE"
  assert (_STATIC / "LICENSE").read_bytes() == license.read_bytes()


def test_the_page_names_no_other_place():
  """All that it loads lies in its own folder."""
  for path in _STATIC.rglob("*"):
    if path.suffix in (".html", ".css", ".js"):
      text = path.read_text(encoding="utf-8")
      for allowed in ("http://localhost:8000", "http://www.w3.org/2000/svg"):
        text = text.replace(allowed, "")
      assert "://" not in text, path


def test_data_that_are_not_images_are_refused_before_the_work(
  tmp_path, packages_folder
):
  vae = aevb.VAE(
    aevb.networks.MLPEncoder(2, (4,)), aevb.networks.MLPDecoder((7,), (4,)), seed=0
  )
  with pytest.raises(ValueError, match="not square: pass their shape"):
    export.web(vae, tmp_path / "page", litertjs=packages_folder)
  table = aevb.tables.Schema.infer({str(i): np.arange(3) * 0.5 + i for i in range(9)})
  vae = aevb.VAE.for_table(table, 2, (4,), seed=0)
  with pytest.raises(ValueError, match="model of a table: export a SavedModel"):
    export.web(vae, tmp_path / "page", litertjs=packages_folder)
  assert not (tmp_path / "page").exists()


def test_without_litertjs_nothing_is_written(vae, tmp_path, packages_folder):
  (packages_folder / litertjs.PACKAGES[0].file).unlink()
  with pytest.raises(litertjs.Unavailable, match="not found"):
    export.web(vae, tmp_path / "page", litertjs=packages_folder)
  assert not (tmp_path / "page").exists()


def test_nothing_is_overwritten(vae, tmp_path, packages_folder):
  (tmp_path / "mine").write_text("mine")
  with pytest.raises(FileExistsError, match="nothing is overwritten"):
    export.web(vae, tmp_path, litertjs=packages_folder)
  assert (tmp_path / "mine").read_text() == "mine"


@pytest.fixture
def test_split(monkeypatch):
  """Twenty test data of the run, whose model is of other data than its config's."""
  x = np.random.default_rng(2).random((20, 8, 6, 1)).astype(np.float32)
  monkeypatch.setattr(build, "dataset", lambda config, split: [x])


def _few_cases(vae, *options):
  """Two requests: making all of them takes longer than the export."""
  del options
  z, seed = vae.prior.sample(7, np.arange(2)), np.asarray(aevb.random.as_seed(7))
  decoded = {"x_mean": vae.decode(z).mean().numpy()}
  return [
    verify.Case("decode", {"z": z.numpy()}, decoded),
    verify.Case(
      "sample", {"num": np.int32(2), "seed": seed}, {**decoded, "z": z.numpy()}
    ),
  ]


def test_a_run_is_exported_as_a_page_and_verified(
  run_folder, tmp_path, packages_folder, test_split, monkeypatch
):
  monkeypatch.setattr(folder, "SIGNATURES", ("decode", "sample"))
  monkeypatch.setattr(verify, "answer_cases", _few_cases)
  monkeypatch.setattr(chromium, "find", lambda: None)
  found = exporting.export(
    run_folder.path, tmp_path / "out", ["web"], litertjs=str(packages_folder)
  )
  assert found.breaches == []
  assert sorted(os.listdir(tmp_path / "out")) == [
    "manifest.json",
    "reference.npz",
    "web",
  ]
  compared = {(d.artifact, d.signature) for d in found.differences}
  assert compared == {
    ("web/model.tflite", label) for label in ("decode", "sample", "sample.z")
  }
  why = "neither Chromium nor Chrome is installed"
  assert found.skipped == [("web/model.tflite", "chromium", why)]
  assert (
    f"    not run in chromium: {why}" in report.format_artifacts(found).splitlines()
  )
  (artifact,) = manifest.read(tmp_path / "out")["artifacts"]
  assert artifact["batch_size"] == 1
  assert artifact["quantize"] == "none"
  result = json.loads((tmp_path / "out" / "web" / "model.json").read_text())
  assert result["bounds"]["num"] == 20
  assert result["config_sha256"] is not None


def test_a_run_whose_page_cannot_be_made_leaves_nothing(
  run_folder, tmp_path, test_split
):
  nothing = tmp_path / "nothing"
  with pytest.raises(ConfigError, match="not found. On a machine with npm") as error:
    exporting.export(run_folder.path, tmp_path / "out", ["web"], litertjs=str(nothing))
  assert "\n" not in str(error.value)
  assert os.listdir(tmp_path) == []


def test_the_command_says_how_to_look_at_the_page(tmp_path, monkeypatch, capsys):
  given = []

  def export_run(workdir, to, config):
    given.append(config)
    return report.Report({"name": "small", "artifacts": []}, [], [])

  monkeypatch.setattr(exporting, "export_run", export_run)
  (tmp_path / "config.json").write_text("{}")
  flags = (f"--workdir={tmp_path}", "--to=my out", "--formats=web", "--litertjs=npm")
  assert export_main.main(["aevb-export", *flags]) == 0
  assert given == [ExportConfig(("web",), litertjs="npm")]
  assert capsys.readouterr().out.endswith(
    "To look at the page:\n  python -m http.server --directory 'my out/web'\n"
  )


def test_the_format_measures_on_test_data():
  assert formats.get("web").measures
  assert not formats.get("tflite").measures


@pytest.mark.parametrize(
  ("event_shape", "image_shape", "expected"),
  [
    ((28, 28, 1), None, (28, 28, 1)),
    ((28, 20), None, (28, 20, 1)),
    ((32, 24, 3), None, (32, 24, 3)),
    ((784,), None, (28, 28, 1)),
    ((560,), (28, 20), (28, 20, 1)),
    ((48,), (4, 4, 3), (4, 4, 3)),
  ],
)
def test_images_are_known_by_their_shape(event_shape, image_shape, expected):
  assert folder.image_shape_of(event_shape, image_shape) == expected


@pytest.mark.parametrize(
  ("event_shape", "image_shape", "message"),
  [
    ((560,), None, r"\(560,\) are not square: pass their shape, image_shape="),
    ((560,), (28, 21), r"image_shape=\(28, 21\) has 588 values, .* have 560"),
    ((3, 4, 5, 6), None, "are not. Export it in another format"),
    ((1, 300, 1), None, "1 x 300 pixels are too narrow"),
    ((), None, "are not"),
  ],
)
def test_data_that_are_not_images_are_refused_with_the_reason(
  event_shape, image_shape, message
):
  with pytest.raises(ValueError, match=message):
    folder.image_shape_of(event_shape, image_shape)
