"""The TFLite converter, restricted to builtin operators, and weights in float16.

The converter writes notes, and what it cannot convert, to the process' standard error
from C++. The reason is also in the exception, so the command-line programs drop those
lines (`converter_notes_dropped`). A library call leaves its caller's file descriptors
alone.
"""

import contextlib
import os
import re
import warnings
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema

from aevb_tf import quiet
from aevb_tf.export import flatbuffer
from aevb_tf.export.frozen import ConcreteFunction, operators
from aevb_tf.export.saved_model import gradient_warning_ignored

# Folded to constants, wrongly, where the batch size is not known yet.
_FOLDED = {"Lgamma"}
# Converted in float32 to builtins of other names.
_CONVERTED = {"OnesLike", "ZerosLike", "RealDiv", "Reciprocal"}
_MISSING = re.compile(r"(?:TF Select|Custom) ops: ([\w, ]+)")
_NOTE = re.compile(
  rb"\s*$|[IW]\d{4} |fully_quantize: |loc\(|error: failed (while|to) convert|"
  rb"Some ops are not supported by the native|Some ops in the model are custom ops|"
  rb"(TF Select|Custom) ops: |Details:|\ttf\."
)
_MIN_HALVED = 1024  # numbers; the converter's own limit for int8 weights
_DEQUANTIZE_VERSION = 3  # the first version that takes float16


def converter_notes_dropped() -> contextlib.AbstractContextManager:
  """Inside, a program's standard error is held back; at the end all but notes pass."""
  return quiet.stderr_held(_NOTE.match)


def convert(
  folder: str | os.PathLike,
  functions: Mapping[str, ConcreteFunction],
  set_options: Callable[[tf.lite.TFLiteConverter, Sequence[str]], None],
) -> tuple[bytes, dict[str, str]]:
  """Converts a SavedModel, without the signatures that LiteRT has no operators for.

  Args:
    folder: The SavedModel.
    functions: Its signatures: name to concrete function.
    set_options: Sets options of the converter, given the names that it converts.

  Returns:
    The `.tflite` file, and the reason for each signature that is not in it.

  Raises:
    ValueError: No signature can be converted.
  """
  left_out: dict[str, str] = {}
  while kept := [name for name in functions if name not in left_out]:
    content, missing = _convert(folder, kept, set_options)
    if content is not None:
      check_builtins(content)
      if not flatbuffer.has_empty_constants(content):
        return content, left_out
      missing = _FOLDED
    missing = _without_builtin(missing)
    for name in kept:
      if lacking := missing & operators(functions[name]):
        left_out[name] = f"LiteRT has no builtin {', '.join(sorted(lacking))}"
    if not left_out.keys() & set(kept):
      raise ValueError(f"TFLite has no builtins for {', '.join(sorted(missing))}.")
  raise ValueError(f"No signature can be converted to TFLite: {left_out}.")


def _without_builtin(missing):
  """The operators without a builtin; the others only have no float64 version."""
  builtins = {name.replace("_", "") for name in flatbuffer.BUILTINS}
  return {
    name
    for name in missing - _CONVERTED
    if re.sub(r"V\d$", "", name).upper() not in builtins
  } or missing


def _convert(folder, names, set_options):
  """The file, or None and the operators that it would need."""
  with gradient_warning_ignored(), warnings.catch_warnings():
    # Measuring ranges runs TensorFlow's own interpreter, which is deprecated.
    warnings.filterwarnings("ignore", r"\s*Warning: tf.lite.Interpreter is dep")
    converter = tf.lite.TFLiteConverter.from_saved_model(
      os.fspath(folder), signature_keys=list(names)
    )
    converter.exclude_conversion_metadata = True  # nothing that is not in ours
    set_options(converter, names)
    try:
      return converter.convert(), set()
    except Exception as error:  # ConverterError, which has no public name
      missing = _MISSING.findall(str(error))
      if not missing:
        raise
      return None, {word.strip() for words in missing for word in words.split(",")}


def check_builtins(content: bytes) -> None:
  """Raises a ValueError if a `.tflite` file needs more than builtin operators."""
  custom = [
    name for name in flatbuffer.operators(content) if name.startswith("custom:")
  ]
  if custom:
    raise ValueError(f"The file needs operators that are not builtins: {custom}.")


def halve_weights(content: bytes) -> bytes:
  """Stores the weights of a `.tflite` file as float16.

  Every weight of 1,024 numbers or more is stored as float16 and widened before its use,
  which runtimes do once, when they load the file. Smaller constants stay as they are,
  unlike in the converter's float16 mode: they take few bytes, and the noise that a seed
  gives depends on some of them.
  """
  model = flatbuffer.read(content)
  halved = {}
  code = _add_dequantize_code(model)
  for graph in model.subgraphs:
    widenings = []
    for i, tensor in enumerate(list(graph.tensors)):
      data = model.buffers[tensor.buffer].data
      if tensor.type != schema.TensorType.FLOAT32 or data is None:
        continue
      if len(data) < 4 * _MIN_HALVED:
        continue
      if tensor.buffer not in halved:
        halved[tensor.buffer] = _add_half(model, data)
      graph.tensors.append(_half_tensor(tensor, halved[tensor.buffer]))
      tensor.buffer = 0
      widenings.append(_widening(code, len(graph.tensors) - 1, i))
    graph.operators = [*widenings, *(graph.operators or ())]
  for index in halved:
    model.buffers[index].data = None
  return flatbuffer.pack(model)


def _add_dequantize_code(model):
  code = schema.OperatorCodeT()
  code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.DEQUANTIZE
  code.version = _DEQUANTIZE_VERSION
  model.operatorCodes.append(code)
  return len(model.operatorCodes) - 1


def _add_half(model, data):
  values = np.frombuffer(bytes(data), np.float32)
  buffer = schema.BufferT()
  with np.errstate(over="ignore"):  # what overflows changes the bound, which is judged
    buffer.data = np.frombuffer(values.astype(np.float16).tobytes(), np.uint8)
  model.buffers.append(buffer)
  return len(model.buffers) - 1


def _half_tensor(tensor, buffer):
  half = schema.TensorT()
  half.shape, half.hasRank = tensor.shape, tensor.hasRank
  half.type, half.buffer = schema.TensorType.FLOAT16, buffer
  return half


def _widening(code, source, target):
  operator = schema.OperatorT()
  operator.opcodeIndex = code
  operator.inputs = np.array([source], np.int32)
  operator.outputs = np.array([target], np.int32)
  operator.builtinOptionsType = schema.BuiltinOptions.DequantizeOptions
  operator.builtinOptions = schema.DequantizeOptionsT()
  return operator
