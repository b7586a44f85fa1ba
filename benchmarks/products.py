"""Repeats matrix products, for contenders that compute nothing else."""

from collections.abc import Callable

import tensorflow as tf


def repeated(products: Callable[[], list[tf.Tensor]], times: int) -> Callable[[], None]:
  """A function that computes the products `times` times in sequence.

  Args:
    products: Computes them from fixed operands.
    times: Number of repetitions.
  """
  # Grappler would move the products, which are constant, out of the loop.
  tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})

  @tf.function
  def all_of_them():
    def step(i):
      # An unused product would be pruned, or would run in parallel to the next step.
      with tf.control_dependencies(products()):
        return (tf.identity(i) + 1,)

    return tf.while_loop(
      lambda i: i < times, step, (tf.constant(0),), parallel_iterations=1
    )

  def run():
    all_of_them()

  return run
