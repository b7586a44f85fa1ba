"""Reads the examples of `aevb-apply`, and those of the run that a task needs."""

import os
import pathlib
from typing import Any, Literal, NamedTuple

import ml_collections
import numpy as np
import PIL.Image
import tensorflow as tf

from aevb_tf import data
from aevb_tf.conditions import Labels
from aevb_tf.data import sources
from aevb_tf.data.first import first_pairs
from aevb_tf.data.image_folders import ImageFolder
from aevb_tf.data.reading import reading
from aevb_tf.models import VAE
from aevb_tf.tables import Schema
from aevb_tf.training import build, conditions
from aevb_tf.training.configuration import ConfigError
from aevb_tf.training.run_folder import RunFolder


class Examples(NamedTuple):
  """Examples as a model takes them.

  Attributes:
    x: float32 `[n, *event_shape]`.
    y: int32 `[n]`, labels or -1; or float32 `[n, D_y]`, columns of a condition.
    names: The name of each: its file below the folder, or its number.
    condition: The argument `condition` of the model's methods, or None.
    class_names: Names of the classes of y, by number; {} if they have none.
    is_test_data: Whether they are the test data of the run.
    are_files: Whether the names are those of files of images.
  """

  x: np.ndarray
  y: np.ndarray
  names: list[str]
  condition: Any
  class_names: dict[int, str]
  is_test_data: bool = False
  are_files: bool = False

  @property
  def labels(self) -> np.ndarray:
    """int32 `[n]`, -1 for examples without a label."""
    return conditions.as_labels(self.y)


class Question(NamedTuple):
  """What a task is about.

  Attributes:
    vae: The model.
    examples: The examples.
    config: The config of the run.
    folder: The run's folder.
    seed: Of all noise.
  """

  vae: VAE
  examples: Examples
  config: ml_collections.ConfigDict
  folder: RunFolder
  seed: int

  @property
  def are_images(self) -> bool:
    """Whether examples are `[height, width, channels]`."""
    return self.examples.x.ndim == 4


def read(
  config: ml_collections.ConfigDict,
  vae: VAE,
  source: str | None,
  split: str | None,
  input_kind: Literal["clean", "missing", "corrupted"] = "clean",
  needs_condition: bool = True,
) -> Examples:
  """Reads the examples that a task is about.

  Args:
    config: The config of the run.
    vae: The model.
    source: A file, a folder, or another name that `aevb_tf.data.load` takes; None for
      the data of the run.
    split: A split; None for all of a file or folder, and "test" of other data.
    input_kind: What the task takes; see `Task`.
    needs_condition: Whether the examples must have the condition of the model.

  Raises:
    ConfigError: The examples cannot be read, or do not fit the model; the message names
      `--input` or `--split`.
  """
  config = config.copy_and_resolve_references()
  is_path = source is not None and _is_path(source)
  with config.unlocked():
    config.dataset = config.dataset if source is None else source
    if is_path:
      config.data_dir = ""
    if input_kind != "clean":
      config.missing, config.binarization = True, "none"
  split = split or ("all" if is_path else "test")
  try:
    loaded = build.dataset(config, split, _schema(vae), shuffle=False)
    _number_classes(vae, loaded, config.dataset, needs_condition)
    if input_kind == "clean" or (input_kind == "missing" and vae.missing is not None):
      build.check_values(config, vae, loaded)
    if needs_condition:
      conditions.check(config, vae.condition, loaded)
  except ConfigError as error:
    raise _about_input(error, config.dataset, split) from error
  x, y = _arrays(loaded)
  is_test_data = source is None and split == "test"
  examples = _examples(config, split, vae, x, y, loaded)
  return examples._replace(is_test_data=is_test_data)


def of_run(config: ml_collections.ConfigDict, vae: VAE, split: str) -> Examples:
  """Reads a split of the data that the model was trained on, in its order."""
  loaded = build.dataset(config, split, _schema(vae), shuffle=False)
  x, y = _arrays(loaded)
  return _examples(config, split, vae, x, y, loaded)


def mask(path: str, event_shape: tuple[int, ...]) -> np.ndarray:
  """Reads which values of every example were observed, bool `[*event_shape]`.

  Args:
    path: A .npy file, or a greyscale image of the size of an example; 0 is not observed.
    event_shape: The shape of an example.

  Raises:
    ConfigError: The file cannot be read, or has another shape.
  """
  try:
    with reading(path, "a mask", "Give a .npy file or a greyscale image."):
      if path.endswith(".npy"):
        found = np.load(path, allow_pickle=False)
      else:
        with PIL.Image.open(path) as image:
          found = np.asarray(image.convert("L"))
  except ValueError as error:
    raise ConfigError(f"--observed={path}: {error}") from error
  if found.ndim == len(event_shape) - 1:  # the same for all channels
    found = found[..., np.newaxis]
  try:
    return np.broadcast_to(found != 0, event_shape)
  except ValueError:
    raise ConfigError(
      f"--observed={path}: it has shape {list(found.shape)}, and an example"
      f" {list(event_shape)}."
    ) from None


def _schema(vae) -> Schema | None:
  return conditions.schema(vae.condition, vae.schema)


def _arrays(loaded):
  build.go_to_epoch(loaded, 0)
  x, y = first_pairs(loaded, np.iinfo(np.int64).max)
  return x, np.full(len(x), -1, np.int32) if y is None else y


def _is_path(source) -> bool:
  """Whether a source is a file or folder; see `aevb_tf.data.get`."""
  return source not in data.names() and source.partition(":")[0] not in data.names()


def _number_classes(vae, loaded, source, needs_condition) -> None:
  """Numbers the labels of named classes as the model does; -1 for classes that it does not have."""
  names = getattr(loaded, "classes", None)
  if names is None or not isinstance(vae.condition, Labels) or not hasattr(loaded, "y"):
    return
  levels = [str(level) for level in vae.condition.levels]
  unknown = [name for name in map(str, names) if name not in levels]
  if unknown and needs_condition:
    raise ConfigError(
      f"--input={source}: the model has no class {unknown[0]!r}; it has"
      f" {', '.join(levels[:10])}{', ...' if len(levels) > 10 else ''}."
    )
  numbers = [levels.index(name) if name in levels else -1 for name in map(str, names)]
  # The last is that of examples without a label, -1.
  loaded.y = np.array([*numbers, -1], np.int32)[loaded.y]
  loaded.classes = tuple(levels)


def _examples(config, split, vae, x, y, loaded) -> Examples:
  if isinstance(vae.condition, Labels):
    classes = vae.condition.levels
  else:
    classes = getattr(loaded, "classes", None) or ()
  named = {code: str(name) for code, name in enumerate(classes)}
  condition = None if vae.condition is None else tf.constant(y)
  rows = getattr(loaded, "rows", None)
  names = list(map(str, range(len(x)) if rows is None else rows))
  folder = pathlib.Path(config.data_dir, os.path.expanduser(config.dataset))
  are_files = _is_path(config.dataset) and folder.is_dir()
  if are_files:
    names = ImageFolder(folder).names(split)
  return Examples(x, y, names, condition, named, are_files=are_files)


def _about_input(error, source, split) -> ConfigError:
  if isinstance(error.__cause__, sources.UnknownSplitError):
    return ConfigError(f"--split={split}: {error.__cause__}")
  return ConfigError(
    str(error).replace(f"--config.dataset={source}", f"--input={source}")
  )
