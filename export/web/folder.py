"""Writes the folder of a page.

index.html, style.css, js/   the page, as it lies in `static/`
model.tflite                 the model, float32, batch of one
model.json                   what the page has to know of it
litertjs/                    LiteRT.js, unchanged, and one variant of its wasm
LICENSE                      of the page and of LiteRT.js
"""

import json
import os
import pathlib
import shutil
from collections.abc import Sequence
from typing import Any

import numpy as np

from aevb_tf import random
from aevb_tf.export import examples, publish
from aevb_tf.export.tflite import tflite
from aevb_tf.export.web import event_images, latent_axes
from aevb_tf.export.web import litertjs as runtime
from aevb_tf.random import Purpose

MODEL, TOLD = "model.tflite", "model.json"
FORMAT_VERSION = 1
# What the page asks for. One datum at a time: it is asked at every move of a pointer.
SIGNATURES = ("encode", "decode", "sample", "reconstruct", "elbo")
NUM_EXAMPLES = 1000
NUM_SLIDERS = 10
_STATIC = pathlib.Path(__file__).with_name("static")
_PERCENTS = (0, 1, 2, 5, 10, 25, 50, 75, 90, 95, 98, 99, 100)
_SEED = 20131220


def web(
  vae: Any,
  path: str | os.PathLike,
  data: Any = None,
  name: str = "model",
  image_shape: Sequence[int] | None = None,
  litertjs: str | os.PathLike | None = None,
  config_sha256: str | None = None,
  only: Sequence[str] | None = None,
) -> dict[str, Any]:
  """Exports a model as a page that runs it in the browser.

  `python -m http.server` in the folder is all that it takes to look at it.

  Args:
    vae: A built `VAE` of images.
    path: The folder to make, whole or not at all. Never overwritten.
    data: Where z lies and how data score is measured on them: an array or batches, of
      which the first 1,000 are used. None lets the model draw its own, and the page
      then compares with no data.
    name: What the page calls the model.
    image_shape: For flat data: `(height, width)` or `(height, width, channels)`; by
      default they are squares.
    litertjs: The folder with LiteRT.js as `npm pack` gives it, for machines
      without npm; None takes it from the user's cache, or asks npm.
    config_sha256: Hash of the training config, for the metadata.
    only: What the page may ask for, None for all; it says what it cannot do without.

  Returns:
    What the page knows of the model, its `model.json`.

  Raises:
    FileExistsError: There is something at `path`.
    Unavailable: LiteRT.js cannot be had.
    ValueError: The model's data are no images, or the model cannot be exported.
  """
  shape, packages = check(vae, image_shape, litertjs)  # before the work, not after it
  if data is None:
    x = vae.sample(NUM_EXAMPLES, seed=_SEED, draw=True).numpy()
    images = vae.sample(NUM_EXAMPLES, seed=_SEED).numpy()  # draws are grainy
  else:
    x = images = examples.take(vae, data, NUM_EXAMPLES, "data")
  only = SIGNATURES if only is None else only
  with publish.folder(path) as partial:
    told = tflite(
      vae, partial / MODEL, batch_size=1, only=only, config_sha256=config_sha256
    )
    shutil.copytree(_STATIC, partial, dirs_exist_ok=True)
    runtime.unpack(packages, partial / "litertjs")
    known = {
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
        for name, signature in told["signatures"].items()
      },
      "left_out": _left_out(told),
      **{key: told[key] for key in ("event_shape", "latent_dim", "x_range")},
      **{key: told[key] for key in ("posterior", "prior", "likelihood")},
      "config_sha256": config_sha256,
      "image_shape": list(shape),
      "value_range": _value_range(images),
      "standard_normal": vae.prior.family_name == "standard_normal",
      "latent": latent_axes.measure(vae, x).told(NUM_SLIDERS),
      "bounds": None if data is None else _bounds(vae, x),
    }
    text = json.dumps(known, indent=1, allow_nan=False) + "\n"
    (partial / TOLD).write_text(text, encoding="utf-8")
  return known


def check(
  vae: Any,
  image_shape: Sequence[int] | None = None,
  litertjs: str | os.PathLike | None = None,
) -> tuple[tuple[int, int, int], pathlib.Path]:
  """What a page needs, or an error; arguments and errors as for `web`.

  Returns:
    The shape of the images, and the folder with LiteRT.js.
  """
  if not vae.built:
    raise ValueError("Build the model first: call it on data.")
  shape = event_images.shape_of(vae.event_shape, image_shape)
  return shape, runtime.find(litertjs)


def _file(folder, name):
  return {"file": name, "bytes": (folder / name).stat().st_size}


def _left_out(told):
  """Why each signature that the model has is not in the file."""
  there, reasons = told["signatures"], told["left_out"]
  return {
    name: reasons.get(name, "it was not asked for at export")
    for name in ("encode", "decode", "sample", "reconstruct", "elbo", "log_marginal")
    if name not in there
  }


def _value_range(x):
  """What is black, and what is white."""
  if x.min() >= 0.0 and x.max() <= 1.0:
    return [0.0, 1.0]
  return [float(x.min()), float(x.max())]


def _bounds(vae, x):
  """How the bounds of the data are spread, in nats."""
  batches = np.array_split(x, max(1, len(x) // 100))
  bounds = np.concatenate(
    [
      vae.elbo(one, random.derive(_SEED, Purpose.CHECK, i))
      for i, one in enumerate(batches)
    ]
  )
  percentiles = np.percentile(bounds.astype(np.float64), _PERCENTS)
  return {
    "num": len(x),
    "percents": list(_PERCENTS),
    "nats": [round(float(value), 3) for value in percentiles],
  }
