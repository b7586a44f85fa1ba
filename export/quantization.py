"""Smaller `.tflite` files: how their numbers are stored, and what is computed in int8.

    none     float32
    float16  weights stored as float16, computing in float32; half the size
    dynamic  weights as int8, their inputs quantized on the fly; a quarter of the size
    int8     layers of the networks in int8, weights and activations, with ranges that
             are measured on representative data

In every kind the noise and the densities stay in float32. A seed gives the same z in
all of them, and a bound is a sum of many numbers that eight bits do not hold: the
converter's own full int8 quantizes the noise, too, which ruins `sample`.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.lite.python import convert

from aevb_tf import random
from aevb_tf.export import conversion, flatbuffer, half, packing
from aevb_tf.export.frozen import operators
from aevb_tf.random import Purpose
from aevb_tf.training import quietly

KINDS = ("none", "float16", "dynamic", "int8")
# What lies between layers; all else stays in float under int8.
_BETWEEN = ("TANH", "RELU", "RELU6", "LEAKY_RELU", "RESHAPE", "PAD")
# Of the representative data, and the size of a batch where it is dynamic.
_BATCHES, _BATCH_SIZE = 10, 20
NUM_REPRESENTATIVE = _BATCHES * _BATCH_SIZE


def convert_to(
  kind: str,
  folder: str | os.PathLike,
  functions: Mapping[str, Any],
  representative: Mapping[str, np.ndarray] | None = None,
  fixed: bool = False,
) -> tuple["Converted", dict[str, str]]:
  """Converts a SavedModel to a quantized `.tflite` file.

  Args:
    kind: One of `KINDS`.
    folder: The SavedModel.
    functions: Its signatures: name to concrete function.
    representative: `x` and `z`, float32 `[n, ...]`, for int8.
    fixed: Whether the batch is fixed.

  Returns:
    What was `Converted`, and the reason for each signature that was left out.
  """
  settings: dict[str, Callable] = {
    "dynamic": _dynamic,
    "int8": lambda converter, names: _calibrating(
      converter, {name: functions[name] for name in names}, representative
    ),
  }
  loops = _loops(functions) if kind == "int8" and fixed else {}
  functions = {name: f for name, f in functions.items() if name not in loops}
  content, left_out = conversion.convert_what_converts(
    folder, functions, settings.get(kind, lambda converter, names: None)
  )
  return Converted(kind, content), left_out | loops


def _loops(functions):
  """Why functions with a loop cannot be calibrated: its measuring ends the process."""
  return {
    name: "the converter cannot measure ranges in a loop of fixed shapes"
    for name, function in functions.items()
    if {"While", "StatelessWhile"} & operators(function)
  }


class Converted:
  """A converted model, of which quantized files can be made.

  Args:
    kind: One of `KINDS`.
    content: What the converter gave; for int8 the float file with measured ranges.
  """

  def __init__(self, kind: str, content: bytes):
    self.kind, self._content = kind, content

  def file(self, float_layer: str | None = None) -> bytes:
    """The quantized file.

    Args:
      float_layer: A layer to leave in float, one of `layers()`; int8 alone.
    """
    if self.kind == "float16":
      model = flatbuffer.read(self._content)
      half.halve(model)
      return packing.pack(model)
    if self.kind != "int8":
      return self._content
    used = flatbuffer.operators(self._content)
    with quietly.stderr_held():
      return convert.mlir_quantize(
        self._content,
        denylisted_ops=[
          name for name in used if name not in flatbuffer.LAYERS + _BETWEEN
        ],
        denylisted_nodes=[float_layer] if float_layer else [],
      )

  def layers(self, signature: str) -> list[str]:
    """The names of the layers that a signature computes in int8."""
    return flatbuffer.layers_of(self._content, signature)


def _dynamic(converter, names):
  converter.optimizations = [tf.lite.Optimize.DEFAULT]


def _calibrating(converter, functions, representative):
  """Lets the converter measure ranges, and leave the quantization to us."""
  converter.optimizations = [tf.lite.Optimize.DEFAULT]
  converter.representative_dataset = lambda: _requests(functions, representative)
  # Its own quantization takes no list of what has to stay in float.
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
