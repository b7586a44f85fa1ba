"""Weights of the KL: beta-VAE, warm-up and free bits.

    bound = E_q[log p(x|z)] - beta(step) * sum_j max(KL_j, free_bits)

This is a bound on log p(x) only if beta = 1 and there are no free bits. Otherwise it is
only the training objective, and the metrics still report the bound.

References:
  Higgins et al. beta-VAE. ICLR 2017.
  Bowman et al. Generating sentences from a continuous space. CoNLL 2016. (warm-up)
  Kingma et al. Improved variational inference with inverse autoregressive flow.
  NeurIPS 2016. (free bits, there applied to the mean over a minibatch)
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import keras
import tensorflow as tf

from aevb_tf.registry import Options, Registry
from aevb_tf.types import FloatLike, IntLike

# From the number of updates so far to the weight.
Schedule: TypeAlias = Callable[[IntLike], FloatLike]
KLWeight: TypeAlias = float | str | Options | Schedule

_registry: Registry[Schedule] = Registry("schedule of kl_weight")


@_registry.register("warm_up", package="aevb_tf.bounds")
class WarmUp(keras.optimizers.schedules.LearningRateSchedule):
  """Changes linearly from `start` to `end` over `num_steps` updates.

  Args:
    num_steps: Number of updates until `end` is reached.
    start: Weight of the first step.
    end: Weight from step `num_steps` on.

  Raises:
    ValueError: `num_steps` is not positive, or a weight is negative.
  """

  def __init__(self, num_steps: int = 10000, start: float = 0.0, end: float = 1.0):
    if num_steps < 1 or start < 0 or end < 0:
      raise ValueError(
        f"WarmUp(num_steps={num_steps!r}, start={start!r}, end={end!r}): num_steps "
        "must be positive, and start and end must not be negative."
      )
    self.num_steps, self.start, self.end = num_steps, start, end

  def __call__(self, step: IntLike) -> tf.Tensor:
    done = tf.minimum(tf.cast(step, tf.float32) / self.num_steps, 1.0)
    return self.start + (self.end - self.start) * done

  def get_config(self):
    return {"num_steps": self.num_steps, "start": self.start, "end": self.end}


def get(kl_weight: KLWeight) -> float | Schedule:
  """Resolves a weight: a number, or a schedule by name, options or object.

  Args:
    kl_weight: A number >= 0, or any function of the step, such as a Keras schedule or
      `{"name": "warm_up", "num_steps": 1000}`.

  Returns:
    A float, or the function.

  Raises:
    ValueError: It is not one of these.
  """
  if isinstance(kl_weight, (str, Mapping)):
    return _registry.get(kl_weight)
  if callable(kl_weight):
    return kl_weight
  if isinstance(kl_weight, bool) or not kl_weight >= 0:
    raise ValueError(
      f"kl_weight={kl_weight!r}: use a number >= 0, or a schedule such as "
      "{'name': 'warm_up', 'num_steps': 10000}."
    )
  return float(kl_weight)


def weight_at(kl_weight: float | Schedule, step: IntLike) -> FloatLike:
  """The weight at a step."""
  return kl_weight(step) if callable(kl_weight) else kl_weight


def serialize(kl_weight: float | Schedule) -> float | Options:
  """A form that can be saved, from which `get` restores the weight."""
  serialize_object = keras.saving.serialize_keras_object
  return serialize_object(kl_weight) if callable(kl_weight) else kl_weight
