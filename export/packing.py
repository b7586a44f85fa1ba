"""TFLite files, written small: what is equal is there once, what is empty not at all.

The functions of one model are many small operators on few kinds of tensors. The
classes that come with the schema write a table for each of them, which is more than
the weights of a small quantized model. Here

* equal tables and vectors are written once, and named from where they are used;
* tensors without data share the one empty buffer that the format has for them;
* only inputs and outputs keep their names;
* data of weights begin at multiples of 16 bytes, as the schema wants and those classes
  forget.
"""

import flatbuffers
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

IDENTIFIER = b"TFL3"
_ALIGNMENT = 16


def pack(model: schema.ModelT) -> bytes:
  """The content of a `.tflite` file.

  Args:
    model: The file as objects; changed in place.

  Returns:
    Its bytes.
  """
  _share_empty_buffers(model)
  shared = {}
  for graph in model.subgraphs:
    ends = {*map(int, graph.inputs), *map(int, graph.outputs)}
    for i, tensor in enumerate(graph.tensors):
      tensor.name = tensor.name if i in ends else None
      tensor.quantization = _once(tensor.quantization, shared)
    graph.tensors = [_once(tensor, shared) for tensor in graph.tensors]
    for operator in graph.operators or ():
      operator.builtinOptions = _once(operator.builtinOptions, shared)
  model.buffers = [_Aligned(buffer.data) for buffer in model.buffers]
  builder = _Builder(1024)
  builder.Finish(model.Pack(builder), IDENTIFIER)
  return bytes(builder.Output())


def _share_empty_buffers(model):
  kept = [i for i, buffer in enumerate(model.buffers) if i == 0 or _holds(buffer)]
  place = {old: new for new, old in enumerate(kept)}
  tensors = (tensor for graph in model.subgraphs for tensor in graph.tensors)
  for entry in (*tensors, *(model.metadata or ())):
    entry.buffer = place.get(entry.buffer, 0)
  model.buffers = [model.buffers[i] for i in kept]


def _holds(buffer):
  return buffer.data is not None and len(buffer.data) > 0


def _once(table, shared):
  """The first table that holds the same, as one that packs itself once."""
  if table is None:
    return None
  once = _Once(table)
  return shared.setdefault(once.key, once)


class _Once:
  """A table that packs itself once for all that name it."""

  def __init__(self, table):
    self._table, self._at = table, None
    self.key = (type(table).__name__, *map(_hashable, vars(table).values()))

  def Pack(self, builder):
    if self._at is None:
      self._at = self._table.Pack(builder)
    return self._at


def _hashable(value):
  if isinstance(value, _Once):
    return value.key
  if isinstance(value, np.ndarray):
    return (value.dtype.str, value.tobytes())
  if isinstance(value, list):
    return tuple(map(_hashable, value))
  if hasattr(value, "Pack"):
    return (type(value).__name__, *map(_hashable, vars(value).values()))
  return value


class _Builder(flatbuffers.Builder):
  """Writes equal vectors and strings once."""

  def __init__(self, size):
    super().__init__(size)
    self._written = {}

  def CreateNumpyVector(self, x):
    key = _hashable(x)
    if key not in self._written:
      self._written[key] = super().CreateNumpyVector(x)
    return self._written[key]

  def CreateString(self, s, encoding="utf-8", errors="strict"):
    if s not in self._written:
      self._written[s] = super().CreateString(s, encoding, errors)
    return self._written[s]


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
