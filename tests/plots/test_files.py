"""Saving: whole files, the same bytes, no trace of pyplot or of the user's style."""

import os
import pathlib
import subprocess
import sys

import matplotlib
import numpy as np
import PIL.Image
import pytest

from aevb_tf import plots

HISTORY = [
  {"epoch": e, "elbo": -100.0 / e, "kl": 1.0 * e, "log_likelihood": -90.0}
  for e in range(1, 8)
]
NOISE = np.random.default_rng(0).random((4, 8, 8, 1))
DRAW = {
  "curves": lambda: plots.learning_curves(HISTORY),
  "kl": lambda: plots.kl_per_dimension([1.0, 0.001]),
  "manifold": lambda: plots.manifold(NOISE, 2),
  "reconstructions": lambda: plots.reconstructions(NOISE, NOISE),
  "samples": lambda: plots.samples(NOISE),
  "scatter": lambda: plots.latent_scatter(NOISE[0, ..., 0], np.arange(8) % 3),
}


@pytest.mark.parametrize("name", DRAW)
def test_a_picture_is_the_same_bytes_again(name, tmp_path):
  first = plots.save(DRAW[name](), tmp_path / "first.png")
  with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "red"}):
    second = plots.save(DRAW[name](), tmp_path / "second.png")
  assert first.read_bytes() == second.read_bytes()
  with PIL.Image.open(first) as image:
    assert 800 <= image.width <= 1200
    assert "Software" not in image.info


@pytest.mark.parametrize("name", DRAW)
def test_nothing_is_cut_off(name):
  figure = DRAW[name]()
  figure.draw_without_rendering()
  used = figure.get_tightbbox()
  width, height = figure.get_size_inches()
  assert used.x0 >= 0 and used.y0 >= 0
  assert used.x1 <= width and used.y1 <= height


@pytest.mark.parametrize("suffix", [".pdf", ".svg", ".PNG"])
def test_other_formats_are_deterministic_too(suffix, tmp_path):
  paths = [
    plots.save(DRAW["kl"](), tmp_path / f"{name}{suffix}") for name in ("a", "b")
  ]
  assert paths[0].read_bytes() == paths[1].read_bytes()


def test_save_makes_folders_replaces_and_leaves_nothing_else(tmp_path):
  path = tmp_path / "run" / "plots" / "kl.png"
  path.parent.mkdir(parents=True)
  path.write_text("old")
  assert plots.save(DRAW["kl"](), str(path)) == path
  assert path.read_bytes().startswith(b"\x89PNG")
  assert plots.save(DRAW["kl"](), tmp_path / "new" / "kl.png").is_file()
  assert os.listdir(path.parent) == ["kl.png"]


def test_a_failed_save_keeps_the_old_file(tmp_path, monkeypatch):
  path = tmp_path / "kl.png"
  path.write_text("old")
  figure = DRAW["kl"]()

  def half_write(partial, **kwargs):
    pathlib.Path(partial).write_text("half")
    raise OSError("disk full")

  monkeypatch.setattr(figure, "savefig", half_write)
  with pytest.raises(OSError, match="disk full"):
    plots.save(figure, path)
  assert path.read_text() == "old"
  assert os.listdir(tmp_path) == ["kl.png"]


def test_the_file_is_as_readable_as_any_other(tmp_path):
  plain = tmp_path / "plain"
  plain.touch()
  path = plots.save(DRAW["kl"](), tmp_path / "kl.png")
  assert path.stat().st_mode == plain.stat().st_mode


def test_unknown_formats_are_refused(tmp_path):
  with pytest.raises(ValueError, match=r"'kl.bmp'.*\.png, \.pdf, \.svg"):
    plots.save(DRAW["kl"](), tmp_path / "kl.bmp")


def test_the_users_style_is_not_changed():
  before = dict(matplotlib.rcParams)
  for draw in DRAW.values():
    draw()
  assert dict(matplotlib.rcParams) == before


def test_plots_need_no_model_and_import_matplotlib_late(tmp_path):
  """Under an empty parent package: they need what writes files, and pyplot never."""
  package = pathlib.Path(plots.__file__).parents[1]
  code = f"""
import sys, types
parent = types.ModuleType("aevb_tf")
parent.__path__ = [{str(package)!r}]
sys.modules["aevb_tf"] = parent
from aevb_tf import plots
assert "matplotlib" not in sys.modules
plots.save(plots.kl_per_dimension([1.0]), {str(tmp_path / "kl.png")!r})
assert "matplotlib" in sys.modules
assert "matplotlib.pyplot" not in sys.modules
assert "tensorflow" not in sys.modules
ours = [name for name in sys.modules if name.startswith("aevb_tf.")]
assert all(name.startswith(("aevb_tf.plots", "aevb_tf.files")) for name in ours), ours
"""
  command = [sys.executable, "-W", "error", "-c", code]
  subprocess.run(command, check=True, env=os.environ | {"DISPLAY": ""})
