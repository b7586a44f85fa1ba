"""However a process was started, saved models load; only commands import late."""

import os
import subprocess
import sys
import sysconfig
import textwrap

import pytest

import aevb_tf as aevb
from aevb_tf import launch
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


@pytest.mark.parametrize("way", ["-m", "named like a command"])
def test_a_program_of_somebody_s_own_gets_the_whole_package(way, model, tmp_path):
  package = tmp_path / "mine"
  package.mkdir()
  (package / "__init__.py").write_text("import aevb_tf")
  (package / "run.py").write_text(REPORT.format(first="mine"))
  (tmp_path / "aevb-train").write_text(REPORT.format(first="mine"))
  words = {
    "-m": ["-W", "ignore", "-m", "mine.run"],
    "named like a command": [tmp_path / "aevb-train"],
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


def test_what_was_imported_late_loads_models(model, tmp_path):
  code = f"import sys; sys.argv[0] = 'aevb-train'{REPORT.format(first='aevb_tf')}"
  assert _run(tmp_path, "-c", code, model) == ["late", "VAE"]


SCRIPTS = sysconfig.get_path("scripts")


@pytest.mark.parametrize(
  ("argv", "orig_argv", "is_by_command"),
  [
    ([os.path.join(SCRIPTS, "aevb-train")], ["python", "aevb-train"], True),
    (["aevb-export", "--help"], ["python", "aevb-export", "--help"], True),
    (["/home/me/aevb-train"], ["python", "/home/me/aevb-train"], False),
    (["-m", "--help"], ["python", "-m", "aevb_tf.export", "--help"], True),
    (["-m"], ["python", "-X", "dev", "-maevb_tf.export"], True),
    (["-m", "aevb_tf"], ["python", "-m", "mine", "aevb_tf"], False),
    (["-m"], ["python", "-um", "aevb_tf_of_mine"], False),
    (["-m"], [], False),
    (["-c"], ["python", "-c", "import aevb_tf"], False),
    ([], [], False),
  ],
)
def test_who_is_a_command(argv, orig_argv, is_by_command, monkeypatch):
  monkeypatch.setattr(sys, "argv", argv)
  monkeypatch.setattr(sys, "orig_argv", orig_argv)
  assert launch.is_by_command() == is_by_command


def test_the_commands_are_those_that_are_installed():
  from importlib import metadata

  installed = metadata.distribution("aevb_tf").entry_points
  assert {e.name for e in installed if e.group == "console_scripts"} == set(
    launch.COMMANDS
  )
  assert aevb.__version__ == metadata.version("aevb_tf")
