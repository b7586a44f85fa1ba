"""The content of TFLite files: operators, metadata, and compact packing.

A `.tflite` file is a FlatBuffer: operators and tensors of each function, and buffers
with the weights. Ours has one more buffer, JSON under the name `aevb_tf`; a reader that
does not know it ignores it.

The functions of one model are many small operators on few kinds of tensors. The schema's
own classes write a table for each of them, which takes more space than the weights of a
small quantized model: a file of 93 kB would have 175 kB. In `pack`

* equal tables and vectors are written once, and referenced where they are used;
* tensors without data share the one empty buffer that the format has for them;
* only inputs and outputs keep their names;
* data of weights begin at multiples of 16 bytes, as the schema requires and its classes
  do not ensure.

No library replaces this. `ai_edge_litert.tools.flatbuffer_utils` writes files with the
schema's classes, as large as these make them, and the package `tflite` only reads. The
schema is the private one of TensorFlow, not the equal one of `ai_edge_litert`, because
it belongs to the converter that wrote the file, both fixed by TensorFlow's pinned
version. A schema of another version would drop the fields that it does not know when
the file is packed again. It is also there without the extra `tflite`, which someone who
exports or verifies a SavedModel does not need.
"""

import collections
import json
import struct
from typing import Any

import flatbuffers
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

METADATA_NAME = "aevb_tf"
# The operators that layers of networks become.
LAYERS = ("FULLY_CONNECTED", "CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV")
BUILTINS = {name for name in vars(schema.BuiltinOperator) if not name.startswith("_")}
_BUILTIN_NAMES = {getattr(schema.BuiltinOperator, name): name for name in BUILTINS}
_IDENTIFIER = b"TFL3"
_ALIGNMENT = 16


def operators(content: bytes) -> dict[str, int]:
  """How often each operator occurs; one that is not a builtin as `custom:NAME`.

  Args:
    content: A `.tflite` file.

  Raises:
    ValueError: It is not one, or is damaged.
  """
  model = read(content)
  names = _operator_names(model)
  used = (
    names[operator.opcodeIndex]
    for graph in model.subgraphs
    for operator in graph.operators or ()
  )
  return dict(sorted(collections.Counter(used).items()))


def _operator_names(model):
  names = []
  for code in model.operatorCodes:
    number = max(code.builtinCode, code.deprecatedBuiltinCode)
    if number == schema.BuiltinOperator.CUSTOM:
      names.append(f"custom:{(code.customCode or b'').decode()}")
    else:
      names.append(_BUILTIN_NAMES[number])
  return names


def signature_names(content: bytes) -> list[str]:
  """The names of the signatures of a `.tflite` file."""
  return sorted(s.signatureKey.decode() for s in read(content).signatureDefs or ())


def layer_names(content: bytes, signature: str) -> list[str]:
  """The names of the outputs of layers, in one function.

  Args:
    content: A `.tflite` file as the converter writes it, with names.
    signature: The function.
  """
  model = read(content)
  (index,) = (
    s.subgraphIndex for s in model.signatureDefs if s.signatureKey.decode() == signature
  )
  outputs = _layer_outputs(model, [model.subgraphs[index]])
  return [tensor.name.decode() for tensor in outputs]


def layer_types(content: bytes) -> set[str]:
  """The types, `FLOAT32` or `INT8`, of the outputs of layers."""
  names = {v: k for k, v in vars(schema.TensorType).items() if not k.startswith("_")}
  model = read(content)
  return {names[tensor.type] for tensor in _layer_outputs(model, model.subgraphs)}


def _layer_outputs(model, graphs):
  names = _operator_names(model)
  return [
    graph.tensors[operator.outputs[0]]
    for graph in graphs
    for operator in graph.operators or ()
    if names[operator.opcodeIndex] in LAYERS
  ]


def has_empty_constants(content: bytes) -> bool:
  """Whether an operator has an input that is an empty float constant."""
  return any(
    _is_empty_constant(graph, index)
    for graph in read(content).subgraphs
    for operator in graph.operators or ()
    for index in operator.inputs
    if index >= 0
  )


def _is_empty_constant(graph, index):
  tensor = graph.tensors[index]
  if tensor.type != schema.TensorType.FLOAT32 or tensor.shape is None:
    return False
  if 0 not in list(tensor.shape) or index in list(graph.inputs):
    return False
  return not any(index in list(op.outputs) for op in graph.operators)


def with_metadata(content: bytes, values: dict[str, Any]) -> bytes:
  """Adds metadata to a `.tflite` file, and packs it again.

  Args:
    content: The file.
    values: What JSON can represent.

  Returns:
    The file with them.
  """
  model = read(content)
  entry = schema.MetadataT()
  entry.name, entry.buffer = METADATA_NAME, len(model.buffers)
  buffer = schema.BufferT()
  buffer.data = json.dumps(values, indent=1, sort_keys=True).encode()
  model.buffers.append(buffer)
  model.metadata = [*(model.metadata or ()), entry]
  return pack(model)


def metadata(content: bytes) -> dict[str, Any] | None:
  """The metadata that `with_metadata` added, or None."""
  model = read(content)
  for entry in model.metadata or ():
    if entry.name == METADATA_NAME.encode():
      return json.loads(bytes(model.buffers[entry.buffer].data))
  return None


def read(content: bytes) -> schema.ModelT:
  """A `.tflite` file as objects.

  Raises:
    ValueError: It is not one, or is damaged.
  """
  if content[4:8] != _IDENTIFIER:
    raise ValueError("it is not a TFLite file: its identifier is missing")
  try:
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
  except (struct.error, ValueError, IndexError, TypeError) as error:
    raise ValueError("it is a TFLite file that is damaged or cut off") from error


def pack(model: schema.ModelT) -> bytes:
  """The content of a `.tflite` file.

  Args:
    model: The file as objects; changed in place.
  """
  _share_empty_buffers(model)
  shared: dict = {}
  for graph in model.subgraphs:
    named = {*map(int, graph.inputs), *map(int, graph.outputs)}
    for i, tensor in enumerate(graph.tensors):
      tensor.name = tensor.name if i in named else None
      tensor.quantization = _share(tensor.quantization, shared)
    graph.tensors = [_share(tensor, shared) for tensor in graph.tensors]
    for operator in graph.operators or ():
      operator.builtinOptions = _share(operator.builtinOptions, shared)
  model.buffers = [_AlignedBuffer(buffer.data) for buffer in model.buffers]
  builder = _Builder(1024)
  builder.Finish(model.Pack(builder), _IDENTIFIER)
  return bytes(builder.Output())


def _share_empty_buffers(model):
  kept = [
    i
    for i, buffer in enumerate(model.buffers)
    if i == 0 or (buffer.data is not None and len(buffer.data) > 0)
  ]
  new_index = {old: new for new, old in enumerate(kept)}
  tensors = (tensor for graph in model.subgraphs for tensor in graph.tensors)
  for entry in (*tensors, *(model.metadata or ())):
    entry.buffer = new_index.get(entry.buffer, 0)
  model.buffers = [model.buffers[i] for i in kept]


def _share(table, shared):
  """The first table with the same content, as a `_SharedTable`."""
  if table is None:
    return None
  new = _SharedTable(table)
  return shared.setdefault(new.key, new)


class _SharedTable:
  """A table that is packed once for all that reference it."""

  def __init__(self, table):
    self._table, self._offset = table, None
    self.key = _table_key(table)

  def Pack(self, builder):
    if self._offset is None:
      self._offset = self._table.Pack(builder)
    return self._offset


def _table_key(table):
  return (type(table).__name__, *map(_key, vars(table).values()))


def _key(value):
  """A hashable key that is the same for equal values."""
  if isinstance(value, _SharedTable):
    return value.key
  if isinstance(value, np.ndarray):
    return (value.dtype.str, value.tobytes())
  if isinstance(value, list):
    return tuple(map(_key, value))
  return _table_key(value) if hasattr(value, "Pack") else value


class _Builder(flatbuffers.Builder):
  """Writes equal vectors and strings once."""

  def __init__(self, size):
    super().__init__(size)
    self._written = {}

  def CreateNumpyVector(self, x):
    key = _key(x)
    if key not in self._written:
      self._written[key] = super().CreateNumpyVector(x)
    return self._written[key]

  def CreateString(self, s, encoding="utf-8", errors="strict"):
    if s not in self._written:
      self._written[s] = super().CreateString(s, encoding, errors)
    return self._written[s]


class _AlignedBuffer:
  """A buffer whose data are packed at a multiple of 16 bytes."""

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
