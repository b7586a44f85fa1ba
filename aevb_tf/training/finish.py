"""The end of a run: the model, its numbers on the test split, its pictures."""

import platform
import time
from typing import Any

import keras
import ml_collections
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from aevb_tf.files import write, write_json
from aevb_tf.models import VAE
from aevb_tf.training import drawing
from aevb_tf.training.measure import measure
from aevb_tf.training.run_folder import RunFolder
from aevb_tf.version import __version__


def finish(
  vae: VAE,
  config: ml_collections.ConfigDict,
  folder: RunFolder,
  test_data: Any,
  began: float,
) -> dict:
  """Saves, measures and draws a trained model; the pictures come last.

  A run is finished once it has its `summary.json`, whatever becomes of the pictures.

  Args:
    vae: The model.
    config: Its config.
    folder: The run's folder.
    test_data: The test split.
    began: `time.perf_counter()` at the beginning of this sitting.

  Returns:
    What `summary.json` holds.
  """
  write(folder.model, vae.save)
  measured = measure(vae, test_data)
  history = folder.history()
  summary = {
    "name": config.name,
    "dataset": config.dataset,
    "binarization": config.binarization,
    "seed": config.seed,
    "epochs": config.epochs,
    "samples": history[-1]["samples"],
    "test": measured.report(),
    # Of all sittings together.
    "training_seconds": round(sum(row["seconds"] for row in history), 2),
    "validation_seconds": round(sum(row["val_seconds"] for row in history), 2),
    "wall_seconds_of_last_sitting": round(time.perf_counter() - began, 2),
    "device": device(),
    "versions": versions(),
  }
  write_json(folder.summary, summary)
  if config.plots:
    drawing.draw(vae, folder, _some(test_data), measured)
  return summary


def _some(source: Any, count: int = 100) -> np.ndarray:
  """The first examples, as many or all."""
  taken: list[np.ndarray] = []
  for x, _ in source:
    taken.append(np.asarray(x))
    if sum(map(len, taken)) >= count:
      break
  return np.concatenate(taken)


def versions() -> dict[str, str]:
  """Returns the versions of everything that the numbers depend on."""
  return {
    "python": platform.python_version(),
    "aevb_tf": __version__,
    "tensorflow": tf.__version__,
    "keras": keras.__version__,
    "tensorflow_probability": tfp.__version__,
  }


def device() -> str:
  """Returns the accelerator's name, or the processor's kind."""
  for device in tf.config.list_physical_devices("GPU"):
    return tf.config.experimental.get_device_details(device).get("device_name", "GPU")
  return f"CPU ({platform.machine()})"
