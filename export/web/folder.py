"""Writes the folder of a page.

index.html, style.css, js/   the page, copied from `static/`
model.tflite                 the model, float32, batch of one
model.json                   what the page must know about it
litertjs/                    LiteRT.js, unchanged, and one variant of its wasm
LICENSE                      of the page and of LiteRT.js
"""

import json
import math
import os
import pathlib
import shutil
from collections.abc import Sequence
from typing import Any

import numpy as np

from aevb_tf import publish, random
from aevb_tf.export import examples, signatures
from aevb_tf.export.signatures import Exportable, model_of
from aevb_tf.export.tflite import tflite
from aevb_tf.export.web import condition_fields, latent_axes
from aevb_tf.export.web import litertjs as runtime
from aevb_tf.random import Purpose
from aevb_tf.types import Examples

MODEL, ABOUT = "model.tflite", "model.json"
FORMAT_VERSION = 1
# What the page calls: one example at a time, at every move of a pointer.
SIGNATURES = ("encode", "decode", "sample", "reconstruct", "elbo")
NUM_EXAMPLES = 1000
NUM_SLIDERS = 10
_STATIC = pathlib.Path(__file__).with_name("static")
_PERCENTS = (0, 1, 2, 5, 10, 25, 50, 75, 90, 95, 98, 99, 100)
_SEED = 20131220
# A smaller image is too narrow to draw on.
_SMALLEST_SIDE = 4
_ADVICE = "Export it in another format, such as tflite."


def web(
  vae: Exportable,
  path: str | os.PathLike,
  data: Examples | None = None,
  name: str = "model",
  image_shape: Sequence[int] | None = None,
  litertjs: str | os.PathLike | None = None,
  config_sha256: str | None = None,
  only: Sequence[str] | None = None,
) -> dict[str, Any]:
  """Exports a model as a page that runs it in the browser.

  To look at it, run `python -m http.server` in the folder.

  Args:
    vae: A built `VAE` of images, or an `AnomalyDetector` with a threshold: the page then
      says whether a drawing is an anomaly.
    path: The folder to create, whole or not at all. Never overwritten.
    data: Examples, an array or batches, or batches `(x, c)` for a model with a
      condition. The first 1,000 are used: the page shows where their z are, and compares
      bounds with theirs. With None the model draws its own, and the page compares no
      bounds.
    name: The name of the model on the page.
    image_shape: For flat data: `(height, width)` or `(height, width, channels)`; by
      default they are square.
    litertjs: The folder with LiteRT.js as `npm pack` writes it, for machines
      without npm; None takes it from the user's cache, or fetches it through npm.
    config_sha256: Hash of the training config, for the metadata.
    only: The signatures that the page may call, None for all; the page says what is
      missing.

  Returns:
    The content of the page's `model.json`.

  Raises:
    FileExistsError: There is something at `path`.
    Unavailable: LiteRT.js cannot be obtained.
    ValueError: The model's data are not images, its condition cannot be entered on a
      page, or it cannot be exported.
  """
  shape, packages = check(vae, image_shape, litertjs)  # before the work, not after it
  exported, vae = vae, model_of(vae)
  if data is None:
    taken = examples.draw(vae, NUM_EXAMPLES, _SEED)
    # Their means, since draws are grainy.
    images = vae.sample(NUM_EXAMPLES, seed=_SEED, condition=taken.condition).numpy()
  else:
    taken = examples.take(vae, data, NUM_EXAMPLES, "data")
    images = taken.x
  if only is None:
    only = SIGNATURES if exported is vae else (*SIGNATURES, "anomaly")
  with publish.folder(path) as partial:
    metadata = tflite(
      exported, partial / MODEL, batch_size=1, only=only, config_sha256=config_sha256
    )
    shutil.copytree(_STATIC, partial, dirs_exist_ok=True)
    runtime.unpack(packages, partial / "litertjs")
    about = {
      "format_version": FORMAT_VERSION,
      "name": name,
      "model": _file(partial, MODEL),
      "runtime": {
        "version": runtime.VERSION,
        "script": f"litertjs/wasm/{runtime.WASM}.js",
        **_file(partial, f"litertjs/wasm/{runtime.WASM}.wasm"),
      },
      "signatures": {
        name: {output: spec["shape"] for output, spec in signature["outputs"].items()}
        for name, signature in metadata["signatures"].items()
      },
      "left_out": _left_out(exported, metadata),
      **{key: metadata[key] for key in ("event_shape", "latent_dim", "x_range")},
      **{key: metadata[key] for key in ("posterior", "prior", "likelihood")},
      "config_sha256": config_sha256,
      "image_shape": list(shape),
      "value_range": _value_range(images),
      "standard_normal": vae.prior.family_name == "standard_normal",
      "latent": latent_axes.measure(vae, *taken).to_json(NUM_SLIDERS),
      "bounds": None if data is None else _bounds(vae, *taken),
    }
    if "anomaly" in metadata:
      # JavaScript reads no numbers of 64 bits.
      detected = metadata["anomaly"]
      about["anomaly"] = {**detected, "seed": str(detected["seed"])}
    if vae.condition is not None and taken.condition is not None:
      start = taken.condition[0]
      about["condition"] = condition_fields.describe(vae.condition, start)
    text = json.dumps(about, indent=1, allow_nan=False) + "\n"
    (partial / ABOUT).write_text(text, encoding="utf-8")
  return about


def check(
  vae: Exportable,
  image_shape: Sequence[int] | None = None,
  litertjs: str | os.PathLike | None = None,
) -> tuple[tuple[int, int, int], pathlib.Path]:
  """Checks that a page can be made; arguments and errors as for `web`.

  Returns:
    The shape of the images, and the folder with LiteRT.js.
  """
  vae = model_of(vae)
  if not vae.built:
    raise ValueError("Build the model first: call it on data.")
  if vae.schema is not None:
    raise ValueError(
      "The page shows images, and this is a model of a table: export a SavedModel or a "
      "LiteRT file."
    )
  shape = image_shape_of(vae.event_shape, image_shape)
  if vae.condition is not None:
    condition_fields.check(vae.condition)
  return shape, runtime.find(litertjs)


def image_shape_of(
  event_shape: Sequence[int], image_shape: Sequence[int] | None = None
) -> tuple[int, int, int]:
  """The shape of the images, for a model's examples.

  Args:
    event_shape: Shape of one example: `(height, width)`, `(height, width, channels)`,
      or `(D,)`, a flat image, which is square unless `image_shape` is given.
    image_shape: For flat events: `(height, width)` or `(height, width, channels)`.

  Returns:
    `(height, width, channels)`.

  Raises:
    ValueError: Examples of this shape are not images, or not of `image_shape`.
  """
  shape = tuple(event_shape)
  if image_shape is not None:
    if math.prod(image_shape) != math.prod(shape):
      raise ValueError(
        f"image_shape={tuple(image_shape)} has {math.prod(image_shape)} values, but the"
        f" model's data, of shape {shape}, have {math.prod(shape)}."
      )
    shape = tuple(image_shape)
  elif len(shape) == 1:
    side = math.isqrt(shape[0])
    if side * side != shape[0]:
      raise ValueError(
        f"The page shows images, and data of shape {shape} are not square: pass their "
        "shape, image_shape=(height, width)."
      )
    shape = (side, side)
  if len(shape) == 2:
    shape = (*shape, 1)
  if len(shape) != 3:
    raise ValueError(
      f"The page shows images, [height, width] or with channels, and data of shape "
      f"{shape} are not. {_ADVICE}"
    )
  if min(shape[:2]) < _SMALLEST_SIDE:
    raise ValueError(
      f"The page shows images, and {shape[0]} x {shape[1]} pixels are too narrow to draw "
      f"on. {_ADVICE}"
    )
  return shape


def _file(folder, name):
  return {"file": name, "bytes": (folder / name).stat().st_size}


def _left_out(vae, metadata):
  """The signatures that are not in the file, and why."""
  present, reasons = metadata["signatures"], metadata["left_out"]
  return {
    name: reasons.get(name, "it was not requested at export")
    for name in signatures.build(vae)
    if name not in present
  }


def _value_range(x):
  """The values that are shown as black and as white."""
  if x.min() >= 0.0 and x.max() <= 1.0:
    return [0.0, 1.0]
  return [float(x.min()), float(x.max())]


def _bounds(vae, x, condition=None):
  """Percentiles of the bounds of the data, in nats."""
  pieces = []
  for i, rows in enumerate(np.array_split(np.arange(len(x)), max(1, len(x) // 100))):
    given = None if condition is None else condition[rows]
    seed = random.derive(_SEED, Purpose.CHECK, i)
    pieces.append(vae.elbo(x[rows], seed, condition=given))
  bounds = np.concatenate(pieces)
  percentiles = np.percentile(bounds.astype(np.float64), _PERCENTS)
  return {
    "num": len(x),
    "percents": list(_PERCENTS),
    "nats": [round(float(value), 3) for value in percentiles],
  }
