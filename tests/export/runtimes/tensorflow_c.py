"""Runs calls in TensorFlow's C API: C++ loads the SavedModel and runs it.

It is the loader that servers and other languages use. A script, as
`export/runtimes/process.py` is one: the library comes from TensorFlow's wheel, but none
of its Python is imported.
"""

import ctypes
import importlib.util
import os
import pathlib
import sys

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_ROOT = pathlib.Path(__file__).parents[3]
sys.path.insert(0, str(_ROOT / "export" / "runtimes"))
import process  # noqa: E402

_DTYPES = {1: np.float32, 3: np.int32}  # TF_FLOAT, TF_INT32
_STRING, _STRING_SIZE = 7, 24  # TF_STRING, bytes of a TF_TString


class _Output(ctypes.Structure):
  _fields_ = [("operation", ctypes.c_void_p), ("index", ctypes.c_int)]


class _Buffer(ctypes.Structure):
  _fields_ = [
    ("data", ctypes.c_void_p),
    ("length", ctypes.c_size_t),
    ("free", ctypes.c_void_p),
  ]


class Loaded:
  """A SavedModel in a session of the C API.

  Args:
    folder: The SavedModel.

  Raises:
    RuntimeError: It cannot be loaded; the message is TensorFlow's.
  """

  def __init__(self, folder: str):
    self._c = _library()
    self._status = self._c.TF_NewStatus()
    self._graph = self._c.TF_NewGraph()
    meta_graph = self._c.TF_NewBuffer()
    self._session = self._c.TF_LoadSessionFromSavedModel(
      ctypes.c_void_p(self._c.TF_NewSessionOptions()),
      None,
      os.fsencode(folder),
      (ctypes.c_char_p * 1)(b"serve"),
      1,
      ctypes.c_void_p(self._graph),
      ctypes.c_void_p(meta_graph),
      ctypes.c_void_p(self._status),
    )
    self._check()
    buffer = _Buffer.from_address(meta_graph)
    self._signatures = _signatures(ctypes.string_at(buffer.data, buffer.length))

  def run(self, signature: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Answers one request.

    Args:
      signature: Its name.
      inputs: Arrays by name.

    Returns:
      Outputs by name.

    Raises:
      RuntimeError: TensorFlow refused it.
    """
    feeds, fetches = self._signatures[signature]
    fed = [self._output(feeds[name]) for name in inputs]
    values = [self._tensor(value) for value in inputs.values()]
    fetched = [self._output(name) for name in fetches.values()]
    results = (ctypes.c_void_p * len(fetched))()
    self._c.TF_SessionRun(
      ctypes.c_void_p(self._session),
      None,
      (_Output * len(fed))(*fed),
      (ctypes.c_void_p * len(values))(*values),
      len(fed),
      (_Output * len(fetched))(*fetched),
      results,
      len(fetched),
      None,
      0,
      None,
      ctypes.c_void_p(self._status),
    )
    for value in values:
      self._c.TF_DeleteTensor(ctypes.c_void_p(value))
    self._check()
    return dict(zip(fetches, map(self._array, results), strict=True))

  def _output(self, name):
    operation, index = name.rsplit(":", 1)
    pointer = self._c.TF_GraphOperationByName(
      ctypes.c_void_p(self._graph), operation.encode()
    )
    return _Output(pointer, int(index))

  def _tensor(self, value):
    value = np.asarray(value, order="C")
    if value.dtype.kind == "S":
      return self._strings(value)
    (kind,) = (number for number, dtype in _DTYPES.items() if dtype == value.dtype)
    dims = (ctypes.c_int64 * value.ndim)(*value.shape)
    tensor = self._c.TF_AllocateTensor(
      kind, dims, value.ndim, ctypes.c_size_t(value.nbytes)
    )
    data = self._c.TF_TensorData(ctypes.c_void_p(tensor))
    ctypes.memmove(data, value.ctypes.data, value.nbytes)
    return tensor

  def _strings(self, value):
    dims = (ctypes.c_int64 * value.ndim)(*value.shape)
    size = ctypes.c_size_t(_STRING_SIZE * value.size)
    tensor = self._c.TF_AllocateTensor(_STRING, dims, value.ndim, size)
    data = self._c.TF_TensorData(ctypes.c_void_p(tensor))
    for i, string in enumerate(value.ravel().tolist()):
      place = ctypes.c_void_p(data + _STRING_SIZE * i)
      self._c.TF_StringInit(place)
      self._c.TF_StringCopy(place, string, ctypes.c_size_t(len(string)))
    return tensor

  def _array(self, tensor):
    handle = ctypes.c_void_p(tensor)
    kind = self._c.TF_TensorType(handle)
    shape = [self._c.TF_Dim(handle, i) for i in range(self._c.TF_NumDims(handle))]
    if kind == _STRING:
      return self._read_strings(handle, shape)
    dtype = _DTYPES[kind]
    size = self._c.TF_TensorByteSize(handle)
    content = ctypes.string_at(self._c.TF_TensorData(handle), size)
    self._c.TF_DeleteTensor(handle)
    return np.frombuffer(content, dtype).reshape(shape)

  def _read_strings(self, handle, shape):
    data = self._c.TF_TensorData(handle)
    strings = np.empty(shape, object)
    for i in range(strings.size):
      place = ctypes.c_void_p(data + _STRING_SIZE * i)
      strings.flat[i] = ctypes.string_at(
        self._c.TF_StringGetDataPointer(place), self._c.TF_StringGetSize(place)
      )
    self._c.TF_DeleteTensor(handle)
    return strings

  def _check(self):
    status = ctypes.c_void_p(self._status)
    if self._c.TF_GetCode(status) != 0:
      raise RuntimeError(" ".join(self._c.TF_Message(status).decode().split()))


def _library() -> ctypes.CDLL:
  (folder,) = importlib.util.find_spec("tensorflow").submodule_search_locations
  library = ctypes.CDLL(os.path.join(folder, "libtensorflow_cc.so.2"))
  pointers = "NewStatus NewGraph NewBuffer NewSessionOptions LoadSessionFromSavedModel"
  pointers += " GraphOperationByName AllocateTensor TensorData StringGetDataPointer"
  for name in pointers.split():
    getattr(library, f"TF_{name}").restype = ctypes.c_void_p
  library.TF_Message.restype = ctypes.c_char_p
  library.TF_Dim.restype = ctypes.c_int64
  library.TF_TensorByteSize.restype = library.TF_StringGetSize.restype = ctypes.c_size_t
  return library


# What is needed of TensorFlow's `MetaGraphDef`: its own classes would import TensorFlow.
# A map is a repeated message of a key and a value.
_MESSAGES = {
  "Tensor": {"name": (1, "")},
  "NamedTensor": {"key": (1, ""), "value": (2, "Tensor")},
  "Signature": {"inputs": (1, "NamedTensor*"), "outputs": (2, "NamedTensor*")},
  "NamedSignature": {"key": (1, ""), "value": (2, "Signature")},
  "MetaGraph": {"signatures": (5, "NamedSignature*")},
}


def _signatures(meta_graph: bytes) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
  """Name of each signature to the tensors' names of its inputs and outputs."""
  file = descriptor_pb2.FileDescriptorProto(name="signatures.proto", package="c")
  for message, fields in _MESSAGES.items():
    entry = file.message_type.add(name=message)
    for name, (number, kind) in fields.items():
      field = entry.field.add(name=name, number=number)
      field.label = field.LABEL_REPEATED if "*" in kind else field.LABEL_OPTIONAL
      field.type = field.TYPE_MESSAGE if kind else field.TYPE_STRING
      if kind:
        field.type_name = f".c.{kind.rstrip('*')}"
  pool = descriptor_pool.DescriptorPool()
  pool.Add(file)
  message_class = message_factory.GetMessageClass(
    pool.FindMessageTypeByName("c.MetaGraph")
  )

  def names(tensors):
    return {tensor.key: tensor.value.name for tensor in tensors}

  return {
    signature.key: (names(signature.value.inputs), names(signature.value.outputs))
    for signature in message_class.FromString(meta_graph).signatures
  }


def main(runtime: str, artifact: str, *arguments: str) -> None:
  """Loads a SavedModel and answers a file of calls; see `process.answer`."""
  process.answer(Loaded(artifact).run, *arguments)


if __name__ == "__main__":
  main(*sys.argv[1:])
