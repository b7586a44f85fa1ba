"""The TFLite converter, asked for builtin operators alone.

The converter reports what it cannot convert through C++, on the process' standard
error. That is held back here: the reason is in the exception, too.
"""

import os
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from aevb_tf.export import flatbuffer
from aevb_tf.export.frozen import operators
from aevb_tf.training import quietly

# Of a batch that is not known yet, the converter computes it when it should refuse it.
_FOLDED = {"Lgamma"}
# Converted in float32 to builtins of other names.
_THERE = {"OnesLike", "ZerosLike", "RealDiv", "Reciprocal"}
_MISSING = re.compile(r"(?:TF Select|Custom) ops: ([\w, ]+)")


def convert_what_converts(
  folder: str | os.PathLike,
  functions: Mapping[str, Any],
  settings: Callable[[tf.lite.TFLiteConverter, Sequence[str]], None],
) -> tuple[bytes, dict[str, str]]:
  """Converts a SavedModel, without the signatures that LiteRT has no operators for.

  Args:
    folder: The SavedModel.
    functions: Its signatures: name to concrete function.
    settings: Sets options of the converter, given the names that it converts.

  Returns:
    The `.tflite` file, and the reason for each signature that is not in it.

  Raises:
    ValueError: No signature can be converted.
  """
  left_out = {}
  while kept := [name for name in functions if name not in left_out]:
    content, missing = _convert(folder, kept, settings)
    if content is not None:
      check_builtins(content)
      if not flatbuffer.holds_empty_constants(content):
        return content, left_out
      missing = _FOLDED
    missing = _lacking(missing)
    for name in kept:
      if lacking := missing & operators(functions[name]):
        left_out[name] = f"LiteRT has no builtin {', '.join(sorted(lacking))}"
    if not left_out.keys() & set(kept):
      raise ValueError(f"TFLite has no builtins for {', '.join(sorted(missing))}.")
  raise ValueError(f"No signature can be converted to TFLite: {left_out}.")


def _lacking(missing):
  """Those of the operators that have no builtin; the others were there in float64."""
  builtins = {name.replace("_", "") for name in flatbuffer.BUILTINS}
  return {
    name
    for name in missing - _THERE
    if re.sub(r"V\d$", "", name).upper() not in builtins
  } or missing


def _convert(folder, names, settings):
  """The file, or None and the operators that it would need."""
  with quietly.stderr_held():
    converter = tf.lite.TFLiteConverter.from_saved_model(
      os.fspath(folder), signature_keys=list(names)
    )
  converter.exclude_conversion_metadata = True  # it holds nothing that ours does not
  settings(converter, names)
  try:
    with quietly.stderr_held(), warnings.catch_warnings():
      # Measuring ranges runs TensorFlow's own interpreter, which is to move out.
      warnings.filterwarnings("ignore", r"\s*Warning: tf.lite.Interpreter is dep")
      return converter.convert(), set()
  except Exception as error:  # ConverterError, which has no public name
    missing = _MISSING.findall(str(error))
    if not missing:
      raise
    return None, {word.strip() for words in missing for word in words.split(",")}


def check_builtins(content: bytes) -> None:
  """Raises a ValueError where a `.tflite` file needs more than builtin operators."""
  custom = [o for o in flatbuffer.operators(content) if o.startswith("custom:")]
  if custom:
    raise ValueError(f"The file needs operators that are no builtins: {custom}.")
