"""Writes the answer of a task into a folder.

results.csv    a row for each example: its name, and what the task summary of it
NAME.npy       arrays, and examples if the input was arrays
NAME.csv       examples of a table, in the units of the data
NAME/*.png     examples of a folder of images, by the names of their files
picture.png
task.json      the command, the model, and the version of the package
"""

from __future__ import annotations

import csv
import dataclasses
import pathlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from aevb_tf import plots
from aevb_tf.files import write_json
from aevb_tf.models import VAE

if TYPE_CHECKING:
  from matplotlib.figure import Figure

# Examples in a picture.
MOST_DRAWN = 36


@dataclasses.dataclass
class Answer:
  """The answer of a task.

  Attributes:
    columns: Of the table of results, each `[n]`.
    arrays: Arrays of any shape, by name.
    examples: Examples in the form of the input, `[n, *event_shape]`, by name.
    picture: Draws the picture; None for data that have none.
    summary: Lines to print.
  """

  columns: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)
  arrays: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)
  examples: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)
  picture: Callable[[], Figure] | None = None
  summary: Sequence[str] = ()


def write(
  folder: pathlib.Path,
  answer: Answer,
  vae: VAE,
  names: Sequence[str],
  are_files: bool,
  about: Mapping[str, Any],
) -> None:
  """Writes the files of an answer.

  Args:
    folder: An empty folder.
    answer: The answer.
    vae: The model.
    names: Names of the examples.
    are_files: Whether the names are those of files of images.
    about: The contents of `task.json`.
  """
  if answer.columns:
    _write_csv(folder / "results.csv", {"example": np.asarray(names), **answer.columns})
  for name, array in answer.arrays.items():
    np.save(folder / f"{name}.npy", array)
  for name, x in answer.examples.items():
    if vae.schema is not None:
      _write_csv(folder / f"{name}.csv", vae.schema.decode(x))
    elif are_files:
      _write_images(folder / name, x, names)
    else:
      np.save(folder / f"{name}.npy", x)
  if answer.picture is not None:
    try:
      plots.save(answer.picture(), folder / "picture.png")
    except Exception as error:  # a failed picture must not lose the answer
      why = " ".join(str(error).split())
      print(f"There is no picture: {type(error).__name__}: {why}", file=sys.stderr)
  write_json(folder / "task.json", dict(about))


def _write_csv(path, columns):
  with open(path, "w", encoding="utf-8", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(columns)
    writer.writerows(zip(*(_cells(values) for values in columns.values()), strict=True))


def _cells(values) -> list:
  """Values as text; None, NaN and NaT, which are missing, are empty cells."""
  return ["" if v is None or v != v else str(v) for v in np.asarray(values)]


def _write_images(folder, x, names):
  import PIL.Image

  levels = np.round(np.clip(x, 0.0, 1.0) * 255.0).astype(np.uint8)
  paths = [(folder / name).with_suffix(".png") for name in names]
  if len(set(paths)) < len(paths):  # cat.jpg and cat.png
    paths = [folder / f"{name}.png" for name in names]
  for image, path in zip(levels, paths, strict=True):
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(path)
