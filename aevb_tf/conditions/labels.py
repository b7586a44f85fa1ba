"""Class labels as a condition."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from aevb_tf.checks import is_missing, positive_int
from aevb_tf.conditions.base import Condition, as_numpy, registry
from aevb_tf.registry import did_you_mean
from aevb_tf.types import TensorLike

_ONE_HOT = ": np.argmax(c, axis=-1) of one-hot vectors"


@registry.register("labels")
class Labels(Condition):
  """One of several classes; the networks see a one-hot vector.

  The first layer of a network multiplies it by a matrix, whose rows are then learned
  embeddings of the classes.

  Args:
    levels: The number of classes, which are then 0, 1, ...; or their names, text, in the
      order of their codes 0, 1, ... Conditions are then names or codes.

  Attributes:
    levels: The classes.

  Raises:
    ValueError: There are fewer than two classes, or two with the same name.
  """

  dtype = tf.int32

  def __init__(self, levels: int | Sequence[str]):
    if isinstance(levels, (int, np.integer)):
      self.levels: tuple[str | int, ...] = tuple(range(positive_int("levels", levels)))
    else:
      self.levels = () if isinstance(levels, (str, float)) else tuple(levels)
      if not all(isinstance(level, str) for level in self.levels) or not self.levels:
        raise ValueError(
          f"levels={levels!r}: give the number of classes, or their names in a list."
        )
    if len(self.levels) < 2 or len(set(self.levels)) < len(self.levels):
      raise ValueError(
        f"levels={levels!r}: there must be two or more different classes."
      )
    self._names = {level: code for code, level in enumerate(self.levels)}
    self.features_shape = (len(self.levels),)

  @property
  def num_levels(self) -> int:
    """The number of classes."""
    return len(self.levels)

  def as_array(self, values: Any) -> np.ndarray:
    """Codes, int32 `[n]`, of classes by their names or codes; see `Condition.as_array`."""
    values = as_numpy(values)
    if values.ndim == 2 and values.shape[1] == 1:
      values = values[:, 0]
    if values.ndim > 1:
      hint = _ONE_HOT if values.shape[1:] == self.features_shape else ""
      raise ValueError(
        f"The condition has shape {values.shape}: give one class for each example, "
        f"[n]{hint}."
      )
    missing = np.zeros(values.size, bool)
    if values.dtype.kind == "O":  # such as a column of text with None
      missing = np.array([is_missing(value) for value in values.reshape(-1)], bool)
      values = np.array(values.reshape(-1)[~missing].tolist())
      if values.dtype.kind == "O":
        kind = type(values[0]).__name__
        raise ValueError(f"The condition has a class of type {kind}. {self.advice()}")
    distinct, places = np.unique(values.reshape(-1), return_inverse=True)
    codes = [self._code(value) for value in distinct.tolist()]
    if missing.any():
      raise ValueError(
        f"The condition has {missing.sum()} missing values of {missing.size}, such "
        f"as None. {self.advice()}"
      )
    return np.array(codes, np.int32)[places]

  def _code(self, value):
    if isinstance(value, bytes):
      value = value.decode()
    if value in self._names:
      return self._names[value]
    if isinstance(value, str):
      near = did_you_mean(value, map(str, self.levels))
      raise ValueError(f"The condition has class {value!r}. {self.advice()}{near}")
    if value in range(self.num_levels):
      return int(value)
    what = ", which marks examples without a label" if value == -1 else ""
    raise ValueError(f"The condition has class {value!r}{what}. {self.advice()}")

  def features(self, values: tf.Tensor) -> tf.Tensor:
    """One-hot vectors, float32 `[n, num_levels]`, of codes `[n]`."""
    return tf.one_hot(tf.cast(values, tf.int32), self.num_levels)

  def is_valid(self, values: tf.Tensor) -> tf.Tensor:
    if values.dtype.is_floating:  # whole numbers only
      is_whole = tf.math.floor(values) == values
    else:
      is_whole = True
    codes = tf.cast(values, tf.int64)
    return is_whole & (codes >= 0) & (codes < self.num_levels)

  def advice(self) -> str:
    if self.levels == tuple(range(self.num_levels)):
      return f"The classes are 0, ..., {self.num_levels - 1}."
    some = ", ".join(map(repr, self.levels[:10])) + ", ..." * (self.num_levels > 10)
    return f"The classes are {some}, and their codes 0, ..., {self.num_levels - 1}."

  def examples(self, num: int) -> np.ndarray:
    return np.arange(num, dtype=np.int32) % self.num_levels

  def log_probs(self, class_probs: TensorLike | None) -> np.ndarray:
    """log p(c) of each class.

    Args:
      class_probs: p(c), or positive numbers in proportion to it, `[C]`; None gives all
        classes the same probability.

    Returns:
      float32 `[C]`.

    Raises:
      ValueError: They are not C positive numbers.
    """
    count = self.num_levels
    probs = np.ones(count) if class_probs is None else np.asarray(class_probs)
    if probs.shape != (count,) or not (np.all(probs > 0) and np.isfinite(probs).all()):
      raise ValueError(
        f"class_probs={class_probs!r} must be {count} positive numbers, one for each "
        "class."
      )
    return np.log(probs / probs.sum()).astype(np.float32)

  def get_config(self):
    plain = self.levels == tuple(range(self.num_levels))
    levels = self.num_levels if plain else list(self.levels)
    return {"name": "labels", "levels": levels}
