"""What no step can avoid: its matrix products, and nothing else.

Of the perceptrons, for each minibatch: 4 products forward, 4 for the gradients of the
weights, and 3 for those of their inputs (x itself needs none).
"""

import tensorflow as tf

from benchmarks.training.workload import Workload


def train(**options):
  """The products of an epoch, in one `tf.function`."""
  work = Workload(**options)
  # Grappler would take the products, which do not change, out of the loop.
  tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
  rows, size, hidden = work.batch_size, work.side**2, work.hidden_units
  many, latent = rows * work.num_samples, work.latent_dim
  shapes = [
    (rows, size, hidden),
    (rows, hidden, 2 * latent),
    (many, latent, hidden),
    (many, hidden, size),
  ]
  layers = [
    tuple(tf.random.normal(s) for s in ((n, a), (a, b), (n, b))) for n, a, b in shapes
  ]

  @tf.function
  def epoch():
    def step(i):
      for number, (x, weights, y) in enumerate(layers):
        products = [tf.matmul(x, weights), tf.matmul(x, y, transpose_a=True)]
        if number:
          products.append(tf.matmul(y, weights, transpose_b=True))
        # A product that nobody waited for would be pruned, or run beside the next step.
        with tf.control_dependencies(products):
          i = tf.identity(i)
      return (i + 1,)

    return tf.while_loop(
      lambda i: i < work.steps, step, (tf.constant(0),), parallel_iterations=1
    )

  def run():
    epoch()

  return run
