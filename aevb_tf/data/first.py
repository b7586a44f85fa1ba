"""The first examples of a data set, or random ones if it is in memory."""

import numpy as np
import tensorflow as tf

from aevb_tf.data.array_dataset import ArrayDataset
from aevb_tf.types import Examples


def first_examples(source: Examples, count: int, name: str | None = None) -> np.ndarray:
  """Returns the first `count` examples, or all if there are fewer.

  Args:
    source: Array `[n, ...]`, or an iterable of batches `x` or `(x, y)`, such as the
      result of `aevb_tf.data.load`.
    count: Largest number of examples.
    name: Name of the source in the error message.

  Raises:
    ValueError: There are no examples.
  """
  return first_pairs(source, count, name)[0]


def first_pairs(
  source: Examples, count: int, name: str | None = None
) -> tuple[np.ndarray, np.ndarray | None]:
  """Returns the first `count` examples and their y; see `first_examples`.

  Returns:
    x `[k, ...]`, and y `[k, ...]`, or None if the source has no y.
  """
  xs: list[np.ndarray] = []
  ys: list[np.ndarray] = []
  left = count
  for batch in [source] if hasattr(source, "__array__") else source:
    x, *rest = batch if isinstance(batch, tuple | list) else (batch,)
    xs.append(np.asarray(x)[:left])
    if rest and rest[0] is not None:
      ys.append(np.asarray(rest[0])[:left])
    left -= len(xs[-1])
    if left <= 0:
      break
  if left == count:
    raise ValueError(f"{name} holds no examples." if name else "There are no examples.")
  return np.concatenate(xs), np.concatenate(ys) if ys else None


def sample_pairs(
  source: Examples, count: int, rng: np.random.Generator, name: str | None = None
) -> tuple[np.ndarray, np.ndarray | None]:
  """Returns `count` random examples of an `ArrayDataset`, in their order, and their y.

  Of all other sources they are the first ones, see `first_pairs`: a stream is not read to
  its end. Examples may be sorted by class, so the first of a data set may lack classes.

  Args:
    source: As in `first_pairs`.
    count: Largest number of examples.
    rng: Chooses the examples.
    name: Name of the source in the error message.

  Returns:
    x `[k, ...]`, and y `[k, ...]`, or None if the source has no y.

  Raises:
    ValueError: There are no examples.
  """
  if not isinstance(source, ArrayDataset):
    return first_pairs(source, count, name)
  rows = np.sort(rng.permutation(source.num_examples)[:count]).astype(np.int32)
  # The same binarization as that of the next pass.
  x, y = source.examples(source.tensors(), tf.constant(rows), tf.constant(source.epoch))
  return np.asarray(x), np.asarray(y)
