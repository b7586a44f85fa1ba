"""Quantization of `.tflite` files: the storage of their numbers, and its cost.

    none     float32
    float16  weights stored as float16, computing in float32; half the size
    dynamic  weights as int8, their inputs quantized at run time; a quarter of the size
    int8     layers of the networks in int8, weights and activations, with ranges that
             are measured on representative data

In every kind the noise and the densities stay in float32. A seed gives the same z in
all of them, and a bound is a sum of many numbers, for which eight bits are too few: the
converter's own full int8 also quantizes the noise, which ruins `sample`.

A quantized file is judged by how far it is from the model, in nats of the bound and in
pixels.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from tensorflow.lite.python import convert

from aevb_tf import random
from aevb_tf.export import conversion, flatbuffer, runtimes
from aevb_tf.export.config import QuantizationKind
from aevb_tf.export.examples import Taken
from aevb_tf.export.frozen import ConcreteFunction, operators
from aevb_tf.random import Purpose

# Operators between layers; all others stay in float under int8.
_BETWEEN = ("TANH", "RELU", "RELU6", "LEAKY_RELU", "RESHAPE", "PAD")
# Of the representative data, and the size of a batch where it is dynamic.
_BATCHES, _BATCH_SIZE = 10, 20
NUM_REPRESENTATIVE = _BATCHES * _BATCH_SIZE
NUM_EXAMPLES = 1000  # that a file is judged on
_JUDGED_BATCH_SIZE = 100
_SEED = 0


def quantize(
  kind: QuantizationKind,
  folder: str | os.PathLike,
  functions: Mapping[str, ConcreteFunction],
  representative: Mapping[str, np.ndarray] | None = None,
  fixed: bool = False,
) -> tuple["Converted", dict[str, str]]:
  """Converts a SavedModel to a quantized `.tflite` file.

  Args:
    kind: One of `config.QUANTIZATION_KINDS`.
    folder: The SavedModel.
    functions: Its signatures: name to concrete function.
    representative: `x`, `z`, and `condition` if the model has one, `[n, ...]`, for int8.
    fixed: Whether the batch size is fixed.

  Returns:
    What was `Converted`, and the reason for each signature that was left out.
  """
  settings: dict[str, Callable] = {
    "dynamic": _set_dynamic,
    "int8": lambda converter, names: _set_calibration(
      converter, {name: functions[name] for name in names}, representative
    ),
  }
  loops = _loops(functions) if kind == "int8" and fixed else {}
  functions = {name: f for name, f in functions.items() if name not in loops}
  content, left_out = conversion.convert(
    folder, functions, settings.get(kind, lambda converter, names: None)
  )
  return Converted(kind, content), left_out | loops


def _loops(functions):
  """The error for functions with a loop, whose calibration would crash the process."""
  return {
    name: "the converter cannot measure ranges in a loop of fixed shapes"
    for name, function in functions.items()
    if {"While", "StatelessWhile"} & operators(function)
  }


class Converted:
  """A converted model, from which quantized files can be made.

  Args:
    kind: One of `config.QUANTIZATION_KINDS`.
    content: What the converter returned; for int8 the float file with measured ranges.
  """

  def __init__(self, kind: QuantizationKind, content: bytes):
    self.kind, self._content = kind, content

  def file(self, float_layer: str | None = None) -> bytes:
    """The quantized file.

    Args:
      float_layer: A layer to leave in float, one of `layers()`; for int8 only.
    """
    if self.kind == "float16":
      return conversion.halve_weights(self._content)
    if self.kind != "int8":
      return self._content
    return convert.mlir_quantize(
      self._content,
      denylisted_ops=[
        name
        for name in flatbuffer.operators(self._content)
        if name not in flatbuffer.LAYERS + _BETWEEN
      ],
      denylisted_nodes=[float_layer] if float_layer else [],
    )

  def layers(self, signature: str) -> list[str]:
    """The names of the layers that a signature computes in int8."""
    return flatbuffer.layer_names(self._content, signature)


def _set_dynamic(converter, names):
  converter.optimizations = [tf.lite.Optimize.DEFAULT]


def _set_calibration(converter, functions, representative):
  """Lets the converter measure ranges; `Converted.file` quantizes."""
  converter.optimizations = [tf.lite.Optimize.DEFAULT]
  converter.representative_dataset = lambda: _requests(functions, representative)
  # Its own quantization has no option for what must stay in float.
  converter._experimental_calibrate_only = True


def _requests(functions, representative) -> Iterator[tuple[str, dict]]:
  """Requests to every signature, as the converter takes them."""
  for i in range(_BATCHES):
    for name, function in functions.items():
      specs = function.structured_input_signature[0]
      yield name, {spec.name: _value(spec, i, representative) for spec in specs}


def _value(spec, i, representative):
  if spec.name == "seed":
    return np.asarray(random.derive(0, Purpose.CHECK, i))
  if spec.name in representative:
    size = spec.shape[0] or _BATCH_SIZE
    rows = range(i * size, (i + 1) * size)
    return np.take(representative[spec.name], rows, axis=0, mode="wrap")
  return np.int32(_BATCH_SIZE)  # `num` or `first`


class Change(NamedTuple):
  """How the answers of a file differ from the model's, on the examples it is judged on.

  Attributes:
    nats: Change of the bound, mean over the examples; below 0 is worse.
    reconstruction: Mean absolute change of a pixel of the reconstruction; None where
      the file has no `reconstruct`.
    num_examples: The number of examples.
  """

  nats: float
  reconstruction: float | None
  num_examples: int


def judge(
  converted: Converted,
  content: bytes,
  functions: Mapping[str, ConcreteFunction],
  data: Taken,
  max_nats: float,
) -> dict[str, Any]:
  """Raises an error for a file that changes the bound too much.

  Args:
    converted: What the file was made from.
    content: The file.
    functions: Name to concrete function, float32; `elbo` among them.
    data: The examples; cut to a whole number of the file's batches.
    max_nats: How much the mean bound may change, either way.

  Returns:
    The change, as JSON can represent it.

  Raises:
    RuntimeFailed: LiteRT is not installed, or cannot run the file.
    ValueError: The bound changed more.
  """
  change = _change(content, functions, data)
  if not abs(change.nats) <= max_nats:  # NaN is too much as well
    raise ValueError(
      f"quantize={converted.kind!r} moves the bound by {change.nats:+.2f} nats on "
      f"{change.num_examples} examples, more than max_nats={max_nats:g}"
      f"{_worst_layer(converted, functions, data)}. Nothing was written."
    )
  return {"max_nats": max_nats, **change._asdict()}


def _worst_layer(converted, functions, data):
  """The layer without which the bound changes least, as the end of a sentence."""
  if converted.kind != "int8":
    return ""
  few = Taken(**data.inputs(slice(_JUDGED_BATCH_SIZE)))
  whole = abs(_change(converted.file(), functions, few).nats)
  remaining = {
    layer: abs(_change(converted.file(layer), functions, few).nats)
    for layer in converted.layers("elbo")
  }
  layer = min(remaining, key=lambda layer: np.nan_to_num(remaining[layer], nan=np.inf))
  name = layer.split(";")[0].rsplit("/", 1)[0]
  return (
    f"; most is lost in {name}: with it in float, {remaining[layer]:.2f} of {whole:.2f} "
    f"nats remain on {few.num} examples"
  )


def _change(content, functions, data):
  """Compares a file with the functions that it was made from, with the same noise."""
  calls = _judged_calls(functions, data)
  with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "judged.tflite")
    with open(path, "wb") as file:
      file.write(content)
    answers = runtimes.run("litert", path, calls)
  nats, reconstruction = [], []
  for call, answer in zip(calls, answers, strict=True):
    inputs = {name: tf.constant(value) for name, value in call.inputs.items()}
    exact = functions[call.signature](**inputs)
    if call.signature == "elbo":
      nats.append(answer.outputs["elbo"] - exact["elbo"].numpy())
    else:
      difference = answer.outputs["x_mean"] - exact["x_mean"].numpy()
      reconstruction.append(np.mean(np.abs(difference)))
  return Change(
    float(np.mean(nats)),
    float(np.mean(reconstruction)) if reconstruction else None,
    sum(map(len, nats)),
  )


def _judged_calls(functions, data):
  num = data.num
  size = functions["elbo"].inputs[0].shape[0] or min(_JUDGED_BATCH_SIZE, num)
  rows = np.arange(max(num, size)) % num  # repeated up to one batch
  batches = [
    data.inputs(rows[i : i + size]) for i in range(0, len(rows) - size + 1, size)
  ]
  calls = [
    runtimes.Call(
      "elbo", {**batch, "seed": np.asarray(random.derive(_SEED, Purpose.CHECK, i))}
    )
    for i, batch in enumerate(batches)
  ]
  if "reconstruct" in functions:
    calls += [runtimes.Call("reconstruct", batch) for batch in batches]
  return calls
