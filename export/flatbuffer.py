"""TFLite files from the inside: their operators, and metadata of our own.

A `.tflite` file is a FlatBuffer: operators and tensors of each function, and buffers
with the weights. Ours carries one more buffer, JSON under the name `aevb_tf`; any
reader that does not know it passes it by. See `packing.py` for how it is written.
"""

import collections
import json
import struct
from typing import Any

from tensorflow.lite.python import schema_py_generated as schema

from aevb_tf.export import packing

NAME = "aevb_tf"
# What the layers of networks are made of.
LAYERS = ("FULLY_CONNECTED", "CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV")
BUILTINS = {name for name in vars(schema.BuiltinOperator) if not name.startswith("_")}
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
    custom = number == schema.BuiltinOperator.CUSTOM
    name = (code.customCode or b"").decode() if custom else _CODES[number]
    names.append(f"custom:{name}" if custom else name)
  return names


def layers_of(content: bytes, signature: str) -> list[str]:
  """The names of what layers give, in one function.

  Args:
    content: A `.tflite` file as the converter writes it, with names.
    signature: The function.
  """
  model = read(content)
  names = _operator_names(model)
  (index,) = (
    s.subgraphIndex for s in model.signatureDefs if s.signatureKey.decode() == signature
  )
  graph = model.subgraphs[index]
  return [
    graph.tensors[operator.outputs[0]].name.decode()
    for operator in graph.operators
    if names[operator.opcodeIndex] in LAYERS
  ]


def signature_names(content: bytes) -> list[str]:
  """The names of the functions that a `.tflite` file answers."""
  return sorted(s.signatureKey.decode() for s in read(content).signatureDefs or ())


def layer_types(content: bytes) -> set[str]:
  """The types, `FLOAT32` or `INT8`, that fully connected layers and convolutions give."""
  kinds = {v: k for k, v in vars(schema.TensorType).items() if not k.startswith("_")}
  model = read(content)
  names = _operator_names(model)
  return {
    kinds[graph.tensors[operator.outputs[0]].type]
    for graph in model.subgraphs
    for operator in graph.operators or ()
    if names[operator.opcodeIndex] in LAYERS
  }


def holds_empty_constants(content: bytes) -> bool:
  """Whether an operator takes a float constant that has no numbers in it."""
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


def with_metadata(content: bytes, told: dict[str, Any]) -> bytes:
  """Puts metadata into a `.tflite` file, and packs it anew.

  Args:
    content: The file.
    told: What JSON can hold.

  Returns:
    The file with them.
  """
  model = read(content)
  entry = schema.MetadataT()
  entry.name, entry.buffer = NAME, len(model.buffers)
  held = schema.BufferT()
  held.data = json.dumps(told, indent=1, sort_keys=True).encode()
  model.buffers.append(held)
  model.metadata = [*(model.metadata or ()), entry]
  return packing.pack(model)


def metadata(content: bytes) -> dict[str, Any] | None:
  """The metadata that `with_metadata` put in, or None where there are none."""
  model = read(content)
  for entry in model.metadata or ():
    if entry.name == NAME.encode():
      return json.loads(bytes(model.buffers[entry.buffer].data))
  return None


def read(content: bytes) -> schema.ModelT:
  """A `.tflite` file as objects.

  Raises:
    ValueError: It is not one, or is damaged.
  """
  if content[4:8] != packing.IDENTIFIER:
    raise ValueError("it is no TFLite file: its identifier is missing")
  try:
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
  except (struct.error, ValueError, IndexError, TypeError) as error:
    raise ValueError("it is a TFLite file that is damaged or cut off") from error
