"""Loads configs by name or path, checks types of values, and converts them to JSON.

A config is an `ml_collections.ConfigDict` with exactly the keys of `configs/base.py`.
Every error in a config is a `ConfigError` of one line that names the key. This module
does not need TensorFlow; values that only the package can check, such as the name of a
likelihood, are checked by `build.check`.
"""

import ast
import importlib.util
import json
import pathlib
import pkgutil
import re
import traceback
from typing import Any

import ml_collections

from aevb_tf import configs
from aevb_tf.configs import base
from aevb_tf.registry import did_you_mean

# Keys whose value is `{"name": ..., **options}`; the options depend on the name.
PARTS = (
  "posterior",
  "prior",
  "likelihood",
  "bound",
  "optimizer",
  "kernel_initializer",
  "bias_initializer",
)


class ConfigError(ValueError):
  """A config cannot be used; the message is one line and names the key."""


def installed() -> dict[str, str]:
  """Returns the installed configs: name -> first line of the docstring."""
  folder = pathlib.Path(configs.__path__[0])
  names = [module.name for module in pkgutil.iter_modules(configs.__path__)]
  return {name: first_line(folder / f"{name}.py") for name in names if name != "base"}


def about_keys() -> dict[str, str]:
  """Returns what `configs/base.py` says beside each key, or ""."""
  lines = pathlib.Path(base.__file__).read_text(encoding="utf-8")
  found = re.findall(r"^  config\.(\w+) = .*?(?:  # (.*))?$", lines, re.M)
  return dict(found)


def first_line(path: pathlib.Path) -> str:
  """Returns the first line of a Python file's docstring, without running the file."""
  docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
  return docstring.split("\n", 1)[0]


def load(name_or_path: str) -> ml_collections.ConfigDict:
  """Loads a config.

  Args:
    name_or_path: The name of an installed config, or the path of a Python file with a
      function `get_config()`, or of the `config.json` of a run.

  Returns:
    The config, locked.

  Raises:
    ConfigError: There is no such config, or its file is broken.
  """
  path = pathlib.Path(name_or_path)
  if path.suffix == ".json":
    return from_json(path)
  if path.suffix == ".py":
    if not path.is_file():
      raise ConfigError(f"--config={name_or_path}: there is no such file.")
    return _from_python(path)
  known = [*installed(), "base"]
  if (path / "config.json").is_file():
    raise ConfigError(
      f"--config={name_or_path}: a folder; its config is {path / 'config.json'}."
    )
  if name_or_path not in known:
    raise ConfigError(
      f"--config={name_or_path}: neither an installed config nor a .py or .json file."
      f"{did_you_mean(name_or_path, known)}"
    )
  return _from_python(pathlib.Path(configs.__path__[0], f"{name_or_path}.py"))


def _from_python(path: pathlib.Path) -> ml_collections.ConfigDict:
  spec = importlib.util.spec_from_file_location(f"aevb_tf_config_{path.stem}", path)
  assert spec is not None and spec.loader is not None  # the file ends in .py
  module = importlib.util.module_from_spec(spec)
  try:
    spec.loader.exec_module(module)
    config = module.get_config()
  except (
    Exception
  ) as error:  # for any error in the user's file, the message is one line
    raise ConfigError(_where_and_why(path, error)) from error
  if not isinstance(config, ml_collections.ConfigDict):
    raise ConfigError(f"--config={path}: get_config() must return a ConfigDict.")
  return _complete(config, f"--config={path}")


def _where_and_why(path: pathlib.Path, error: Exception) -> str:
  """A message of one line about an exception in a config file."""
  lines = [
    frame.lineno
    for frame in traceback.extract_tb(error.__traceback__)
    if frame.filename == str(path)
  ]
  if isinstance(error, SyntaxError):
    lines = [error.lineno]
  where = f"--config={path}" + (f", line {lines[-1]}" if lines else "")
  if missing := re.search(r'Key "(\w+)" does not exist', str(error)):
    near = did_you_mean(missing[1], base.get_config())
    return f"{where}: unknown key {missing[1]!r}.{near}"
  why = str(error.args[0] if error.args else error).split("\n")[0]
  return f"{where}: {type(error).__name__}: {why}"


def from_json(path: pathlib.Path) -> ml_collections.ConfigDict:
  """Reads the `config.json` of a run.

  Args:
    path: The file.

  Returns:
    The config, locked.

  Raises:
    ConfigError: The file is missing, is not JSON, or does not hold a config.
  """
  try:
    values = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
  except FileNotFoundError:
    raise ConfigError(f"--config={path}: there is no such file.") from None
  except ValueError as error:
    raise ConfigError(f"--config={path}: not a JSON file: {error}") from error
  if not isinstance(values, dict):
    raise ConfigError(f"--config={path}: must hold a single JSON object.")
  config = base.get_config()
  for key, value in values.items():
    assign(config, key, _tuples(value), f"--config={path}")
  return config


def to_json(config: ml_collections.ConfigDict) -> dict:
  """Returns the config as a dict for JSON; `from_json` reads it."""
  return json.loads(config.to_json())


def _tuples(value):
  """Converts lists to tuples: JSON has only lists, configs only tuples."""
  if isinstance(value, list):
    return tuple(map(_tuples, value))
  if isinstance(value, dict):
    return {key: _tuples(below) for key, below in value.items()}
  return value


def assign(config: ml_collections.ConfigDict, key: str, value: Any, where: str) -> None:
  """Sets a key, and checks that the value has the type in `base`.

  Args:
    config: The config to change.
    key: A key of `base`.
    value: Its new value.
    where: Beginning of the error message.

  Raises:
    ConfigError: The key is unknown, or the value is of another type.
  """
  if key not in config:
    raise ConfigError(f"{where}: unknown key {key!r}.{did_you_mean(key, config)}")
  wanted = config.get_type(key)
  given = type(value)
  if wanted is ml_collections.ConfigDict and isinstance(value, str):
    value = {"name": value}
  elif wanted is ml_collections.ConfigDict and given is dict:
    pass
  elif wanted is float and given is int:
    value = float(value)
  elif given is not wanted:
    kind = "{name: ..., option: ...}" if key in PARTS else wanted.__name__
    raise ConfigError(f"{where}: {key} must have type {kind}, not {value!r}.")
  config[key] = value


def _complete(config: ml_collections.ConfigDict, where: str):
  """The defaults, updated with the config; all types are checked."""
  complete = base.get_config()
  for key, value in config.items():
    part = isinstance(value, ml_collections.ConfigDict)
    assign(complete, key, value.to_dict() if part else value, where)
  return complete


def differences(
  a: ml_collections.ConfigDict, b: ml_collections.ConfigDict
) -> list[str]:
  """Returns the keys in which two configs differ; those of parts are `part.option`."""
  flat_a, flat_b = _flat(to_json(a)), _flat(to_json(b))
  absent = object()
  return sorted(
    key for key in flat_a | flat_b if flat_a.get(key, absent) != flat_b.get(key, absent)
  )


def _flat(values: dict, prefix: str = "") -> dict:
  flat: dict[str, object] = {}
  for key, value in values.items():
    if isinstance(value, dict):
      flat |= _flat(value, f"{prefix}{key}.")
    else:
      flat[prefix + key] = value
  return flat
