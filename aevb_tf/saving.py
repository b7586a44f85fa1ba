"""Loading what `vae.save(path)` wrote."""

import os
import zipfile
from typing import Any

import keras

# All that a saved model may name is registered with Keras by these.
from aevb_tf import models, networks  # noqa: F401


def load(path: str | os.PathLike, **kwargs: Any) -> keras.Model:
  """Loads a model saved with `vae.save("NAME.keras")`, in Keras' safe mode.

  Args:
    path: A `.keras` file.
    **kwargs: `custom_objects` for networks of your own that are not registered with
      `keras.saving.register_keras_serializable`, and `compile`.

  Returns:
    The model, with optimizer and its state if it had one.

  Raises:
    FileNotFoundError: There is no such file.
    ValueError: The file is not a Keras model, or is damaged.
  """
  path = os.fspath(path)
  if not os.path.exists(path):
    raise FileNotFoundError(f"There is no model at {path}.")
  if os.path.isdir(path) or not zipfile.is_zipfile(path):
    raise ValueError(
      f"{path} is not a .keras file as `vae.save` writes it, or it is damaged."
    )
  with zipfile.ZipFile(path) as archive:
    broken = archive.testzip() if "config.json" in archive.namelist() else "config.json"
  if broken:
    raise ValueError(f"{path} is damaged: its part {broken} cannot be read.")
  return keras.saving.load_model(path, **kwargs)
