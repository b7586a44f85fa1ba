"""`tfds:NAME`: the image data sets of TensorFlow Datasets; `mnist` is `tfds:mnist`.

With `data_dir`, the data set must be prepared in that folder, and nothing is downloaded
or written. Without it, TFDS downloads and prepares the data set in its own folder. The
splits are those of TFDS, including slices such as `train[:1000]`.
"""

import os
import pathlib
import re
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from aevb_tf.data import cache, sources, streams
from aevb_tf.data.reading import reading
from aevb_tf.registry import did_you_mean

if TYPE_CHECKING:
  import tensorflow_datasets as tfds

_CHUNK_BYTES = 2**24
_ADVICE = "Remove the data set, and prepare it again."
# Number of encoded examples in the shuffle buffer of a stream.
_BUFFER_BYTES = 2**29


@sources.register("tfds")
class TensorFlowDataset:
  """A data set of TFDS as a data source.

  Args:
    dataset: Its name in TFDS: `mnist`, `cifar10:3.0.2`, `NAME/CONFIG`.
  """

  def __init__(self, dataset: str = ""):
    if not dataset:
      raise ValueError("Pass the name of a TFDS data set, such as tfds:mnist.")
    self.dataset = dataset

  def open(self, split: str, data_dir: str | os.PathLike | None) -> sources.Split:
    """Finds a split; downloads and prepares the data set if `data_dir` is None."""
    builder = self._builder(data_dir)
    found = self._choose_split(builder, split)
    reader = _Reader(self.dataset, builder, split, found)
    return sources.Split(
      num_examples=reader.num_examples,
      nbytes=sources.stored_bytes((reader.num_examples, *reader.shape), reader.dtype),
      arrays=reader.arrays,
      stream=reader.stream,
      classes=reader.classes,
    )

  def _builder(self, data_dir):
    if data_dir is None:
      builder = self._named_builder(f"tfds:{self.dataset}")
      builder.download_and_prepare()
      return builder
    folder = pathlib.Path(data_dir).expanduser()
    self._check_prepared(folder)
    below = folder / self.dataset.replace(":", "/")
    return self._named_builder(below, data_dir=os.fspath(folder))

  def _named_builder(self, where, **kwargs):
    import tensorflow_datasets as tfds  # slow to import, and rarely needed

    try:
      with reading(where, "a data set that TFDS has prepared", _ADVICE):
        return tfds.builder(self.dataset, **kwargs)
    except ValueError as error:
      if not isinstance(error.__cause__, tfds.core.DatasetNotFoundError):
        raise
      known = tfds.list_builders(with_community_datasets=False)
      raise ValueError(
        f"TFDS has no data set {self.dataset!r}."
        f"{did_you_mean(self.dataset, known).partition(' Known:')[0]}"
        " They are listed at https://www.tensorflow.org/datasets/catalog."
      ) from error

  def _check_prepared(self, folder):
    # Checked here, since TFDS would access the network if it is not prepared.
    below = folder / re.split("[/:]", self.dataset)[0]
    if not below.is_dir() or not any(below.rglob("dataset_info.json")):
      raise FileNotFoundError(
        f"{self.dataset} is not prepared in {folder.absolute()} (there is no"
        f" {below.name}/VERSION): pass the folder where it is, or leave out data_dir"
        " to download it."
      )

  def _choose_split(self, builder, split):
    if not builder.info.splits:
      raise FileNotFoundError(
        f"{builder.info.full_name} is not prepared in {builder.data_dir}: if another"
        " version or config is, name it, as in tfds:NAME/CONFIG:VERSION."
      )
    try:
      return builder.info.splits[split]
    except (KeyError, ValueError) as error:
      splits = builder.info.splits
      raise sources.UnknownSplitError(self.dataset, split, splits) from error


@sources.register("mnist")
class Mnist(TensorFlowDataset):
  """`tfds:mnist`: 60,000 digits to train on, 10,000 to test on."""

  def __init__(self) -> None:
    super().__init__("mnist")


class _Reader:
  """Reads the examples of a split."""

  def __init__(
    self,
    name: str,
    builder: "tfds.core.DatasetBuilder",
    split: str,
    found: "tfds.core.SplitInfo",
  ):
    self._builder, self._split, self._found = builder, split, found
    self._name = name
    self.num_examples = found.num_examples
    self._encoded_bytes = max(1, found.num_bytes // max(1, found.num_examples))
    features = builder.info.features
    self._image = _image_key(name, features)
    self._label = _label_key(features)
    self.classes = (
      getattr(features[self._label], "names", None) if self._label else None
    )
    self.shape = features[self._image].shape
    self.dtype = np.dtype(features[self._image].np_dtype)
    if builder.info.file_format.value != "tfrecord":
      raise ValueError(
        f"{name} is prepared as {builder.info.file_format.value}, which is not"
        " supported: prepare it with file_format='tfrecord'."
      )
    if None in self.shape:
      raise ValueError(
        f"The images of {name} differ in shape ({list(self.shape)}): write them with"
        " one shape into a folder or a .npy file, and load that."
      )
    if self.dtype not in (np.uint8, np.float32):
      raise ValueError(f"The images of {name} are {self.dtype}, not uint8 or float32.")

  def arrays(self) -> tuple[np.ndarray, np.ndarray]:
    """Reads all examples: `[n, ...]` and labels int32 `[n]`; see `cache.py`."""
    return cache.arrays(self._depends_on(), self._read)

  def _depends_on(self):
    folder = pathlib.Path(self._builder.data_dir).absolute()
    files = cache.stamps([path for path in folder.iterdir() if path.is_file()])
    return [self._builder.info.full_name, self._split, files]

  def _check_files(self):
    """Reads and counts the records; TensorFlow verifies their checksums."""
    for file in self._found.file_instructions:
      with reading(file.filename, "records of TFDS", _ADVICE):
        records = tf.data.TFRecordDataset(str(file.filename))
        records = records.skip(file.skip).take(file.take)
        found = int(records.reduce(np.int64(0), lambda count, _: count + 1))
        if found != file.take:
          raise ValueError(f"it has fewer than {file.skip + file.take} examples")

  def _read(self):
    self._check_files()
    with reading(self._builder.data_dir, f"the images of {self._name}", _ADVICE):
      return self._decode_all()

  def _decode_all(self):
    x = np.empty((self.num_examples, *self.shape), self.dtype)
    y = np.empty(self.num_examples, np.int32)

    def decode(records):
      return tf.map_fn(self._decode, records, fn_output_signature=self._signature)

    batch_size = max(1, min(1024, _CHUNK_BYTES // x[:1].nbytes))
    batches = self._records().batch(batch_size)
    batches = batches.map(decode, tf.data.AUTOTUNE, deterministic=True)
    start = 0
    for images, labels in batches.prefetch(1):
      end = start + len(images)
      x[start:end], y[start:end] = images.numpy(), labels.numpy()
      start = end
    return x, y

  def stream(self, options: streams.Options) -> tf.data.Dataset:
    """Streams the examples; they are shuffled while they are encoded."""
    cache.once(self._depends_on(), self._check_files)
    buffer_size = min(self.num_examples, max(1, _BUFFER_BYTES // self._encoded_bytes))
    return streams.in_sequence(
      self._records(), self._decode, self.num_examples, buffer_size, options
    )

  def _records(self) -> tf.data.Dataset:
    """The encoded examples, always in the same order.

    The pipeline of TFDS applies half a dozen functions to each example, which takes ten
    times as long as decoding a small image.
    """
    instructions = self._found.file_instructions
    names = [str(i.filename) for i in instructions]
    spans = np.array([(i.skip, i.take) for i in instructions], np.int64)
    return tf.data.Dataset.from_tensor_slices((names, spans)).flat_map(
      lambda name, span: tf.data.TFRecordDataset(name).skip(span[0]).take(span[1])
    )

  def _decode(self, record):
    features = {self._image: tf.io.FixedLenFeature((), tf.string)}
    if self._label:
      features[self._label] = tf.io.FixedLenFeature((), tf.int64)
    example = tf.io.parse_single_example(record, features)
    image = self._builder.info.features[self._image].decode_example(
      example[self._image]
    )
    label = example[self._label] if self._label else -1
    return tf.ensure_shape(image, self.shape), tf.cast(label, tf.int32)

  @property
  def _signature(self):
    return tf.TensorSpec(self.shape, self.dtype), tf.TensorSpec((), tf.int32)


def _image_key(name, features) -> str:
  import tensorflow_datasets as tfds

  keys = [k for k in features if isinstance(features[k], tfds.features.Image)]
  if "image" in keys:
    return "image"
  if len(keys) != 1:
    raise ValueError(
      f"{name} is not an image data set: it has the features {', '.join(features)}, of"
      f" which {len(keys)} are images, not one."
    )
  return keys[0]


def _label_key(features) -> str | None:
  """The key `label`, if examples have one integer of that name, otherwise None."""
  if "label" not in features or features["label"].shape != ():
    return None
  return "label" if np.issubdtype(features["label"].np_dtype, np.integer) else None
