"""The number of updates of a model, which seeds the noise of each.

Unlike the optimizer's count it includes updates that are accumulated or skipped, and it
continues if the model is compiled again: no two updates share their noise.
"""

from typing import Any

import keras
import tensorflow as tf


class UpdateCount(keras.metrics.Metric):
  """State that is saved with a model but is not one of its weights.

  Keras keeps metrics out of `weights`; this one is not reset.

  Args:
    name: Name of the metric.
  """

  def __init__(self, name: str = "updates"):
    super().__init__(name=name)
    # TensorFlow keeps variables of int32 in the host's memory, out of XLA's reach.
    self.count = keras.Variable(
      0,
      dtype="int64",
      trainable=False,
      autocast=False,
      aggregation="only_first_replica",
      name="count",
    )

  def update_state(self) -> None:
    """Counts one update."""
    self.count.assign_add(1)

  def reset_state(self) -> None:
    """Does nothing: the count continues from epoch to epoch."""

  def result(self) -> tf.Tensor:
    """The count, int64 scalar."""
    return tf.convert_to_tensor(self.count)

  def save_own_variables(self, store: Any) -> None:
    """Writes the count into a saved model."""
    store["count"] = self.count.numpy()

  def load_own_variables(self, store: Any) -> None:
    """Reads it; models of version 0.1 have none."""
    if "count" in store.keys():
      self.count.assign(store["count"][()])
