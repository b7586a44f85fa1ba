"""Verifies an export: every artifact, in its own runtime, against the model's answers.

A difference is `|artifact - model| / max(1, |model|)`, at its largest over all numbers
of an output; for quantized files, which are another model, its mean. The draws `z` of
`sample` are the same in all files: their noise is in float32 everywhere. Images in PNG
files are compared by their pixels, which may be off by a level.
"""

import os
import pathlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from aevb_tf.export import flatbuffer, manifest, png, reference, runtimes
from aevb_tf.export.client import images
from aevb_tf.export.signatures import DEFAULT

_NOISE, LEVEL = 1e-6, 1.01 / 255
_TOLERANCES = {"none": 5e-5, "float16": 5e-3, "dynamic": 0.1, "int8": 0.2}
_SERVING_DEFAULT = "serving_default"


class Difference(NamedTuple):
  """How far one artifact in one runtime is from the model, at one signature."""

  artifact: str
  runtime: str
  signature: str
  difference: float
  tolerance: float

  @property
  def within(self) -> bool:
    """Whether it is as near as it has to be; NaN is not."""
    return self.difference <= self.tolerance


class Report(NamedTuple):
  """What a verification found.

  Attributes:
    manifest: Of the export.
    differences: Of all that could be run.
    breaches: What is wrong, each one line; empty where all is well.
    skipped: What could not be run, for want of a browser: artifact, runtime and reason.
  """

  manifest: dict[str, Any]
  differences: list[Difference]
  breaches: list[str]
  skipped: Sequence[tuple[str, str, str]] = ()


def verify(folder: str | os.PathLike) -> Report:
  """Verifies an export.

  Args:
    folder: What `aevb-export` wrote.

  Returns:
    A `Report`.

  Raises:
    NoExport: The folder is no export.
  """
  folder = pathlib.Path(folder)
  told = manifest.read(folder)
  faults = manifest.faults(folder, told)
  for path in {path for artifact in told["artifacts"] for path in artifact["changing"]}:
    if path in faults and _says_what_is_there(folder / path):
      del faults[path]
  breaches = [f"{path}: {fault}" for path, fault in faults.items()]
  differences: list[Difference] = []
  skipped: list[tuple[str, str, str]] = []
  if reference.FILE in faults:
    return Report(told, differences, breaches)
  try:
    cases = reference.load(folder / reference.FILE)
  except ValueError as error:
    return Report(told, differences, [*breaches, str(error)])
  for artifact in told["artifacts"]:
    path = artifact["path"]
    if any(f"{name}/".startswith(f"{path}/") for name in faults):
      continue  # it was named above, and is not worth running
    breaches += _foreign_operators(folder / path)
    for runtime in artifact["runtimes"]:
      try:
        differences += _compare(folder, artifact, runtime, cases)
      except runtimes.RuntimeAbsent as error:
        skipped.append((path, runtime, str(error)))
      except runtimes.RuntimeFailed as error:
        breaches.append(f"{path}: {runtime} cannot run it: {error}")
  breaches += [
    f"{d.artifact}: {d.signature} in {d.runtime} is off by {d.difference:.2g}, more than"
    f" {d.tolerance:.2g}"
    for d in differences
    if not d.within
  ]
  return Report(told, differences, breaches, skipped)


def _says_what_is_there(path):
  """Whether a `models.config` that is not as it was written is as good."""
  try:
    from aevb_tf.export.serving import labels

    labels.check(path.parent)
  except (ImportError, ValueError):
    return False
  return path.is_file()


def _foreign_operators(path):
  if path.suffix != ".tflite":
    return []
  try:
    used = flatbuffer.operators(path.read_bytes())
  except ValueError as error:
    return [f"{path.name}: {error}"]
  custom = [name for name in used if name.startswith("custom:")]
  return [f"{path.name}: uses {name}, which is no builtin" for name in custom]


def _compare(folder, artifact, runtime, cases):
  left_out = artifact["told"].get("left_out", {})
  cases = [
    reference.for_batch(case, artifact["batch_size"])
    for case in cases
    if case.signature not in left_out
  ]
  if not runtime.startswith("tensorflow"):
    cases = [case for case in cases if case.signature not in png.NAMES]
  else:
    cases += [
      case._replace(signature=_SERVING_DEFAULT)
      for case in cases
      if case.signature == DEFAULT
    ]
  calls = [runtimes.Call(case.signature, case.inputs) for case in cases]
  answers = runtimes.run(runtime, folder / artifact["path"], calls)
  found: dict[tuple[str, float], float] = {}
  for case, answer in zip(cases, answers, strict=True):
    for name, expected in case.outputs.items():
      noise = case.signature == "sample" and name == "z"
      tolerance = _NOISE if noise else _TOLERANCES[artifact["quantize"]]
      if expected.dtype.kind == "S":
        tolerance = LEVEL
      label = f"{case.signature}.z" if noise else case.signature
      told = answer.outputs.get(name)
      worst = _difference(told, expected, artifact["quantize"] == "none" or noise)
      key = (label, tolerance)
      found[key] = float(np.maximum(found.get(key, 0.0), worst))  # NaN stays
  return [
    Difference(artifact["path"], runtime, label, difference, tolerance)
    for (label, tolerance), difference in found.items()
  ]


def _difference(told, expected, largest):
  if told is None or told.dtype.kind != expected.dtype.kind:
    return np.nan
  if told.dtype.kind == "S":
    try:
      told, expected = images.decode(told), images.decode(expected)
    except ValueError:
      return np.nan
  told = told[: len(expected)]
  if told.shape != expected.shape:
    return np.nan
  off = np.abs(told - expected) / np.maximum(1.0, np.abs(expected))
  return np.max(off) if largest else np.mean(off)
