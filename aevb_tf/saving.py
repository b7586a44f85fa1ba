"""Loads models that were saved with `vae.save(path)`."""

import os
import re
import zipfile
from typing import Any

import keras

# These register with Keras all classes that a saved model may contain.
from aevb_tf import models, networks, tasks  # noqa: F401


def load(path: str | os.PathLike, **kwargs: Any) -> keras.Model:
  """Loads a model saved with `vae.save("NAME.keras")`, in Keras' safe mode.

  Args:
    path: A `.keras` file.
    **kwargs: `custom_objects` for your own networks that are not registered with
      `keras.saving.register_keras_serializable`, and `compile`.

  Returns:
    The model, with the optimizer and its state if it had one.

  Raises:
    FileNotFoundError: There is no such file.
    ValueError: The file is not a Keras model, or is damaged.
    TypeError: It contains a class or function that is not registered.
  """
  path = os.fspath(path)
  if not os.path.exists(path):
    raise FileNotFoundError(f"There is no file {path}.")
  if os.path.isdir(path) or not zipfile.is_zipfile(path):
    raise ValueError(
      f"{path} is not a .keras file as written by `vae.save`, or it is damaged. "
      "(To load only weights, use `vae.load_weights`.)"
    )
  with zipfile.ZipFile(path) as archive:
    broken = archive.testzip() if "config.json" in archive.namelist() else "config.json"
  if broken:
    raise ValueError(f"{path} is damaged: its part {broken} cannot be read.")
  try:
    return keras.saving.load_model(path, **kwargs)
  except TypeError as error:
    unknown = re.search(r"Could not locate (class|function) '(.+?)'", str(error))
    if not unknown:
      raise
    kind, name = unknown.groups()
    raise TypeError(
      f"{path} contains the {kind} {name!r}, which is not registered. Import it, if it "
      "was decorated with `@keras.saving.register_keras_serializable()` when the model "
      f"was saved, or pass `custom_objects={{{name!r}: ...}}`."
    ) from error
