"""Finds the first step at which something became NaN or infinite, and what it was.

A compiled loop does not return after each step, so that faults are counted in variables
on the device and read once after each call of the compiled function.
"""

from collections.abc import Iterable, Sequence

import keras
import tensorflow as tf


class NonFiniteError(ArithmeticError):
  """Training met NaN or infinity; the message names step, epoch and what broke."""


class InvalidDataError(ValueError):
  """A batch of training or evaluation holds values that the model cannot take."""


class StepMonitor(keras.metrics.Metric):
  """Counts examples and the steps up to the first fault, and keeps its causes.

  Args:
    kinds: What may break, in the order in which an error lists it.
    name: Name of the metric.
  """

  def __init__(self, kinds: tuple[str, ...], name: str = "monitor"):
    super().__init__(name=name, dtype="float32")
    self.kinds = kinds
    # TensorFlow keeps variables of int32 in the host's memory, out of XLA's reach.
    self.examples = self.add_variable((), "zeros", dtype="int64", name="examples")
    self.good_steps = self.add_variable((), "zeros", dtype="int64", name="good_steps")
    self.faults = self.add_variable((len(kinds),), "zeros", name="faults")
    self.first = self.add_variable((), "zeros", name="first")

  def update_state(
    self, num_examples: tf.Tensor, healthy: dict[str, tf.Tensor]
  ) -> None:
    """Records one step.

    Args:
      num_examples: int32 scalar, examples in the step.
      healthy: Cause -> boolean scalar, for any of `kinds`.
    """
    self.examples.assign_add(tf.cast(num_examples, tf.int64))
    faults = tf.stack(
      [1.0 - tf.cast(healthy.get(cause, True), tf.float32) for cause in self.kinds]
    )
    # Only the first bad step counts: what follows is its consequence.
    before = tf.reduce_sum(tf.convert_to_tensor(self.faults))
    first = tf.cast(tf.equal(before, 0.0), tf.float32)
    good = first * tf.cast(tf.equal(tf.reduce_sum(faults), 0.0), tf.float32)
    self.faults.assign_add(first * faults)
    self.good_steps.assign_add(tf.cast(good, tf.int64))

  def update_first(self, is_first: tf.Tensor, log_likelihood: tf.Tensor) -> None:
    """Keeps the mean log-likelihood of the very first step.

    Args:
      is_first: Boolean scalar.
      log_likelihood: float32 scalar, nats.
    """
    self.first.assign(tf.where(is_first, log_likelihood, self.first))

  def result(self):
    return tf.reduce_sum(tf.convert_to_tensor(self.faults))

  def causes(self) -> list[str]:
    """What broke in the first bad step; empty while all is well."""
    faults = self.faults.numpy()
    return [cause for cause, count in zip(self.kinds, faults, strict=True) if count]


def all_finite(tensors: Iterable[tf.Tensor]) -> tf.Tensor:
  """Whether every number of every tensor is finite: a boolean scalar."""
  return tf.reduce_all([tf.reduce_all(tf.math.is_finite(t)) for t in tensors])


def gradients_to_check(
  variables: Sequence[keras.Variable], gradients: Sequence[tf.Tensor | None]
) -> list[tf.Tensor]:
  """The gradients that show whether all gradients are finite.

  The gradient of a layer's bias is a sum over examples, and that of its kernel the sum
  of the same numbers weighted by the layer's inputs. If the first is finite, so is the
  second, unless an input is not finite, which the bound shows. To check the kernels of
  the paper's MNIST model would take a fifteenth of a step.

  Args:
    variables: The trainable variables.
    gradients: The gradient of each, or None.

  Returns:
    Some of the gradients.
  """
  layers = {v.path.rpartition("/")[0] for v in variables if v.name == "bias"}
  return [
    gradient
    for v, gradient in zip(variables, gradients, strict=True)
    if gradient is not None
    and not (v.name == "kernel" and v.path.rpartition("/")[0] in layers)
  ]
