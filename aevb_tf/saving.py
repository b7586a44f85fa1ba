"""Loading what `vae.save(path)` wrote."""

import os
import re
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
    TypeError: It holds a class or function of your own that is not known here.
  """
  path = os.fspath(path)
  if not os.path.exists(path):
    raise FileNotFoundError(f"There is no model at {path}.")
  if os.path.isdir(path) or not zipfile.is_zipfile(path):
    raise ValueError(
      f"{path} is not a .keras file as `vae.save` writes it, or it is damaged. "
      "(Weights alone are loaded by `vae.load_weights`.)"
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
      f"{path} holds the {kind} {name!r}, which is not known here. Import it, decorated "
      "with `@keras.saving.register_keras_serializable()` before the model was saved, or "
      f"pass `custom_objects={{{name!r}: ...}}`."
    ) from error
