"""Importing is the same for every process; commands alone put it off, and end it."""

import importlib
import importlib.metadata
import os
import subprocess
import sys
import textwrap

import pytest

import aevb_tf as aevb
import aevb_tf_cli
from tests.oracle import tiny_vae

REPORT = """
import sys, {first}
print("early" if "keras" in sys.modules else "late")
import aevb_tf
print(type(aevb_tf.load(sys.argv[1])).__name__)
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
  path = tmp_path_factory.mktemp("model") / "vae.keras"
  vae = tiny_vae()
  vae.save(path)
  return path


def _run(folder, *words):
  """What a process prints that is started in a folder."""
  paths = os.pathsep.join([str(folder), *filter(None, sys.path)])
  ended = subprocess.run(
    [sys.executable, *map(str, words)],
    cwd=folder,
    env={**os.environ, "PYTHONPATH": paths},
    capture_output=True,
    text=True,
  )
  assert ended.returncode == 0, ended.stderr
  return ended.stdout.split()


@pytest.mark.parametrize("way", ["-m", "named like a command", "sys.argv of a command"])
def test_a_program_of_the_user_gets_the_whole_package(way, model, tmp_path):
  package = tmp_path / "mine"
  package.mkdir()
  (package / "__init__.py").write_text("import aevb_tf")
  (package / "run.py").write_text(REPORT.format(first="mine"))
  (tmp_path / "aevb-train").write_text(REPORT.format(first="mine"))
  code = f"import sys; sys.argv[0] = 'aevb-train'{REPORT.format(first='aevb_tf')}"
  words = {
    "-m": ["-W", "ignore", "-m", "mine.run"],
    "named like a command": [tmp_path / "aevb-train"],
    "sys.argv of a command": ["-c", code],
  }[way]
  assert _run(tmp_path, *words, model) == ["early", "VAE"]


def test_a_child_of_a_program_loads_models(model, tmp_path):
  (tmp_path / "mine").mkdir()
  (tmp_path / "mine" / "__init__.py").write_text("import aevb_tf")
  (tmp_path / "mine" / "run.py").write_text(
    textwrap.dedent("""
      import multiprocessing, sys
      import aevb_tf

      def load(path):
        print(type(aevb_tf.load(path)).__name__)

      if __name__ == "__main__":
        child = multiprocessing.get_context("spawn").Process(
          target=load, args=sys.argv[1:]
        )
        child.start()
        child.join()
        sys.exit(child.exitcode)
    """)
  )
  assert _run(tmp_path, "-m", "mine.run", model) == ["VAE"]


@pytest.mark.parametrize(
  "module", ["training.train_main", "export.serving.main", "export.client.main"]
)
def test_what_a_command_imports_late_loads_models(module, model, tmp_path):
  """The module reads its flags first; then the package is as after any import."""
  code = f"""
import importlib, sys, aevb_tf_cli

def run():
  print("early" if "keras" in sys.modules else "late")
  aevb_tf_cli.import_package()
  import aevb_tf, aevb_tf.{module}
  assert sys.modules["aevb_tf"] is aevb_tf
  assert aevb_tf.export.web and dir(aevb_tf) == sorted([*aevb_tf.__all__, "export"])
  print(type(aevb_tf.load(sys.argv[1])).__name__)

class Run:
  def find_spec(self, name, path=None, target=None):
    if name == "aevb_tf.{module}":
      spec = next(filter(None, (f.find_spec(name, path) for f in sys.meta_path[1:])))
      load = spec.loader.exec_module
      spec.loader.exec_module = lambda module: (load(module), setattr(module, "run", run))
      return spec

sys.meta_path.insert(0, Run())
aevb_tf_cli._run("aevb_tf.{module}")
"""
  assert _run(tmp_path, "-c", code, model) == ["late", "VAE"]


def test_the_config_of_a_user_may_use_the_whole_package(tmp_path):
  (tmp_path / "mine.py").write_text(
    textwrap.dedent("""
      import aevb_tf as aevb
      from aevb_tf.configs import base

      class Mine(aevb.likelihoods.Bernoulli):
        pass

      aevb.likelihoods.register("mine")(Mine)

      def get_config():
        config = base.get_config()
        config.likelihood = {"name": "mine"}
        config.epochs = -1
        return config
    """)
  )
  code = "import aevb_tf_cli; aevb_tf_cli.train()"
  ended = subprocess.run(
    [sys.executable, "-c", code, "--config=mine.py", "--workdir=w"],
    cwd=tmp_path,
    env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    capture_output=True,
    text=True,
  )
  assert ended.returncode == 2
  assert ended.stderr == "aevb-train: --config.epochs=-1: must be at least 1.\n"


def test_the_commands_are_those_that_are_installed():
  from importlib import metadata

  installed = metadata.distribution("aevb_tf").entry_points
  commands = {e.name: e.value for e in installed if e.group == "console_scripts"}
  assert commands == {
    f"aevb-{name}": f"aevb_tf_cli:{name}"
    for name in ("train", "evaluate", "apply", "export", "verify", "serving", "client")
  }
  assert aevb.__version__ == metadata.version("aevb_tf")


@pytest.mark.parametrize(
  "name", ["train", "evaluate", "apply", "export", "verify", "serving", "client"]
)
def test_every_command_has_its_module(name, monkeypatch):
  modules = []
  monkeypatch.setattr(aevb_tf_cli, "_run", modules.append)
  getattr(aevb_tf_cli, name)()
  assert callable(importlib.import_module(modules[0]).run)


def test_without_a_command_nothing_is_put_off():
  before = dict(vars(aevb))
  aevb_tf_cli.import_package()
  assert vars(aevb) == before


def test_the_package_as_a_program_names_its_commands(tmp_path):
  words = _run(tmp_path, "-m", "aevb_tf")
  assert words[:2] == ["aevb_tf", aevb.__version__]
  installed = importlib.metadata.entry_points(group="console_scripts")
  commands = {e.name for e in installed if e.module == "aevb_tf_cli"}
  assert commands and commands == {w for w in words if w.startswith("aevb-")}
