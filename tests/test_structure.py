"""Imports run one way, and importing the package is quiet and quick."""

import ast
import pathlib
import re
import subprocess
import sys

import pytest

import aevb_tf

ROOT = pathlib.Path(aevb_tf.__file__).parent
LEAVES = {
  "checks",
  "files",
  "normal",
  "numerics",
  "publish",
  "quiet",
  "random",
  "registry",
  "representation",
  "shapes",
  "types",
  "version",
}
# What a room may import besides the leaves and itself.
MAY_IMPORT = {
  "distributions": set(),
  "reparameterization": {"distributions"},
  "likelihoods": {"distributions"},
  "flows": set(),
  "posteriors": {"distributions", "flows"},
  "priors": {"distributions", "flows"},
  "networks": {"likelihoods", "posteriors", "tables"},
  "tables": set(),
  "conditions": {"networks", "tables"},
  "data": {"tables"},
  "plots": set(),
  "bounds": {"likelihoods", "posteriors", "priors"},
  "protocols": {"likelihoods", "posteriors", "priors"},
  "mcmc": {"bounds", "conditions", "likelihoods", "posteriors", "priors", "protocols"},
  "evidence": {
    "bounds",
    "conditions",
    "likelihoods",
    "mcmc",
    "posteriors",
    "priors",
    "protocols",
  },
  "imputation": {"bounds", "conditions", "evidence", "likelihoods", "protocols"},
  "loops": {"data"},
  "models": {
    "bounds",
    "conditions",
    "data",
    "evidence",
    "imputation",
    "likelihoods",
    "loops",
    "mcmc",
    "networks",
    "posteriors",
    "priors",
    "tables",
    "tasks",
  },
  # Tasks know models by their protocols, so that a method of a model may call a task.
  "tasks": {
    "bounds",
    "conditions",
    "data",
    "evidence",
    "imputation",
    "likelihoods",
    "mcmc",
    "plots",
    "protocols",
  },
  "saving": {"models", "networks", "tasks"},
  "sklearn": {"bounds", "evidence", "models", "networks", "tasks"},
}
ABOVE = {"__main__", "apply", "training"}  # may import everything below it
# Folders of the checkout that are not installed.
OUTSIDE = {"benchmarks", "experiments", "tests"}


def rooms():
  return sorted({p.relative_to(ROOT).parts[0].removesuffix(".py") for p in modules()})


def modules():
  return [p for p in ROOT.rglob("*.py") if p != ROOT / "__init__.py"]


def imported(path):
  """The full names of all that a module imports."""
  found = set()
  for node in ast.walk(ast.parse(path.read_text())):
    if isinstance(node, ast.Import):
      found |= {alias.name for alias in node.names}
    elif isinstance(node, ast.ImportFrom):
      found |= {f"{node.module}.{alias.name}" for alias in node.names}
  return found


def imported_rooms(path):
  return {n.split(".")[1] for n in imported(path) if n.startswith("aevb_tf.")}


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_run_one_way(path):
  room = path.relative_to(ROOT).parts[0].removesuffix(".py")
  if room in ABOVE:
    return
  allowed = LEAVES | {room} if room not in LEAVES else LEAVES
  assert imported_rooms(path) <= allowed | MAY_IMPORT.get(room, set())


def test_every_room_has_its_place():
  assert set(rooms()) <= LEAVES | set(MAY_IMPORT) | ABOVE


def test_no_module_scores_with_tfp_s_normal():
  """It loses digits in float32: `aevb_tf.normal` has the one that does not."""
  constructed = re.compile(
    r"(tfd|distributions)\.(Log)?Normal\(|density=tfd\.(Log)?Normal"
  )
  users = {p.name for p in modules() if constructed.search(p.read_text())}
  assert not users


def test_nothing_imports_the_exporter():
  for path in modules():
    assert "export" not in imported_rooms(path)


def test_nothing_that_is_installed_imports_a_folder_that_is_not():
  installed = [p for name in ("export", "configs") for p in (ROOT / name).rglob("*.py")]
  for path in [*modules(), ROOT / "__init__.py", *installed]:
    assert not OUTSIDE & {name.split(".")[0] for name in imported(path)}, path


EXPORT = ROOT.parent / "export"
# They run where this package is not installed, or must not be loaded.
SCRIPTS = ("runtimes/process.py", "runtimes/chromium.py", "serving/kserve_model.py")


def test_the_client_imports_neither_tensorflow_nor_the_rest_of_the_exporter():
  """But for the messages of gRPC, which import TensorFlow, and for writing files.

  Conditions may be columns of a table; `tables` does not import TensorFlow.
  """
  paths = sorted((EXPORT / "client").glob("*.py"))
  assert len(paths) > 5
  for path in paths:
    for name in imported(path):
      package, *rest = name.split(".")
      if package.startswith("tensorflow"):
        assert path.name == "messages.py", path
      if package == "aevb_tf" and rest[0] == "export":
        assert rest[1] == "client", path
      free = ("export", "publish", "registry", "tables")
      if package == "aevb_tf" and rest[0] not in free:
        assert rest[:2] == ["training", "command_line"], path


def test_tables_do_not_import_tensorflow():
  paths = sorted((ROOT / "tables").glob("*.py"))
  assert len(paths) > 5
  for path in [*paths, ROOT / "checks.py"]:
    assert imported_rooms(path) <= {"checks", "registry", "tables", "files"}, path
    assert not {n.split(".")[0] for n in imported(path)} & {"tensorflow", "keras"}, path


def test_what_writes_files_for_the_client_imports_the_standard_library_alone():
  names = imported(ROOT / "publish.py")
  assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_scripts_import_nothing_of_this_package(script):
  assert not imported_rooms(EXPORT / script)


def test_public_names_exist():
  for name in aevb_tf.__all__:
    assert getattr(aevb_tf, name) is not None


def test_the_exporter_is_available_without_a_separate_import():
  assert aevb_tf.__getattr__("export").__name__ == "aevb_tf.export"


def test_dir_shows_only_the_public_names():
  assert dir(aevb_tf) == sorted([*aevb_tf.__all__, "export"])


IMPORT = """
import time, tensorflow, tensorflow_probability.python.distributions, keras, sys
import socket
def refuse(*args, **kwargs): raise AssertionError("the network was asked for")
socket.socket.connect = refuse
sys.stdout.flush(), sys.stderr.flush()
import os
read, write = os.pipe()
os.dup2(write, 1), os.dup2(write, 2)
before = set(sys.modules)  # Keras itself imports matplotlib and more where it can
start = time.process_time()
import aevb_tf, aevb_tf.data
seconds = time.process_time() - start
sys.stdout.flush(), sys.stderr.flush()
os.set_blocking(read, False)
try:
  printed = os.read(read, 65536)
except BlockingIOError:
  printed = b""
late = {"matplotlib", "tensorflow_datasets", "pandas", "sklearn"} & (set(sys.modules) - before)
never = {"tensorflow_datasets", "mlxtend", "scipy.io"} & set(sys.modules)
os._exit(0 if seconds < 1.0 and not (printed or late or never) else 1)
"""


def test_importing_is_quiet_quick_and_offline():
  """Less than a second of processor time beyond TensorFlow and TFP, and no output.

  What single sources of data need is imported with them.
  """
  result = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True)
  assert result.returncode == 0
