"""Takes the first examples of some data for an export, and checks them."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from aevb_tf import random
from aevb_tf.data.first import first_examples, first_pairs
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
  vae.check_source(data)
  if vae.condition is None:
    x, condition = first_examples(data, most, what), None
  else:
    x, condition = first_pairs(_checked(vae.condition, data), most, what)
    if condition is None:
      raise ValueError(
        f"The model has a condition, and {what} has none: give batches (x, c), such as "
        "[(x, c)]."
      )
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
  drawn = vae.sample(num, seed=seed, draw=True, condition=condition)
  return Taken(np.asarray(drawn), condition)


def latents(
  vae: ExportableModel, condition: np.ndarray | None, num: int, seed: int
) -> tf.Tensor:
  """Draws of z from the prior, or from p(z|c).

  Args:
    vae: The model.
    condition: `[num, *shape]`, or None if the model has none.
    num: Their number.
    seed: Seed of the draws.

  Returns:
    float32 `[num, latent_dim]`.
  """
  with vae.given(condition, num):
    return vae.prior.sample(random.as_seed(seed), tf.range(num))


def _checked(condition, data):
  """The batches of some data, with checked conditions."""
  for batch in [data] if hasattr(data, "__array__") else data:
    x, *rest = batch if isinstance(batch, tuple | list) else (batch,)
    yield (x, _as_array(condition, rest[0])) if rest and rest[0] is not None else x


def _as_array(condition, values):
  """Checked conditions; the tensors of a data set hold codes, not names of classes."""
  if not tf.is_tensor(values) or values.dtype == tf.string:
    return condition.as_array(values)
  values = tf.reshape(tf.cast(values, condition.dtype), (-1, *condition.shape))
  if not np.all(condition.is_valid(values)):
    raise ValueError(f"The condition has invalid values. {condition.advice()}")
  return np.asarray(values)
