"""The `repr` of a part: its class, and the options that are not its defaults.

    ImportanceWeighted(num_importance_samples=50)

It is made of `get_config()`, so that whoever writes a part has it for nothing.
"""

import inspect
import re
import reprlib
from collections.abc import Mapping
from typing import Any

# What Keras adds to the options of a layer.
_OF_KERAS = ("name", "trainable", "dtype")
# Too long: `print(vae.schema)` shows it as a table.
_NOT_SHOWN = (*_OF_KERAS, "schema")

_MOST = 6  # objects of a list that are shown, as `reprlib` does


class Represented:
  """Base class whose `repr` shows the options of `get_config()`."""

  def __repr__(self) -> str:
    own: Any = self
    try:
      return _call(type(self), own.get_config())
    except Exception:
      # Arguments that Keras cannot save, or a constructor that has not ended: debuggers
      # and error messages show such objects, too.
      return f"{type(self).__name__}(...)"


def _call(cls: Any, config: Mapping[str, Any]) -> str:
  shown = []
  # Of `__init__`: a metaclass may hide it from the signature of the class.
  for name, parameter in inspect.signature(cls.__init__).parameters.items():
    if name not in config or name in _NOT_SHOWN:
      continue
    value, default = config[name], parameter.default
    if not _is(value, default):
      shown.append(f"{name}={_value(value)}")
  return f"{cls.__name__}({', '.join(shown)})"


def _is(value: Any, default: Any) -> bool:
  """Whether a value of a config is the default, which may be a registered name."""
  if _is_object(value) and isinstance(default, str):
    has_options = any(v is not None for v in _options(value).values())
    return not has_options and _snake(value["class_name"]) == default
  if isinstance(value, (list, tuple)) and isinstance(default, tuple):
    return tuple(value) == default
  return type(value) is type(default) and value == default


def _value(value: Any) -> str:
  """A value of a config; an object as Keras serializes it is shown as a call."""
  if isinstance(value, list) and all(_is_object(v) for v in value):
    shown = [_value(v) for v in value[:_MOST]] + ["..."] * (len(value) > _MOST)
    return f"[{', '.join(shown)}]"
  if not _is_object(value):
    is_name = isinstance(value, Mapping) and set(value) == {"name"}
    return reprlib.repr(value["name"] if is_name else value)
  name = value["class_name"]
  if not str(value.get("module", "")).startswith("aevb_tf."):
    return f"{name}(...)" if _options(value) else f"{name}()"
  import keras

  cls = keras.saving.get_registered_object(value["registered_name"])
  return _call(cls, value["config"]) if cls else f"{name}(...)"


def _options(value: Mapping[str, Any]) -> dict[str, Any]:
  """The options of a serialized object."""
  config = value.get("config") or {}
  return {name: option for name, option in config.items() if name not in _OF_KERAS}


def _is_object(value: Any) -> bool:
  return isinstance(value, Mapping) and "class_name" in value


def _snake(name: str) -> str:
  return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
