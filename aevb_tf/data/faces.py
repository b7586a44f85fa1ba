"""The source `frey_face`, the paper's second data set, from a file or through TFDS.

`data_dir` is a folder that holds `frey_rawface.mat`, or one where TFDS has prepared the
data set. Without it, TFDS downloads and prepares the file. The splits are the same in
each case; see `frey_face`.
"""

import os
import pathlib

from aevb_tf.data import sources
from aevb_tf.data.tensorflow_datasets import TensorFlowDataset


@sources.register("frey_face")
class FreyFaces(TensorFlowDataset):
  """The source `frey_face`, with the splits "train" and "test"."""

  def __init__(self) -> None:
    super().__init__("frey_face")

  def open(self, split: str, data_dir: str | os.PathLike | None) -> sources.Split:
    """Finds a split."""
    from aevb_tf.data import (
      frey_face,
    )  # imports TFDS and registers our builder

    if data_dir is None:
      return super().open(split, None)
    folder = pathlib.Path(data_dir).expanduser()
    file = folder / frey_face.FILE
    if file.is_file():
      faces = frey_face.read(file)
      rows = sources.choose(frey_face.splits(len(faces)), split, "frey_face")
      return sources.Split.of_arrays(faces[rows])
    return super().open(split, data_dir)

  def _check_prepared(self, folder):
    try:
      super()._check_prepared(folder)
    except FileNotFoundError as error:
      raise FileNotFoundError(
        f"{error} Or put frey_rawface.mat into that folder."
      ) from error
