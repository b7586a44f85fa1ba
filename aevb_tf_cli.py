"""The console scripts, which read their flags before the package is imported.

It also has `columns`, which aligns the lists in the help of all commands.

`import aevb_tf` imports TensorFlow and all classes that Keras needs, which takes
seconds. `--help` and errors about flags must be immediate. So a command creates the
packages without running their `__init__`, and imports the module that reads the flags.
This module calls `import_package` once the flags are read.

This file is outside of the package, since importing any module of a package first runs
the `__init__` of the package.
"""

import importlib
import importlib.abc
import importlib.util
import sys
import textwrap
import types
from collections.abc import Mapping

# No line of `--help` is longer.
WIDTH = 88

_waiting: list[tuple[importlib.abc.Loader, types.ModuleType]] = []


def train() -> None:
  """`aevb-train`."""
  _run("aevb_tf.training.train_main")


def evaluate() -> None:
  """`aevb-evaluate`."""
  _run("aevb_tf.training.evaluate_main")


def apply() -> None:
  """`aevb-apply`."""
  _run("aevb_tf.apply.main")


def export() -> None:
  """`aevb-export`."""
  _run("aevb_tf.export.export_main")


def verify() -> None:
  """`aevb-verify`."""
  _run("aevb_tf.export.verify_main")


def serving() -> None:
  """`aevb-serving`."""
  _run("aevb_tf.export.serving.main")


def client() -> None:
  """`aevb-client`."""
  _run("aevb_tf.export.client.main")


def import_package() -> None:
  """Runs the `__init__` of packages that a command has deferred, if there are any."""
  while _waiting:
    loader, package = _waiting.pop(0)
    loader.exec_module(package)


def columns(rows: Mapping[str, str]) -> str:
  """Returns names with texts beside them, aligned, and wrapped to `WIDTH`."""
  indent = " " * (max(map(len, rows)) + 4)
  return "\n".join(
    textwrap.fill(
      text,
      WIDTH,
      initial_indent=f"  {name}".ljust(len(indent)),
      subsequent_indent=indent,
      break_on_hyphens=False,
    )
    or f"  {name}"
    for name, text in rows.items()
  )


def _run(module: str) -> None:
  """Imports a module without running the `__init__` of its packages, and runs it."""
  parts = module.split(".")
  for end in range(1, len(parts)):
    _put_in_place(".".join(parts[:end]))
  importlib.import_module(module).run()


def _put_in_place(name: str) -> None:
  spec = importlib.util.find_spec(name)
  if spec is None or spec.loader is None:
    raise ModuleNotFoundError(f"There is no package {name}.", name=name)
  package = importlib.util.module_from_spec(spec)
  sys.modules[name] = package
  parent, _, child = name.rpartition(".")
  if parent:
    setattr(sys.modules[parent], child, package)
  _waiting.append((spec.loader, package))
