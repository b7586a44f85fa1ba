"""Verifies an export: every artifact, in its own runtime, against the model's answers.

`reference.npz` holds what the model answered at export to a few requests for every
signature, in float32: arrays `SIGNATURE/CASE/inputs/NAME` and `.../outputs/NAME`. With
it an export can be verified anywhere, and at any time.

A difference is `|artifact - model| / max(1, |model|)`, its maximum over all numbers
of an output; for quantized files, which are another model, its mean. Of the outputs of
`anomaly` in these only the score is compared: the others are steps of it. The draws `z` of
`sample` are the same in all files, unless p(z|c) is learned: their noise is in float32
everywhere. Images in PNG
files are compared by their pixels, which may differ by a level.
"""

import os
import pathlib
import zipfile
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from aevb_tf import random
from aevb_tf.export import examples, flatbuffer, manifest, png, runtimes
from aevb_tf.export.client import images
from aevb_tf.export.frozen import Frozen
from aevb_tf.export.report import Difference, Report
from aevb_tf.export.signatures import DEFAULT, Exportable, model_of

REFERENCE = "reference.npz"
# Examples, and two requests for samples; the longer one begins with the shorter one.
_NUM_EXAMPLES, _NUMS = 6, (3, 7)
_SEED = 20131220
_NOISE_TOLERANCE, LEVEL = 1e-6, 1.01 / 255
_TOLERANCES = {"none": 5e-5, "float16": 5e-3, "dynamic": 0.1, "int8": 0.2}
_SERVING_DEFAULT = "serving_default"
# Outputs that jump where the score crosses one of a normal example.
_STEPS = ("p_value", "is_anomaly")


class Case(NamedTuple):
  """A request and its answer."""

  signature: str
  inputs: dict[str, np.ndarray]
  outputs: dict[str, np.ndarray]


def verify(folder: str | os.PathLike) -> Report:
  """Verifies an export.

  Args:
    folder: What `aevb-export` wrote.

  Returns:
    A `Report`.

  Raises:
    NoExport: The folder is not an export.
  """
  folder = pathlib.Path(folder)
  content = manifest.read(folder)
  faults = manifest.faults(folder, content["files"])
  for artifact in content["artifacts"]:
    for path in artifact["changing"]:
      if path in faults and _labels_are_valid(folder / path):
        del faults[path]
  breaches = [f"{path}: {fault}" for path, fault in faults.items()]
  differences: list[Difference] = []
  skipped: list[tuple[str, str, str]] = []
  if REFERENCE in faults:
    return Report(content, differences, breaches)
  try:
    cases = load_cases(folder / REFERENCE)
  except ValueError as error:
    return Report(content, differences, [*breaches, str(error)])
  for artifact in content["artifacts"]:
    path = artifact["path"]
    if any(f"{name}/".startswith(f"{path}/") for name in faults):
      continue  # it is among the breaches already, and not worth running
    breaches += _custom_operators(folder / path)
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
  return Report(content, differences, breaches, skipped)


def _labels_are_valid(path):
  """Whether a `models.config` that changed since the export is valid."""
  try:
    from aevb_tf.export.serving import models_config

    models_config.check_labels(path.parent)
  except (ImportError, ValueError):
    return False
  return path.is_file()


def _custom_operators(path):
  if path.suffix != ".tflite":
    return []
  try:
    operators = flatbuffer.operators(path.read_bytes())
  except ValueError as error:
    return [f"{path.name}: {error}"]
  custom = [name for name in operators if name.startswith("custom:")]
  return [f"{path.name}: uses {name}, which is not a builtin" for name in custom]


def _compare(folder, artifact, runtime, cases):
  cases = _cases_for(artifact, runtime, cases)
  calls = [runtimes.Call(case.signature, case.inputs) for case in cases]
  answers = runtimes.run(runtime, folder / artifact["path"], calls)
  differences: dict[tuple[str, float], float] = {}
  for case, answer in zip(cases, answers, strict=True):
    for name, expected in case.outputs.items():
      if name in _STEPS and artifact["quantize"] != "none":
        continue
      # Given a condition, z may also depend on a network, that of p(z|c).
      is_noise = case.signature == "sample" and name == "z"
      is_noise &= "condition" not in case.inputs
      tolerance = _NOISE_TOLERANCE if is_noise else _TOLERANCES[artifact["quantize"]]
      if expected.dtype.kind == "S":
        tolerance = LEVEL
      key = (f"{case.signature}.z" if is_noise else case.signature, tolerance)
      by_maximum = artifact["quantize"] == "none" or is_noise
      difference = _difference(answer.outputs.get(name), expected, by_maximum)
      # `np.maximum` keeps NaN.
      differences[key] = float(np.maximum(differences.get(key, 0.0), difference))
  return [
    Difference(artifact["path"], runtime, label, difference, tolerance)
    for (label, tolerance), difference in differences.items()
  ]


def _cases_for(artifact, runtime, cases):
  """The cases that an artifact can answer in a runtime."""
  left_out = artifact["told"].get("left_out", {})
  cases = [
    _with_batch_size(case, artifact["batch_size"])
    for case in cases
    if case.signature not in left_out
  ]
  if not runtime.startswith("tensorflow"):
    return [case for case in cases if case.signature not in png.NAMES]
  return cases + [
    case._replace(signature=_SERVING_DEFAULT)
    for case in cases
    if case.signature == DEFAULT
  ]


def _with_batch_size(case, batch_size):
  """The case in a form for a file with a fixed batch.

  Row i of every answer depends on row i of the inputs and on (seed, i) alone: a smaller
  batch is the beginning of this one, and the other rows of a larger batch are compared
  with nothing.
  """
  if batch_size is None:
    return case
  inputs = dict(case.inputs)
  if inputs.pop("num", None) is not None:
    inputs["first"] = np.int32(0)
  for name in {"x", "z", "condition"} & set(inputs):
    inputs[name] = np.resize(inputs[name], (batch_size, *inputs[name].shape[1:]))
  outputs = {name: value[:batch_size] for name, value in case.outputs.items()}
  return Case(case.signature, inputs, outputs)


def _difference(actual, expected, by_maximum):
  if actual is None or actual.dtype.kind != expected.dtype.kind:
    return np.nan
  if actual.dtype.kind == "S":
    try:
      actual, expected = images.decode(actual), images.decode(expected)
    except ValueError:
      return np.nan
  actual = actual[: len(expected)]
  if actual.shape != expected.shape:
    return np.nan
  differences = np.abs(actual - expected) / np.maximum(1.0, np.abs(expected))
  return np.max(differences) if by_maximum else np.mean(differences)


def answer_cases(
  vae: Exportable, max_samples: int, num_importance_samples: int
) -> list[Case]:
  """Cases for examples that the model draws, which are in its likelihood's support.

  Args:
    vae: The model, or the detector.
    max_samples: As exported.
    num_importance_samples: As exported.

  Returns:
    The cases, one or two for each signature.
  """
  with tf.device("CPU"):  # accelerators round products to fewer bits
    signatures = png.build(vae, max_samples, num_importance_samples)
    return _answer_cases(vae, signatures, max_samples)


def _answer_cases(vae, signatures, max_samples):
  frozen = Frozen(vae, {name: (s.function, s.inputs) for name, s in signatures.items()})
  seed, vae = random.as_seed(_SEED), model_of(vae)
  taken = examples.draw(vae, _NUM_EXAMPLES, _SEED)
  values = {
    **{name: tf.constant(array) for name, array in taken.inputs().items()},
    "z": examples.latents(vae, taken.condition, _NUM_EXAMPLES, _SEED),
    "seed": seed,
  }
  if png.NAMES[0] in signatures:
    values["png_bytes"] = tf.constant([images.encode(image) for image in taken.x])
  cases = []
  for name, signature in signatures.items():
    draws = any(spec.name == "num" for spec in signature.inputs)
    for num in (num for num in (_NUMS if draws else (1,)) if num <= max_samples):
      requested = dict(values)
      if draws:
        requested |= {"num": tf.constant(num)}
        if vae.condition is not None:  # one for all, then one for each
          count = 1 if num == _NUMS[0] else num
          requested |= {"condition": tf.constant(vae.condition.examples(count))}
      inputs = {spec.name: requested[spec.name] for spec in signature.inputs}
      outputs = frozen.functions[name](**inputs)
      cases.append(Case(name, _arrays(inputs), _arrays(outputs)))
  return cases


def _arrays(tensors):
  return {
    name: value.numpy().astype(np.bytes_) if value.dtype == tf.string else value.numpy()
    for name, value in tensors.items()
  }


def save_cases(cases: list[Case], path: str | os.PathLike) -> None:
  """Writes cases to a file."""
  np.savez(
    path,
    **{
      f"{case.signature}/{i}/{part}/{name}": value
      for i, case in enumerate(cases)
      for part in ("inputs", "outputs")
      for name, value in getattr(case, part).items()
    },
  )


def load_cases(path: str | os.PathLike) -> list[Case]:
  """Reads a file that `save_cases` has written.

  Raises:
    ValueError: The file is something else, or damaged.
  """
  cases: dict[str, Case] = {}
  try:
    with np.load(path) as arrays:
      for key in arrays:
        signature, number, part, name = key.split("/")
        case = cases.setdefault(number, Case(signature, {}, {}))
        {"inputs": case.inputs, "outputs": case.outputs}[part][name] = arrays[key]
  except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
    raise ValueError(f"{os.path.basename(path)}: no answers of a model") from error
  return list(cases.values())
