"""Changes to a config by `--config.key=value` on the command line.

The parser is `ml_collections.config_flags`. Added to it are parts by their name
(`--config.likelihood=gaussian`), options of parts, and errors that name the key.
"""

import ast
import re

import ml_collections
from absl import flags
from ml_collections import config_flags

from aevb_tf.registry import did_you_mean
from aevb_tf.training.command_line import value_error
from aevb_tf.training.configuration import PARTS, ConfigError, assign

_OVERRIDE = re.compile(r"--?(?P<no>no)?config\.(?P<path>[^=]*)(=(?P<value>.*))?", re.S)


def apply(config: ml_collections.ConfigDict, argv: list[str]) -> None:
  """Applies the arguments of the command line to a config.

  Args:
    config: The config, changed in place.
    argv: Command line arguments, all of the form `--config.key=value`.

  Raises:
    ConfigError: A key is unknown, or a value has the wrong type.
  """
  remaining = [word for word in argv if not _replace_part(config, word)]
  for word in remaining:
    if match := _OVERRIDE.fullmatch(word):
      _prepare(config, match["path"])
  _parse(config, remaining)
  config.lock()


def _replace_part(config: ml_collections.ConfigDict, word: str) -> bool:
  """Handles `--config.PART=NAME` and `--config.PART={...}`; returns whether it did."""
  match = _OVERRIDE.fullmatch(word)
  if not match or match["path"] not in PARTS or not match["value"]:
    return False
  value = match["value"]
  if value.startswith("{"):
    try:
      value = ast.literal_eval(value)
    except (SyntaxError, ValueError):
      raise ConfigError(f"{word}: not a Python dict literal.") from None
  assign(config, match["path"], value, word)
  return True


def _prepare(config: ml_collections.ConfigDict, path: str) -> None:
  """Raises an error for unknown keys, and adds the key for an option of a part."""
  key, *option = path.split(".")
  if key not in config:
    near = did_you_mean(key, config)
    raise ConfigError(f"--config.{path}: unknown key {key!r}.{near}")
  if not option:
    return
  if key not in PARTS or len(option) != 1 or not option[0].isidentifier():
    raise ConfigError(f"--config.{path}: {key} has no keys below it.")
  if option[0] != "name":
    with config[key].unlocked():
      # Any literal: the constructor of the part checks the type.
      if option[0] in config[key]:
        del config[key][option[0]]
      config[key][option[0]] = ml_collections.config_dict.placeholder(object)


def _parse(config: ml_collections.ConfigDict, argv: list[str]) -> None:
  argv = ["aevb-train", *argv]
  values = flags.FlagValues()
  try:
    config_flags.DEFINE_config_dict(
      "config", config, flag_values=values, sys_argv=argv, lock_config=False
    )
    positional = values(argv)[1:]
  except (flags.Error, KeyError, TypeError, ValueError) as error:
    raise ConfigError(value_error(error)) from error
  if positional:
    raise ConfigError(f"{positional[0]}: not a flag; use --config.key=value.")
