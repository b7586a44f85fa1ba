"""The console scripts, which read their flags before the package is imported.

`import aevb_tf` imports TensorFlow and everything that Keras needs to know, which takes
seconds. A command answers `--help`, or refuses a misspelled flag, at once: it puts the
packages in place without running their `__init__`, imports the module that reads the
flags, and that module calls `import_package` when it knows what to do.

This file lies outside of the package, since importing any module of a package runs the
`__init__` of the package first.
"""

import importlib
import importlib.util
import sys
import types

_waiting: list[types.ModuleType] = []


def train() -> None:
  """`aevb-train`."""
  _run("aevb_tf.training.train_main")


def evaluate() -> None:
  """`aevb-evaluate`."""
  _run("aevb_tf.training.evaluate_main")


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
  """Runs each `__init__` that a command has put off; without a command, does nothing."""
  while _waiting:
    package = _waiting.pop(0)
    package.__spec__.loader.exec_module(package)


def _run(module: str) -> None:
  """Imports a module under packages whose `__init__` waits, and runs its command."""
  parts = module.split(".")
  for end in range(1, len(parts)):
    _put_in_place(".".join(parts[:end]))
  importlib.import_module(module).run()


def _put_in_place(name: str) -> None:
  package = importlib.util.module_from_spec(importlib.util.find_spec(name))
  sys.modules[name] = package
  parent, _, child = name.rpartition(".")
  if parent:
    setattr(sys.modules[parent], child, package)
  _waiting.append(package)
