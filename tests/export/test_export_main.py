"""`aevb-export` and `aevb-verify`, as a user meets them."""

import os
import pathlib
import resource
import subprocess
import sys
import time

import pytest

from aevb_tf import publish
from aevb_tf.export import (
  config,
  export_main,
  exporting,
  formats,
  quantization_table,
  report,
  verify,
)
from aevb_tf.export.exporting import export
from aevb_tf.export.tflite import tflite
from aevb_tf.training.command_line import ConfigError
from aevb_tf.training.run_folder import RunFolder
from tests import compositions

_BIN = pathlib.Path(sys.executable).parent


def _run(program, *argv, **options):
  command = [str(_BIN / program), *map(str, argv)]
  return subprocess.run(command, capture_output=True, text=True, timeout=300, **options)


@pytest.mark.parametrize(
  ("command", "parts"),
  [
    ("export", ("--workdir=RUN", "--max_nats", "saved_model,tflite,serving", "DIR")),
    ("verify", ("aevb-verify DIR",)),
  ],
)
def test_help_is_worth_reading_and_needs_no_tensorflow(command, parts):
  code = (
    "import sys\n"
    "import aevb_tf_cli\n"
    "sys.argv = ['aevb', '--help']\n"
    "try:\n"
    f"  aevb_tf_cli.{command}()\n"
    "except SystemExit as ended:\n"
    "  assert ended.code == 0\n"
    "sys.exit(any(m in sys.modules for m in ('tensorflow', 'keras', 'matplotlib')))"
  )
  ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
  assert ended.returncode == 0, ended.stderr
  for part in parts:
    assert part in ended.stdout


def test_the_table_of_quantization_has_its_help(capsys):
  assert quantization_table.main(["", "--help"]) == 0
  assert "--workdir=RUN" in capsys.readouterr().out


GAMMA = ("gamma", "gamma", "bernoulli", "sgvb")


@pytest.mark.parametrize("composition", [compositions.NOT_IN_LITERT, GAMMA])
def test_the_command_drops_the_notes_of_the_converter_and_nothing_else(
  composition, tmp_path, monkeypatch, capfd
):
  """Notes of its C++, as a conversion without an operator writes them."""
  vae = compositions.vae(*composition)

  def export_run(workdir, to, config):
    tflite(vae, tmp_path / "a.tflite", only=["decode", "elbo"])
    print("mine", file=sys.stderr)
    return report.Report({"name": "small", "artifacts": []}, [], [])

  monkeypatch.setattr(exporting, "export_run", export_run)
  (tmp_path / "config.json").write_text("{}")
  argv = ["aevb-export", f"--workdir={tmp_path}", "--to=out"]
  assert export_main.main(argv) == 0
  assert (tmp_path / "a.tflite").exists()
  assert capfd.readouterr().err == "mine\n"


def test_errors_name_flags_and_not_arguments():
  with pytest.raises(ConfigError) as error:
    with exporting.errors_on_one_line():
      raise ValueError("quantize='int8' moves the bound,\nmore than max_nats=1; x=3.")
  assert str(error.value) == (
    "--quantize='int8' moves the bound, more than --max_nats=1; x=3."
  )


def test_names_known_without_tensorflow_are_the_registered_ones():
  assert sorted(config.FORMATS) == formats.names()
  assert set(config.QUANTIZATION_KINDS) == set(verify._TOLERANCES)


@pytest.mark.parametrize(
  ("argv", "message"),
  [
    ("--to=t", "--workdir is missing"),
    ("--workdir=w", "--to is missing"),
    ("--workdir=w --to=t --formats=tflight", "unknown format. Did you mean tflite"),
    ("--workdir=w --to=t --quantize=int4", "--quantize=int4"),
    ("--workdir=w --to=t --max_samples=0", "--max_samples=0"),
    ("--workdir=w --to=t --config.seed=1", "the config is that of the run"),
    ("--workdir=w --to=t more", "more: not a flag"),
    ("--workdir=w --to=t --max_gnats=1", "Did you mean max_nats"),
  ],
)
def test_a_mistake_takes_one_line_and_leaves_nothing(tmp_path, argv, message):
  ended = _run("aevb-export", *argv.split(), cwd=tmp_path)
  assert ended.returncode == 2
  assert message in ended.stderr
  assert ended.stderr.startswith("aevb-export: ")
  assert ended.stderr.count("\n") == 1
  assert list(tmp_path.iterdir()) == []


def test_a_folder_without_a_run_is_refused(tmp_path):
  ended = _run("aevb-export", f"--workdir={tmp_path}", f"--to={tmp_path}/out")
  assert ended.returncode == 2
  assert "there is no run in this folder" in ended.stderr
  assert ended.stderr.count("\n") == 1
  assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(run_folder, tmp_path):
  (tmp_path / "mine").write_text("mine")
  with pytest.raises(
    ConfigError, match="something is there already, and nothing is over"
  ):
    export(run_folder.path, tmp_path)
  assert os.listdir(tmp_path) == ["mine"]


@pytest.mark.parametrize(
  ("options", "message"),
  [
    ({"names": []}, "name some of .*serving"),
    ({"names": ["saved_modle"]}, "Did you mean saved_model"),
    ({"name": "a/b"}, "name='a/b' must be letters"),
    ({"name": ".hidden"}, "name='.hidden' must be letters"),
    ({"max_samples": 0}, "max_samples=0 must be a positive"),
  ],
)
def test_invalid_arguments_are_refused(run_folder, tmp_path, options, message):
  with pytest.raises(ConfigError, match=message):
    export(run_folder.path, tmp_path / "parent" / "out", **options)
  assert os.listdir(tmp_path) in ([], ["parent"])


def test_an_extra_that_is_not_installed_is_named(run_folder, tmp_path, monkeypatch):
  monkeypatch.setitem(sys.modules, "tensorflow_serving", None)
  for name in [n for n in sys.modules if n.startswith("tensorflow_serving.")]:
    monkeypatch.delitem(sys.modules, name)
  monkeypatch.delitem(sys.modules, "aevb_tf.export.client.messages", raising=False)
  monkeypatch.delattr("aevb_tf.export.client.messages", raising=False)
  with pytest.raises(ConfigError, match="pip install 'aevb_tf.serving.'"):
    export(run_folder.path, tmp_path / "out", ["saved_model", "serving"])
  assert os.listdir(tmp_path) == []


@pytest.fixture
def full_disk():
  """Inside, no file can be longer than 20,000 bytes: C++ and Python fail to write."""
  soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
  resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
  yield
  resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("name", ["saved_model", "tflite"])
def test_a_full_disk_leaves_nothing_and_is_reported(
  run_folder, tmp_path, full_disk, name
):
  """The kernel refuses the bytes, in C++ for one format and in Python for the other."""
  with pytest.raises(ConfigError, match="too large") as error:
    export(run_folder.path, tmp_path / "out", [name])
  assert "\n" not in str(error.value)
  assert os.listdir(tmp_path) == []


def test_a_kill_leaves_nothing_to_be_seen(run_folder, tmp_path):
  """SIGKILL, when something was written already."""
  process = subprocess.Popen(
    [_BIN / "aevb-export", f"--workdir={run_folder.path}", f"--to={tmp_path / 'out'}"],
    stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL,
  )
  while not list(tmp_path.glob(".partial-out-*/out/*")):
    assert process.poll() is None
    time.sleep(0.05)
  process.kill()
  process.wait()
  assert [name for name in os.listdir(tmp_path) if not name.startswith(".")] == []
  with publish.folder(tmp_path / "out"):
    pass
  assert os.listdir(tmp_path) == ["out"]


def test_a_run_without_a_model_is_refused(run_folder, tmp_path):
  folder = RunFolder(tmp_path / "run")
  folder.create()
  folder.config.write_bytes(run_folder.config.read_bytes())
  with pytest.raises(ConfigError, match="neither a model nor a checkpoint"):
    export(folder.path, tmp_path / "out")
  assert os.listdir(tmp_path) == ["run"]


def test_an_artifact_that_answers_otherwise_is_not_published(
  run_folder, tmp_path, monkeypatch
):
  def wrong(folder):
    return report.Report({}, [], ["saved_model: elbo is off"])

  monkeypatch.setattr(verify, "verify", wrong)
  monkeypatch.setattr(verify, "answer_cases", lambda *args: [])
  monkeypatch.setattr(formats.SavedModel, "write", lambda self, job, folder: [])
  with pytest.raises(ConfigError, match="Nothing was written, since saved_model: elbo"):
    export(run_folder.path, tmp_path / "out", ["saved_model"])
  assert os.listdir(tmp_path) == []
