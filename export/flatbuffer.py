"""TFLite files from the inside: their operators, and metadata of our own.

A `.tflite` file is a FlatBuffer: operators and tensors of each function, and buffers
with the weights. Ours carries one more buffer, JSON under the name `aevb_tf`; any
reader that does not know it passes it by.
"""

import collections
import json
import struct
from collections.abc import Iterator
from typing import Any

import flatbuffers
from tensorflow.lite.python import schema_py_generated as schema

NAME = "aevb_tf"
_IDENTIFIER = b"TFL3"
_ALIGNMENT = 16  # as the schema wants the data of weights
_CODES = {
  value: name
  for name, value in vars(schema.BuiltinOperator).items()
  if not name.startswith("_")
}


def operators(content: bytes) -> dict[str, int]:
  """How often each operator occurs; those that are no builtins as `custom:NAME`.

  Args:
    content: A `.tflite` file.

  Raises:
    ValueError: It is not one, or is damaged.
  """
  model = _read(content)
  names = []
  for code in model.operatorCodes:
    number = max(code.builtinCode, code.deprecatedBuiltinCode)
    custom = number == schema.BuiltinOperator.CUSTOM
    name = (code.customCode or b"").decode() if custom else _CODES[number]
    names.append(f"custom:{name}" if custom else name)
  used = (
    names[operator.opcodeIndex]
    for graph in model.subgraphs
    for operator in graph.operators or ()
  )
  return dict(sorted(collections.Counter(used).items()))


def signature_names(content: bytes) -> list[str]:
  """The names of the functions that a `.tflite` file answers."""
  return sorted(s.signatureKey.decode() for s in _read(content).signatureDefs or ())


def tensors(content: bytes) -> Iterator[tuple[str, str]]:
  """The name and the type (`FLOAT32`, `INT8`, ...) of every tensor of every function."""
  kinds = {v: k for k, v in vars(schema.TensorType).items() if not k.startswith("_")}
  for graph in _read(content).subgraphs:
    for tensor in graph.tensors:
      yield (tensor.name or b"").decode(), kinds[tensor.type]


def with_metadata(content: bytes, told: dict[str, Any]) -> bytes:
  """Puts metadata into a `.tflite` file.

  Args:
    content: The file.
    told: What JSON can hold.

  Returns:
    The file with them.
  """
  model = _read(content)
  entry = schema.MetadataT()
  entry.name, entry.buffer = NAME, len(model.buffers)
  held = schema.BufferT()
  held.data = json.dumps(told, indent=1, sort_keys=True).encode()
  model.buffers.append(held)
  model.metadata = [*(model.metadata or ()), entry]
  # The generated classes would pack data without their alignment.
  model.buffers = [_Aligned(buffer.data) for buffer in model.buffers]
  builder = flatbuffers.Builder(len(content))
  builder.Finish(model.Pack(builder), _IDENTIFIER)
  return bytes(builder.Output())


def metadata(content: bytes) -> dict[str, Any] | None:
  """The metadata that `with_metadata` put in, or None where there are none."""
  model = _read(content)
  for entry in model.metadata or ():
    if entry.name == NAME.encode():
      return json.loads(bytes(model.buffers[entry.buffer].data))
  return None


class _Aligned:
  """A buffer that packs its data at a multiple of 16 bytes."""

  def __init__(self, data):
    self._data = None if data is None else bytes(data)

  def Pack(self, builder):
    if self._data is not None:
      builder.StartVector(1, len(self._data), _ALIGNMENT)
      builder.head -= len(self._data)
      builder.Bytes[builder.head : builder.head + len(self._data)] = self._data
      data = builder.EndVector()
    schema.BufferStart(builder)
    if self._data is not None:
      schema.BufferAddData(builder, data)
    return schema.BufferEnd(builder)


def _read(content: bytes) -> schema.ModelT:
  if content[4:8] != _IDENTIFIER:
    raise ValueError("it is no TFLite file: its identifier is missing")
  try:
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
  except (struct.error, ValueError, IndexError, TypeError) as error:
    raise ValueError("it is a TFLite file that is damaged or cut off") from error
