"""Scales stored data to [0, 1], and binarizes them on request.

These are TensorFlow operations only, with the same result eagerly, in a graph, and
under XLA. Data from every source pass through them.

Binarization draws `x_i = 1` with a probability equal to the grey value, from 8 random
bits per pixel: `x_i = [byte < q]`, q in 0..256. Black and white never change. For other
values, q / 256 differs from the grey value by at most 1/512.

* "none": grey values.
* "fixed": drawn once from the seed, and the same in every epoch and process.
* "stochastic": drawn again in every epoch. Example i of epoch e depends only on
  (seed, e, i), not on the order or the batches.
"""

from typing import Literal, TypeAlias, get_args

import numpy as np
import tensorflow as tf

from aevb_tf import random
from aevb_tf.random import Purpose
from aevb_tf.registry import did_you_mean
from aevb_tf.types import Seed

Binarization: TypeAlias = Literal["none", "fixed", "stochastic"]
BINARIZATIONS = get_args(Binarization)

# x / 255 is computed as 3 x * (1 / 765), with one rounding. Only some compilers turn a
# division by a constant into a product with its rounded inverse, so x / 255 would
# depend on the compiler. This product is the correctly rounded quotient for all 256
# levels.
_FACTOR, _INVERSE = 3, np.float32(1 / 765)

_CHUNK_ROWS = 2048


def check_binarization(binarization: str) -> None:
  """Raises `ValueError` if there is no such binarization."""
  if binarization not in BINARIZATIONS:
    raise ValueError(
      f"Unknown binarization {binarization!r}."
      f"{did_you_mean(binarization, BINARIZATIONS)}"
    )


def element(
  x: tf.Tensor, rows: tf.Tensor, epoch: tf.Tensor, seed: int, binarization: Binarization
) -> tf.Tensor:
  """Scales and binarizes stored data for a model.

  Args:
    x: uint8 levels or float32 values, `[k, ...]`.
    rows: int32 `[k]`, the number of each example in its data set.
    epoch: int32 scalar.
    seed: The data set's seed.
    binarization: "none", "fixed" or "stochastic".

  Returns:
    float32 `[k, ...]`.
  """
  if binarization == "none":
    return scale(x)
  if binarization == "fixed":
    return draw(x, random.derive(seed, Purpose.BINARIZE_ONCE), rows)
  of_epoch = random.derive(random.derive(seed, Purpose.BINARIZE), Purpose.EPOCH, epoch)
  return draw(x, of_epoch, rows)


def scale(x: tf.Tensor) -> tf.Tensor:
  """Levels as float32 in [0, 1], equal to `np.float32(x) / 255`; floats as they are."""
  if x.dtype != tf.uint8:
    return x
  return tf.cast(tf.cast(x, tf.int32) * _FACTOR, tf.float32) * _INVERSE


def draw(x: tf.Tensor, seed: Seed, rows: tf.Tensor) -> tf.Tensor:
  """Binarizes: 1 with probability the grey value, else 0.

  Args:
    x: uint8 levels, or float32 in [0, 1], `[k, ...]`.
    seed: int32 `[2]`.
    rows: int32 `[k]`: the bits of example i depend only on (seed, rows[i]).

  Returns:
    float32 `[k, ...]`, zeros and ones.
  """
  size = int(np.prod(x.shape[1:]))
  words = random.bits(seed, rows, -(-size // 4))
  one_byte = [tf.bitwise.right_shift(words, shift) & 255 for shift in (0, 8, 16, 24)]
  thresholds = _thresholds(tf.reshape(x, (-1, size)))
  ones = tf.cast(tf.concat(one_byte, axis=1)[:, :size] < thresholds, tf.float32)
  return tf.reshape(ones, tf.shape(x))


def _thresholds(x: tf.Tensor) -> tf.Tensor:
  """Thresholds q in 0..256: a byte is below q with probability q / 256."""
  if x.dtype == tf.uint8:
    levels = tf.cast(x, tf.int32)
    return levels + tf.cast(levels >= 128, tf.int32)
  return tf.cast(tf.round(256.0 * x), tf.int32)


def binarize_once(x: np.ndarray, seed: int) -> np.ndarray:
  """The "fixed" binarization of a whole array.

  Args:
    x: uint8 or float32 `[n, ...]`.
    seed: The data set's seed.

  Returns:
    uint8 `[n, ...]`, levels 0 and 255.
  """

  # A new function for each call, since `draw` needs the static shape.
  @tf.function(reduce_retracing=True, autograph=False)
  def chunk(part, rows):
    ones = element(part, rows, tf.constant(0), seed, "fixed")
    return tf.cast(255.0 * ones, tf.uint8)

  binary = np.empty(x.shape, np.uint8)
  with tf.device("CPU"):
    for start in range(0, len(x), _CHUNK_ROWS):
      end = min(start + _CHUNK_ROWS, len(x))
      rows = tf.range(start, end)
      binary[start:end] = chunk(tf.constant(x[start:end]), rows).numpy()
  return binary
