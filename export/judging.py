"""How far a quantized file is from the model: in nats of the bound, and in pixels."""

import os
import tempfile
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from aevb_tf import random
from aevb_tf.export import runtimes
from aevb_tf.random import Purpose

NUM_EXAMPLES = 1000
_BATCH_SIZE = 100
_SEED = 0


class Change(NamedTuple):
  """What a file does to the data that it was judged on.

  Attributes:
    nats: Change of the bound, mean over the data; below 0 is worse.
    reconstruction: Mean absolute change of a pixel of the reconstruction; None where
      the file has no `reconstruct`.
    num_examples: How many data there were.
  """

  nats: float
  reconstruction: float | None
  num_examples: int


def change(functions: Any, path: str | os.PathLike, x: np.ndarray) -> Change:
  """Compares a file with the functions that it was made of, with the same noise.

  Args:
    functions: Name to concrete function, float32; `elbo` among them.
    path: A `.tflite` file, which is run in LiteRT.
    x: float32 `[n, *event_shape]`; cut to a whole number of the file's batches.

  Returns:
    A `Change`.

  Raises:
    RuntimeFailed: LiteRT is not installed, or cannot run the file.
  """
  size = functions["elbo"].inputs[0].shape[0] or min(_BATCH_SIZE, len(x))
  x = np.resize(x, (max(len(x), size), *x.shape[1:]))  # begins anew at its end
  batches = [x[i : i + size] for i in range(0, len(x) - size + 1, size)]
  seeds = [
    np.asarray(random.derive(_SEED, Purpose.CHECK, i)) for i in range(len(batches))
  ]
  calls = [
    runtimes.Call("elbo", {"x": batch, "seed": seed})
    for batch, seed in zip(batches, seeds, strict=True)
  ]
  pixels = "reconstruct" in functions
  calls += [runtimes.Call("reconstruct", {"x": batch}) for batch in batches] * pixels
  nats, reconstruction = [], []
  for call, answer in zip(calls, runtimes.run("litert", path, calls), strict=True):
    inputs = {name: tf.constant(value) for name, value in call.inputs.items()}
    exact = functions[call.signature](**inputs)
    if call.signature == "elbo":
      nats.append(answer.outputs["elbo"] - exact["elbo"].numpy())
    else:
      moved = answer.outputs["x_mean"] - exact["x_mean"].numpy()
      reconstruction.append(np.mean(np.abs(moved)))
  return Change(
    float(np.mean(nats)),
    float(np.mean(reconstruction)) if pixels else None,
    size * len(batches),
  )


def judge(
  converted: Any,
  content: bytes,
  functions: Any,
  x: np.ndarray,
  max_nats: float,
) -> dict[str, Any]:
  """Refuses a file that moved the bound too far.

  Args:
    converted: The `quantization.Converted` that it came from.
    content: The file.
    functions: Name to concrete function, float32.
    x: float32 `[n, *event_shape]`.
    max_nats: How far the mean bound may move, either way.

  Returns:
    The change, as JSON can hold it.

  Raises:
    ValueError: It moved farther.
  """
  found = _change_of(content, functions, x)
  if not abs(found.nats) <= max_nats:  # NaN is too far as well
    raise ValueError(
      f"quantize={converted.kind!r} moves the bound by {found.nats:+.2f} nats on "
      f"{found.num_examples} data, more than max_nats={max_nats:g}"
      f"{_blame(converted, functions, x)}. Nothing was written."
    )
  return {"max_nats": max_nats, **found._asdict()}


def _blame(converted, functions, x):
  """The layer without which the bound moves least, as the end of a sentence."""
  if converted.kind != "int8":
    return ""
  few = x[:_BATCH_SIZE]
  whole = abs(_change_of(converted.file(), functions, few).nats)
  left = {
    layer: abs(_change_of(converted.file(layer), functions, few).nats)
    for layer in converted.layers("elbo")
  }
  layer = min(left, key=lambda layer: np.nan_to_num(left[layer], nan=np.inf))
  name = layer.split(";")[0].rsplit("/", 1)[0]
  return (
    f"; most is lost in {name}: with it in float, {left[layer]:.2f} of {whole:.2f} nats "
    f"remain on {len(few)} data"
  )


def _change_of(content, functions, x):
  with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "judged.tflite")
    with open(path, "wb") as file:
      file.write(content)
    return change(functions, path, x)
