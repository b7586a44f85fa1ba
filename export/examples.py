"""Takes the first examples of some data for an export, and checks them."""

import contextlib
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from aevb_tf import conditions, random
from aevb_tf.data.first import first_examples
from aevb_tf.export.signatures import ExportableModel
from aevb_tf.types import Examples


class Taken(NamedTuple):
  """Examples for an export.

  Attributes:
    x: float32 `[n, *event_shape]`.
    condition: Their conditions `[n, *shape]`, or None if the model has none.
  """

  x: np.ndarray
  condition: np.ndarray | None = None

  @property
  def num(self) -> int:
    """The number of examples."""
    return len(self.x)

  def inputs(self, rows: slice | np.ndarray = slice(None)) -> dict[str, np.ndarray]:
    """`x`, and `condition` if there is one, of some rows: inputs of signatures."""
    inputs = {"x": self.x[rows]}
    if self.condition is not None:
      inputs["condition"] = self.condition[rows]
    return inputs


def take(vae: ExportableModel, data: Examples, most: int, what: str) -> Taken:
  """The first examples, checked.

  Args:
    vae: The model that they are for.
    data: Array `[n, *event_shape]`, or an iterable of batches `x` or `(x, y)`, such as
      `aevb_tf.data.load` gives; for a model with a condition, of batches `(x, c)`. What
      this function returned is returned as it is.
    most: The largest number to take.
    what: Their name in error messages.

  Returns:
    At most `most` examples.

  Raises:
    ValueError: There are no examples, the model cannot score them, or conditions are
      missing or invalid.
  """
  if isinstance(data, Taken):
    return data
  condition = None
  if vae.condition is None:
    x = first_examples(data, most, what)
  else:
    x, condition = _first_pairs(vae.condition, data, most, what)
  if x.dtype == np.uint8:  # images, as training takes them
    x = x / np.float32(255)
  x = x.astype(np.float32)
  vae.check_data(x)
  return Taken(x, condition)


def draw(vae: ExportableModel, num: int, seed: int) -> Taken:
  """Examples that the model draws itself, with `Condition.examples` as conditions.

  Args:
    vae: The model.
    num: Their number.
    seed: Seed of the draws.
  """
  condition = None if vae.condition is None else vae.condition.examples(num)
  with given(vae, condition):
    return Taken(np.asarray(vae.sample(num, seed=seed, draw=True)), condition)


def latents(
  vae: ExportableModel, condition: np.ndarray | None, num: int, seed: int
) -> tf.Tensor:
  """Draws of z from the prior, float32 `[num, latent_dim]`; arguments as for `given`."""
  with given(vae, condition):
    return vae.prior.sample(random.as_seed(seed), tf.range(num))


def given(
  vae: ExportableModel, condition: np.ndarray | None
) -> contextlib.AbstractContextManager[None]:
  """The context in which the model computes with conditions.

  Args:
    vae: The model.
    condition: `[num, *shape]`, codes of classes and not their names; or None.
  """
  if condition is None or vae.condition is None:
    return contextlib.nullcontext()
  return conditions.given(vae, vae.condition.features(tf.constant(condition)))


def _first_pairs(condition, data, most, what):
  pieces: list[tuple[np.ndarray, np.ndarray]] = []
  num = 0
  for batch in [] if hasattr(data, "__array__") else data:
    if not isinstance(batch, tuple | list) or len(batch) < 2:
      break
    x, c = np.asarray(batch[0])[: most - num], _as_array(condition, batch[1])
    pieces.append((x, c[: len(x)]))
    num += len(x)
    if num >= most:
      break
  if not num:
    raise ValueError(
      f"The model has a condition, and {what} has none: give batches (x, c), such as "
      "[(x, c)]."
    )
  x, c = (np.concatenate(arrays) for arrays in zip(*pieces, strict=True))
  return x, c


def _as_array(condition, values):
  """Checked conditions; the tensors of a data set hold codes, not names of classes."""
  if not tf.is_tensor(values) or values.dtype == tf.string:
    return condition.as_array(values)
  values = tf.reshape(tf.cast(values, condition.dtype), (-1, *condition.shape))
  if not np.all(condition.is_valid(values)):
    raise ValueError(f"The condition has invalid values. {condition.advice()}")
  return np.asarray(values)
