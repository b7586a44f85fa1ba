"""Runs calls in TensorFlow's C API: C++ loads the SavedModel and runs it.

A script: the library comes from TensorFlow's wheel, but none of its Python is imported.
"""

import ctypes
import importlib.util
import os
import sys
from collections.abc import Iterator
from typing import Any

import call_file
import numpy as np

_DTYPES = {1: np.float32, 3: np.int32}  # TF_FLOAT, TF_INT32
_STRING, _STRING_SIZE = 7, 24  # TF_STRING, bytes of a TF_TString
_SIGNATURES, _INPUTS, _OUTPUTS = 5, 1, 2  # numbers of fields in TensorFlow's protos


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
    held = _Buffer.from_address(meta_graph)
    self._signatures = _signatures(ctypes.string_at(held.data, held.length))

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
    found = self._c.TF_GraphOperationByName(
      ctypes.c_void_p(self._graph), operation.encode()
    )
    return _Output(found, int(index))

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
    found = np.empty(shape, object)
    for i in range(found.size):
      place = ctypes.c_void_p(data + _STRING_SIZE * i)
      found.flat[i] = ctypes.string_at(
        self._c.TF_StringGetDataPointer(place), self._c.TF_StringGetSize(place)
      )
    self._c.TF_DeleteTensor(handle)
    return found

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


# The signatures, read from the wire format of protocol buffers: TensorFlow's classes
# for them would import TensorFlow.


def _signatures(meta_graph: bytes) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
  """Name of each signature to the tensors' names of its inputs and outputs."""
  return {
    name: (dict(_tensors(definition, _INPUTS)), dict(_tensors(definition, _OUTPUTS)))
    for name, definition in _entries(meta_graph, _SIGNATURES)
  }


def _tensors(definition: bytes, field: int) -> Iterator[tuple[str, str]]:
  for name, info in _entries(definition, field):
    yield name, dict(_fields(info))[1].decode()


def _entries(message: bytes, field: int) -> Iterator[tuple[str, bytes]]:
  """The entries of a map from strings to messages."""
  for number, value in _fields(message):
    if number == field:
      entry = dict(_fields(value))
      yield entry[1].decode(), entry.get(2, b"")


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
  """The fields of a message: number, and an int or bytes."""
  at = 0
  while at < len(message):
    tag, at = _varint(message, at)
    if tag & 7 == 0:
      value, at = _varint(message, at)
    else:
      length, at = {1: (8, at), 5: (4, at)}.get(tag & 7) or _varint(message, at)
      value, at = message[at : at + length], at + length
    yield tag >> 3, value


def _varint(message: bytes, at: int) -> tuple[int, int]:
  value = shift = 0
  while True:
    byte = message[at]
    value, shift, at = value | (byte & 127) << shift, shift + 7, at + 1
    if byte < 128:
      return value, at


def main(artifact: str, *arguments: str) -> None:
  """Loads a SavedModel and answers a file of calls; see `call_file.answer`."""
  run = Loaded(artifact).run
  call_file.answer(run, *arguments, foreign={"tensorflow", "keras", "aevb_tf"})


if __name__ == "__main__":
  main(*sys.argv[1:])
