"""A wheel holds the three folders under one name, and what type checkers look for."""

import ast
import importlib.metadata
import pathlib
import shutil
import subprocess
import sys
import zipfile

import pytest

from aevb_tf import version

ROOT = pathlib.Path(__file__).parents[1]
FOLDERS = {
  "aevb_tf": "aevb_tf",
  "export": "aevb_tf/export",
  "configs": "aevb_tf/configs",
}
# Held to the same, but not installed.
OUTSIDE = ("experiments",)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
  """A wheel, built from a copy of the checkout, offline."""
  copy = tmp_path_factory.mktemp("checkout")
  hidden = shutil.ignore_patterns("__pycache__", "*.egg-info")
  for folder in (*FOLDERS, *OUTSIDE):
    shutil.copytree(ROOT / folder, copy / folder, ignore=hidden)
  for name in (
    "setup.py",
    "aevb_tf_cli.py",
    "pyproject.toml",
    "LICENSE",
    "MANIFEST.in",
  ):
    shutil.copy(ROOT / name, copy)
  options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
  subprocess.run(
    [sys.executable, "-m", "pip", "wheel", *options, "-w", copy / "dist", copy],
    check=True,
    capture_output=True,
  )
  (path,) = (copy / "dist").glob("*.whl")
  return zipfile.ZipFile(path)


def test_a_wheel_holds_every_module_and_nothing_else_at_the_top(wheel):
  names = set(wheel.namelist())
  for folder, package in FOLDERS.items():
    for path in (ROOT / folder).rglob("*.py"):
      assert f"{package}/{path.relative_to(ROOT / folder).as_posix()}" in names
  for path in (ROOT / "export" / "web" / "static").rglob("*.*"):  # the page
    assert f"aevb_tf/export/{path.relative_to(ROOT / 'export').as_posix()}" in names
  assert "aevb_tf/export/web/static/LICENSE" in names
  assert "aevb_tf/py.typed" in names
  tops = {name.split("/")[0] for name in names}
  assert tops == {
    "aevb_tf",
    "aevb_tf_cli.py",
    f"aevb_tf-{version.__version__}.dist-info",
  }


def test_a_wheel_has_its_commands_license_and_requirements(wheel):
  info = f"aevb_tf-{version.__version__}.dist-info"
  assert (
    "aevb-train = aevb_tf_cli:train" in wheel.read(f"{info}/entry_points.txt").decode()
  )
  assert any(name.endswith("LICENSE") for name in wheel.namelist())
  metadata = wheel.read(f"{info}/METADATA").decode()
  assert "Requires-Python: >=3.11" in metadata
  assert "Requires-Dist: keras>=3.14" in metadata
  assert 'extra == "gpu"' in metadata


def test_the_installed_version_is_the_one_in_the_file():
  assert importlib.metadata.version("aevb_tf") == version.__version__


def test_every_package_of_the_checkout_has_its_init_file():
  for folder in (*FOLDERS, *OUTSIDE):
    for path in (ROOT / folder).rglob("*.py"):
      assert (path.parent / "__init__.py").exists(), path


def _public_functions(tree, inside=None):
  for node in tree.body:
    if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
      yield from _public_functions(node, node)
    if isinstance(node, ast.FunctionDef) and (
      not node.name.startswith("_") or node.name == "__init__"
    ):
      yield inside, node


def _lacks_hints(node, inside):
  arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
  if inside is not None and arguments and arguments[0].arg in ("self", "cls"):
    arguments = arguments[1:]
  arguments += filter(None, (node.args.vararg, node.args.kwarg))
  # With a hint of an argument, a type checker knows what `__init__` returns.
  returns = node.returns is not None or (node.name == "__init__" and arguments)
  return not returns or any(a.annotation is None for a in arguments)


# Methods that a base class outside of the package declares keep its signature.
_DECLARED_ELSEWHERE = {
  "build", "call", "compile_from_config", "evaluate", "fit", "from_config",
  "get_config", "make_predict_function", "make_test_function",
  "make_train_function", "metrics", "on_epoch_begin", "on_epoch_end",
  "on_predict_batch_end", "on_predict_begin", "on_predict_end",
  "on_test_batch_begin", "on_test_batch_end", "on_test_begin", "on_test_end",
  "on_train_batch_begin", "on_train_batch_end",
  "predict", "predict_step", "reset_metrics", "result", "steps_per_execution",
  "test_on_batch", "test_step", "train_on_batch", "train_step",
}  # fmt: skip


def test_public_functions_have_type_hints():
  lacking = [
    f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
    for folder in (*FOLDERS, *OUTSIDE)
    for path in sorted((ROOT / folder).rglob("*.py"))
    for inside, node in _public_functions(ast.parse(path.read_text()))
    if not (inside is not None and node.name in _DECLARED_ELSEWHERE)
    if _lacks_hints(node, inside)
  ]
  assert lacking == []
