"""Matrix products and nothing else, as often as a step takes them."""

from collections.abc import Callable

import tensorflow as tf


def repeated(products: Callable[[], list[tf.Tensor]], times: int) -> Callable[[], None]:
  """A function that takes the products so many times, one after another.

  Args:
    products: Makes them, of operands that it has.
    times: How often.
  """
  # Grappler would take the products, which do not change, out of the loop.
  tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})

  @tf.function
  def all_of_them():
    def step(i):
      # A product that nobody waited for would be pruned, or run beside the next step.
      with tf.control_dependencies(products()):
        return (tf.identity(i) + 1,)

    return tf.while_loop(
      lambda i: i < times, step, (tf.constant(0),), parallel_iterations=1
    )

  def run():
    all_of_them()

  return run
