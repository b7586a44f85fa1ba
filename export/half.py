"""Weights of a `.tflite` file in half precision.

Every weight of 1,024 numbers or more is stored as float16 and widened before its use,
which runtimes fold into their own preparation. Smaller constants stay as they are,
unlike in the converter's float16 mode: they are few bytes, and those of the noise
decide which digit a seed gives.
"""

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

_LEAST = 1024  # numbers; the converter's own limit for int8 weights
_DEQUANTIZE = schema.BuiltinOperator.DEQUANTIZE
_VERSION = 3  # the first that takes float16


def halve(model: schema.ModelT) -> None:
  """Stores the weights of a file as float16.

  Args:
    model: The file as objects; changed in place.
  """
  halved = {}
  code = _code(model)
  for graph in model.subgraphs:
    widenings = []
    for i, tensor in enumerate(list(graph.tensors)):
      data = model.buffers[tensor.buffer].data
      if tensor.type != schema.TensorType.FLOAT32 or data is None:
        continue
      if len(data) < 4 * _LEAST:
        continue
      if tensor.buffer not in halved:
        halved[tensor.buffer] = _add_half(model, data)
      graph.tensors.append(_stored(tensor, halved[tensor.buffer]))
      tensor.buffer = 0
      widenings.append(_widening(code, len(graph.tensors) - 1, i))
    graph.operators = [*widenings, *(graph.operators or ())]
  for index in halved:
    model.buffers[index].data = None


def _code(model):
  code = schema.OperatorCodeT()
  code.builtinCode = code.deprecatedBuiltinCode = _DEQUANTIZE
  code.version = _VERSION
  model.operatorCodes.append(code)
  return len(model.operatorCodes) - 1


def _add_half(model, data):
  values = np.frombuffer(bytes(data), np.float32)
  buffer = schema.BufferT()
  with np.errstate(over="ignore"):  # the bound will tell
    buffer.data = np.frombuffer(values.astype(np.float16).tobytes(), np.uint8)
  model.buffers.append(buffer)
  return len(model.buffers) - 1


def _stored(tensor, buffer):
  stored = schema.TensorT()
  stored.shape, stored.hasRank = tensor.shape, tensor.hasRank
  stored.type, stored.buffer = schema.TensorType.FLOAT16, buffer
  return stored


def _widening(code, source, target):
  operator = schema.OperatorT()
  operator.opcodeIndex = code
  operator.inputs = np.array([source], np.int32)
  operator.outputs = np.array([target], np.int32)
  operator.builtinOptionsType = schema.BuiltinOptions.DequantizeOptions
  operator.builtinOptions = schema.DequantizeOptionsT()
  return operator
