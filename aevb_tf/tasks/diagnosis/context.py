"""What the checks of a diagnosis get: the model, examples, and seeds."""

import contextlib
import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from aevb_tf import conditions, random
from aevb_tf.data.first import sample_pairs
from aevb_tf.evidence.batches import over_batches
from aevb_tf.random import Purpose
from aevb_tf.types import Examples


class Refused(Exception):
  """A check does not apply to the model or the data; the message is the reason."""


@dataclasses.dataclass(frozen=True)
class Split:
  """Examples of one split.

  Attributes:
    x: float32 `[n, *event_shape]`.
    features: What the networks see of c, float32 `[n, *features_shape]`, or None.
  """

  x: np.ndarray
  features: np.ndarray | None = None

  def __len__(self) -> int:
    return len(self.x)

  def first(self, num: int) -> "Split":
    """The first examples, which are a random sample: `sampled` shuffles them."""
    features = None if self.features is None else self.features[:num]
    return Split(self.x[:num], features)


@dataclasses.dataclass(frozen=True)
class Context:
  """What a check gets.

  Attributes:
    vae: A built model with an encoder.
    train: Training examples.
    test: Test examples.
    num_refined: Number of test examples for checks that are expensive.
    batch_size: Examples at once; None chooses one that fits into memory.
    seed: int32 `[2]`, of this check.
    arrays: Values for pictures, which checks add.
  """

  vae: Any
  train: Split
  test: Split
  num_refined: int
  batch_size: int | None
  seed: tf.Tensor
  arrays: dict[str, np.ndarray]

  def draw(self, number: int) -> tf.Tensor:
    """The seed of the check's draw with this number, int32 `[2]`."""
    return random.derive(self.seed, Purpose.DIAGNOSED_DRAW, number)

  def over(self, split: Split, function: Callable) -> np.ndarray:
    """A function of x and rows, of all examples; see `over_batches`."""
    with self.given(split):
      return over_batches(self.vae, function, split.x, None, self.batch_size)

  def given(self, split: Split) -> contextlib.AbstractContextManager[None]:
    """In this context, the model computes with the condition of these examples."""
    features = None if split.features is None else tf.constant(split.features)
    return conditions.given(self.vae, features)


def sampled(
  vae: Any, x: Examples, condition: Any, num: int, seed: tf.Tensor, name: str
) -> Split:
  """A random sample of examples.

  Args:
    vae: The model.
    x: Array `[n, *event_shape]`, or an iterable of batches `x` or `(x, y)`, where y is the
      condition, if the model has one. Of batches that are not an `ArrayDataset`, the first
      `num` examples are used.
    condition: c of each example, or one for all, or None.
    num: Largest number of examples.
    seed: int32 `[2]`.
    name: Name of the argument in messages.

  Raises:
    ValueError: There are fewer than two examples, or they do not fit the model.
  """
  vae.check_source(x)
  rng = np.random.default_rng(np.asarray(seed).astype(np.uint32))
  if not hasattr(x, "__array__"):
    x, y = sample_pairs(x, num, rng, name)
    if condition is None and vae.condition is not None:
      condition = y
  data = np.asarray(vae.as_data(x))
  if len(data) < 2:
    raise ValueError(f"{name} has {len(data)} examples: give at least 2, better 1000.")
  vae.likelihood_family.check_targets(data)
  chosen = rng.permutation(len(data))[:num]
  features = conditions.of_examples(vae, condition, len(data))
  return Split(data[chosen], None if features is None else np.asarray(features)[chosen])


def standard_error(values: np.ndarray) -> float:
  """Standard error of the mean of independent values, `[n]`, n at least 2."""
  return float(np.std(values, ddof=1, dtype=np.float64) / np.sqrt(len(values)))


def mean(values: np.ndarray) -> float:
  """The mean in float64."""
  return float(np.mean(values, dtype=np.float64))
