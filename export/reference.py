"""What the model answers to a few requests, kept beside what was exported of it.

Inputs and answers of every signature, in float32, from the process that had the model:
`reference.npz` holds arrays `SIGNATURE/CASE/inputs/NAME` and `.../outputs/NAME`. With
it an export can be verified anywhere, and at any time.
"""

import os
import zipfile
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from aevb_tf import random
from aevb_tf.export import png
from aevb_tf.export.client import images
from aevb_tf.export.frozen import Frozen

FILE = "reference.npz"
# Data, and a longer request for samples, of which the shorter one is the beginning.
_NUM_DATA, _NUMS = 6, (3, 7)
_SEED = 20131220


class Case(NamedTuple):
  """A request and its answer."""

  signature: str
  inputs: dict[str, np.ndarray]
  outputs: dict[str, np.ndarray]


def make(vae: Any, max_samples: int, num_importance_samples: int) -> list[Case]:
  """Asks a model, about data that it draws itself: they fit its likelihood.

  Args:
    vae: The model.
    max_samples: As exported.
    num_importance_samples: As exported.

  Returns:
    The cases, one or two for each signature.
  """
  with tf.device("CPU"):  # others round products to fewer bits
    return _make(vae, max_samples, num_importance_samples)


def _make(vae, max_samples, num_importance_samples):
  asked = png.of(vae, max_samples, num_importance_samples)
  frozen = Frozen(vae, {name: (s.function, s.inputs) for name, s in asked.items()})
  seed = random.as_seed(_SEED)
  x = vae.sample(_NUM_DATA, seed=_SEED, draw=True)
  given = {"x": x, "z": vae.prior.sample(seed, tf.range(_NUM_DATA)), "seed": seed}
  if png.NAMES[0] in asked:
    given["png_bytes"] = tf.constant([images.encode(image) for image in x.numpy()])
  cases = []
  for name, signature in asked.items():
    nums = _NUMS if any(spec.name == "num" for spec in signature.inputs) else (1,)
    for num in (num for num in nums if num <= max_samples):
      inputs = {
        spec.name: tf.constant(num) if spec.name == "num" else given[spec.name]
        for spec in signature.inputs
      }
      outputs = frozen.functions[name](**inputs)
      cases.append(Case(name, _arrays(inputs), _arrays(outputs)))
  return cases


def _arrays(tensors):
  return {
    name: value.numpy().astype(np.bytes_) if value.dtype == tf.string else value.numpy()
    for name, value in tensors.items()
  }


def save(cases: list[Case], path: str | os.PathLike) -> None:
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


def load(path: str | os.PathLike) -> list[Case]:
  """Reads what `save` wrote.

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


def for_batch(case: Case, batch_size: int | None) -> Case:
  """The case as a file of a fixed batch can answer it.

  Row i of every answer depends on row i of the inputs and on (seed, i) alone: a smaller
  batch is the beginning of this one, and what a larger batch holds besides is compared
  with nothing.
  """
  if batch_size is None:
    return case
  inputs = dict(case.inputs)
  if inputs.pop("num", None) is not None:
    inputs["first"] = np.int32(0)
  for name in {"x", "z"} & set(inputs):
    inputs[name] = np.resize(inputs[name], (batch_size, *inputs[name].shape[1:]))
  outputs = {name: value[:batch_size] for name, value in case.outputs.items()}
  return Case(case.signature, inputs, outputs)
