"""The Frey Face data set as a TFDS builder: 1,965 frames of one face, 28x20, grey.

`frey_rawface.mat` is downloaded, or taken from TFDS's folder for manual downloads.
Copies of that file differ in their encoding, so the array is checked, not the file.

The paper does not say which frames are the test split. Here they are 200 fixed random
frames, and the other 1,765 are the training split. The frames are from a film, so the
neighbours of a test frame, which look much like it, are in the training split. The test
split measures how well the model interpolates between frames, not how well it
extrapolates. Holding out the end of the film instead would test on expressions that do
not occur in training.

References:
  Roweis. Data for MATLAB hackers. https://cs.nyu.edu/~roweis/data.html
"""

import os
import pathlib

import numpy as np
import scipy.io
import tensorflow_datasets as tfds

from aevb_tf.data import checks, orders
from aevb_tf.data.reading import reading

URL = "https://cs.nyu.edu/~roweis/data/frey_rawface.mat"
FILE = "frey_rawface.mat"
NUM_TEST = 200
# SHA-256 of the faces as [1965, 28, 20], in C order.
SHA256 = "2438ba4f0d2a6bd8bac43de756141eaa33c8d248dd613d464bdb1210d9b7af78"
_SHAPE = (560, 1965)
_ADVICE = f"Get {FILE} from {URL}."


def read(path: str | os.PathLike) -> np.ndarray:
  """Reads and checks the faces.

  Args:
    path: `frey_rawface.mat`.

  Returns:
    uint8 `[1965, 28, 20, 1]`, in the order of the film.

  Raises:
    ValueError: It is not a MATLAB file, or it is damaged, or holds another array.
  """
  with reading(path, "a MATLAB file", _ADVICE):
    columns = scipy.io.loadmat(path, appendmat=False).get("ff")
  if columns is None or columns.shape != _SHAPE or columns.dtype != np.uint8:
    found = "nothing" if columns is None else f"{columns.dtype} {list(columns.shape)}"
    raise ValueError(f"{path} holds {found} as ff, not uint8 {list(_SHAPE)}. {_ADVICE}")
  faces = columns.T.reshape(-1, 28, 20, 1)
  checks.check_sha256(faces, SHA256, str(path), _ADVICE)
  return np.ascontiguousarray(faces)


def splits(num_faces: int) -> dict[str, np.ndarray]:
  """The indices of the frames in each split, int32."""
  return orders.held_out(num_faces, NUM_TEST)


class FreyFace(tfds.core.GeneratorBasedBuilder):
  """1,965 frames of Brendan Frey's face, from a film."""

  VERSION = tfds.core.Version("1.0.0")
  RELEASE_NOTES = {"1.0.0": "1,765 frames to train on, 200 to test on."}
  MANUAL_DOWNLOAD_INSTRUCTIONS = f"{FILE}, from {URL}; without it, it is downloaded."

  def _info(self) -> tfds.core.DatasetInfo:
    return tfds.core.DatasetInfo(
      builder=self,
      description="1,965 frames of one face, from a film: 28x20, grey.",
      features=tfds.features.FeaturesDict(
        {"image": tfds.features.Image(shape=(28, 20, 1), dtype=np.uint8)}
      ),
      homepage="https://cs.nyu.edu/~roweis/data.html",
      disable_shuffling=True,
    )

  def _split_generators(self, dl_manager: tfds.download.DownloadManager):
    faces = read(_manual_file(dl_manager) or dl_manager.download(URL))
    return {
      name: self._generate_examples(faces[rows])
      for name, rows in splits(len(faces)).items()
    }

  def _generate_examples(self, faces):
    for number, face in enumerate(faces):
      yield number, {"image": face}


def _manual_file(dl_manager) -> pathlib.Path | None:
  try:
    file = dl_manager.manual_dir / FILE
  except AssertionError:  # what TFDS raises if there is no such folder
    return None
  return file if file.exists() else None
