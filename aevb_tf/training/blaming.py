"""Errors and warnings of the package, in the flags of the command line.

The package speaks of arguments, as in `likelihood='gaussian'`. Whoever trains by a
command has set `--config.likelihood`, so a message names that flag instead.
"""

import ast
import contextlib
import inspect
import re
import warnings
from collections.abc import Iterable, Iterator

import ml_collections

from aevb_tf import bounds, likelihoods, posteriors, priors
from aevb_tf.configs import base
from aevb_tf.training.configuration import PARTS, ConfigError, differences

REGISTRIES = {
  "posterior": posteriors,
  "prior": priors,
  "likelihood": likelihoods,
  "bound": bounds,
}

# An argument in a message: likelihood='gaussian', beta=2.0, bound=SGVB(estimator='A').
_ARGUMENT = re.compile(
  r"""(?<![\w.-])(\w+)=('[^']*'|\{[^}]*\}|\w*\([^)]*\)|[^\s,;:()'"]*[^\s,;:()'".])"""
)


@contextlib.contextmanager
def blaming(config: ml_collections.ConfigDict, *keys: str) -> Iterator[None]:
  """Converts errors and warnings to messages about flags.

  Args:
    config: The config.
    keys: The keys that can be the reason. Those that differ from the defaults are
      named, or the first one.

  Raises:
    ConfigError: An OSError, TypeError or ValueError was raised.
  """
  try:
    with warnings.catch_warnings(record=True) as caught:
      yield
  except ConfigError:
    raise
  except (OSError, TypeError, ValueError) as error:
    message = _in_flags(" ".join(str(error).split()), config, keys)
    if not message.startswith("--"):
      message = f"{_reasons(config, keys)}: {message}"
    raise ConfigError(message) from error
  for warning in caught:
    text = _in_flags(str(warning.message), config, keys)
    warnings.warn(text, warning.category, stacklevel=3)


def _reasons(config, keys) -> str:
  """The flags that set some keys, if they differ from the defaults."""
  changed = differences(config, base.get_config())
  reasons = []
  for key in keys:
    if key not in PARTS:
      reasons += [(key, config[key])] if key in changed else []
      continue
    options = {"name": None, **config[key].to_dict()}
    for option, value in options.items():
      if f"{key}.{option}" in changed:
        reasons.append((key if option == "name" else f"{key}.{option}", value))
  first = config[keys[0]].name if keys[0] in PARTS else config[keys[0]]
  return " ".join(_flag(key, value) for key, value in reasons or [(keys[0], first)])


def _flag(key: str, value: object) -> str:
  """The flag that sets a key, or the flags that set a part and its options."""
  if isinstance(value, dict):
    name = [_flag(key, value["name"])] if "name" in value else []
    options = (_flag(f"{key}.{k}", v) for k, v in value.items() if k != "name")
    return " ".join([*name, *options])
  if isinstance(value, tuple | list):
    value = ",".join(map(str, value))
  if isinstance(value, bool):
    value = str(value).lower()
  return f"--data_dir={value}" if key == "data_dir" else f"--config.{key}={value}"


def _in_flags(text: str, config: ml_collections.ConfigDict, keys: tuple) -> str:
  """Spells arguments of Python in a message as flags of the command line."""
  owners = {option: key for key in keys for option in _options(config, key)}

  def flag(match):
    name, value = match.groups()
    if name == "name" or (name not in owners and name not in config):
      return match[0]
    key = f"{owners[name]}.{name}" if name in owners else name
    return _flag(key, _value(config, key, value))

  return _ARGUMENT.sub(flag, text)


def _options(config, key) -> Iterable[str]:
  """The options of a part, or none of another key."""
  if key in REGISTRIES:
    return inspect.signature(type(REGISTRIES[key].get(config[key].name))).parameters
  return config[key] if key in PARTS else ()


def _value(config, key, text) -> object:
  """The value of an argument; that of an object is the options that differ."""
  if call := re.fullmatch(r"(\w+)\((.*)\)", text):
    registry = REGISTRIES[key]
    options = {k: ast.literal_eval(v) for k, v in _ARGUMENT.findall(call[2])}
    (name,) = (n for n in registry.names() if type(registry.get(n)).__name__ == call[1])
    return options if name == config[key].name else {"name": name, **options}
  try:
    return ast.literal_eval(text)
  except (SyntaxError, ValueError):
    return text
