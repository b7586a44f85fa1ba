"""The data of a run, for training and for measurements.

Training batches are full: a short last batch of a pass is left out. As each pass has
its own order, every example is still used. So `samples evaluated` is the number of
updates times M.
"""

import functools
from typing import NamedTuple

import ml_collections
import numpy as np

from aevb_tf import data
from aevb_tf.data import frey_face
from aevb_tf.training import build, configuration

# Number of training examples to measure, the same as for the test data.
MEASURED = 10_000


class Data(NamedTuple):
  """The training data of a run, and its first examples and `test` for measurements."""

  train: data.ArrayDataset
  measured: data.ArrayDataset
  test: data.ArrayDataset


def load(
  config: ml_collections.ConfigDict, train_examples: int = 0, split: str = "random"
) -> Data:
  """The data of a config.

  Args:
    config: The config.
    train_examples: Number of training examples; 0 for all.
    split: "random" is the data set's own; "film" tests on the last of the Frey faces,
      in the order of their film, and trains on those before.

  Returns:
    `Data`, batches of M.

  Raises:
    ConfigError: There are fewer training examples.
  """
  keys = ("dataset", "data_dir", "binarization", "batch_size", "seed")
  return _load(*(config[key] for key in keys), train_examples, split)


@functools.lru_cache(maxsize=2)
def _load(dataset, data_dir, binarization, batch_size, seed, train_examples, split):
  config = configuration.load("base")
  with config.unlocked():
    config.update(dataset=dataset, data_dir=data_dir, binarization=binarization)
    config.update(batch_size=batch_size, seed=seed)
  train, test = (build.dataset(config, name) for name in ("train", "test"))
  if split == "film":
    train, test = _film(train, test)
  if train_examples > train.num_examples:
    raise configuration.ConfigError(
      f"{dataset}: has {train.num_examples} training examples, not {train_examples}."
    )
  # Fixed bits are drawn already.
  drawn = {"binarization": "none" if binarization == "fixed" else binarization}
  options = {"batch_size": batch_size, "seed": seed, **drawn}
  x = train.x[: train_examples or None]
  # Methods that store values for each example need its number.
  numbers = np.arange(len(x))
  return Data(
    data.ArrayDataset(x, numbers, shuffle=True, drop_remainder=True, **options),
    data.ArrayDataset(x[:MEASURED], **options),
    data.ArrayDataset(test.x, **options),
  )


def _film(train, test):
  """The Frey faces, put back into the order of the film, and cut once."""
  rows = frey_face.splits(train.num_examples + test.num_examples)
  film = np.concatenate([train.x, test.x])
  film = film[np.argsort(np.concatenate([rows["train"], rows["test"]]))]
  cut = train.num_examples
  return data.ArrayDataset(film[:cut]), data.ArrayDataset(film[cut:])
