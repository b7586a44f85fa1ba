"""A folder of PNG and JPEG images, all with the same size and number of channels.

    folder/*.png                       no labels
    folder/CLASS/*.png                 labels 0, 1, ... of the classes, sorted by name
    folder/train/..., folder/test/...  splits, each in one of the forms above

Without `train`, a fixed random tenth of the images is the test split, and "all" is all
images. Files are sorted by name. Greyscale images have one channel, colour images three.
"""

import os
import pathlib
from collections.abc import Iterator

import numpy as np
import PIL.Image
import tensorflow as tf

from aevb_tf.data import cache, sources, streams
from aevb_tf.data.array_files import tenth_held_out
from aevb_tf.data.reading import reading

_SUFFIXES = (".jpeg", ".jpg", ".png")
# Channels of Pillow's modes; others (16 bits, alpha, CMYK) would lose information.
_CHANNELS = {"1": 1, "L": 1, "P": 3, "RGB": 3}
_CHUNK_BYTES = 2**26
_ADVICE = "Replace it, or remove it."


@sources.register("image_folder")
class ImageFolder:
  """A folder of images as a data source.

  Args:
    path: The folder.
  """

  def __init__(self, path: str | os.PathLike):
    self.path = pathlib.Path(path)

  def open(self, split: str, data_dir: str | os.PathLike | None) -> sources.Split:
    """Finds a split, and reads the header of every file in it."""
    del data_dir
    files, labels, classes = self._find(split)
    shape = common_shape(files)
    read = _reader([str(file) for file in files], labels, shape)
    return sources.Split(
      num_examples=len(files),
      nbytes=len(files) * int(np.prod(shape)),
      arrays=lambda: (_read_all(read, files, shape), labels),
      stream=lambda options: _stream(read, files, shape, options),
      classes=classes or None,
    )

  def names(self, split: str) -> list[str]:
    """The paths of a split's files below the folder, in the order of its examples."""
    files, _, _ = self._find(split)
    return [str(file.relative_to(self.path)) for file in files]

  def _find(self, split) -> tuple[list[pathlib.Path], np.ndarray, list[str]]:
    """The files of a split, their labels, and the classes of all splits."""
    if not self.path.is_dir():
      raise FileNotFoundError(f"There is no folder {self.path.absolute()}.")
    below = _folders(self.path)
    if "train" not in below:
      files, classes = _list(self.path)
      rows = tenth_held_out(len(files), split, self.path)
      labels = _labels(files, classes)
      return [files[row] for row in rows], labels[rows], classes
    files, _ = _list(sources.choose(below, split, str(self.path)))
    # The classes of all splits, so that labels agree between splits.
    classes = sorted({name for folder in below.values() for name in _folders(folder)})
    return files, _labels(files, classes), classes


def _folders(path: pathlib.Path) -> dict[str, pathlib.Path]:
  found = sorted(path.iterdir())
  return {p.name: p for p in found if p.is_dir() and not p.name.startswith(".")}


def _images(path: pathlib.Path) -> list[pathlib.Path]:
  return sorted(p for p in path.iterdir() if p.suffix.lower() in _SUFFIXES)


def _list(path: pathlib.Path) -> tuple[list[pathlib.Path], list[str]]:
  """All images of a folder or of its class folders, and the names of the classes."""
  files, classes = _images(path), _folders(path)
  if files and any(_images(folder) for folder in classes.values()):
    raise ValueError(
      f"{path} holds images, and so do folders in it: put all images either into the"
      " folder itself, or into one folder for each class."
    )
  if files:
    return files, []
  for folder in classes.values():
    files += _images(folder) or _refuse_empty(folder)
  return files or _refuse_empty(path), list(classes)


def _refuse_empty(path):
  raise FileNotFoundError(
    f"There are no images in {path.absolute()}: their names must end in one of"
    f" {', '.join(_SUFFIXES)}."
  )


def _labels(files, classes) -> np.ndarray:
  numbers = {name: number for number, name in enumerate(classes)}
  return np.array([numbers.get(file.parent.name, -1) for file in files], np.int32)


def common_shape(files: list[pathlib.Path]) -> tuple[int, int, int]:
  """Reads the shape of all images from their headers.

  Args:
    files: The images, at least one.

  Returns:
    `(height, width, channels)`.

  Raises:
    ValueError: Two shapes differ, or a file is not an image or has an unsupported kind;
      the message has the paths.
  """
  first = _shape(files[0])
  for file in files[1:]:
    if (shape := _shape(file)) != first:
      raise ValueError(
        f"The images differ in shape: {files[0]} has {list(first)}, {file} has"
        f" {list(shape)} (height, width, channels). Convert them to one shape."
      )
  return first


def _shape(file):
  with reading(file, "an image", _ADVICE), PIL.Image.open(file) as image:
    width, height, mode, kind = *image.size, image.mode, image.format
  if kind not in ("PNG", "JPEG"):
    raise ValueError(f"{file} is {kind}: convert it to PNG or JPEG.")
  if mode not in _CHANNELS:
    raise ValueError(
      f"{file} has pixels of mode {mode!r}: convert it to 8-bit greyscale or RGB,"
      " without transparency."
    )
  return height, width, _CHANNELS[mode]


def _reader(files, labels, shape):
  """Returns a TensorFlow function: indices -> images uint8 `[k, ...]` and labels."""

  def read(indices):
    chosen = tf.gather(tf.constant(files), indices)
    images = tf.map_fn(
      lambda file: _decode(file, shape), chosen, fn_output_signature=tf.uint8
    )
    return tf.ensure_shape(images, (None, *shape)), tf.gather(labels, indices)

  return read


def _decode(file, shape):
  content = tf.io.read_file(file)
  image = tf.io.decode_image(content, shape[-1], expand_animations=False)
  return tf.ensure_shape(image, shape)


def _read_all(read, files, shape) -> np.ndarray:
  x = np.empty((len(files), *shape), np.uint8)
  start = 0
  for images in _decoded(read, files, shape):
    x[start : start + len(images)] = images
    start += len(images)
  return x


def _stream(read, files, shape, options):
  """A stream of images; all are decoded once first, to find damaged ones early."""

  def check():
    for _ in _decoded(read, files, shape):
      pass

  cache.once(["image_folder", shape, cache.stamps(files)], check)
  return streams.by_index(read, len(files), options)


def _decoded(read, files, shape) -> Iterator[np.ndarray]:
  """All images, in batches; raises a `ValueError` with the path of a damaged one."""
  rows = min(256, max(1, _CHUNK_BYTES // int(np.prod(shape))))
  batches = tf.data.Dataset.range(len(files), output_type=tf.int32)
  batches = batches.batch(rows).map(read, tf.data.AUTOTUNE, deterministic=True)
  start = 0
  try:
    for images, _ in batches.prefetch(tf.data.AUTOTUNE):
      yield images.numpy()
      start += len(images)
  except tf.errors.OpError:  # in the next batch: find the damaged file
    for file in files[start : start + rows]:
      with reading(file, "an image", _ADVICE):
        _decode(str(file), shape)
    raise
