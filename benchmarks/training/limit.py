"""The contender that computes only a step's matrix products: a lower limit of its time.

For the perceptrons, each minibatch has 4 products forward, 4 for the gradients of the
weights, and 3 for those of their inputs (x needs none).
"""

import tensorflow as tf

from benchmarks.products import repeated
from benchmarks.training.workload import Workload


def train(**options):
  """The products of an epoch, in one `tf.function`."""
  work = Workload(**options)
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

  def products():
    for number, (x, weights, y) in enumerate(layers):
      yield tf.matmul(x, weights)
      yield tf.matmul(x, y, transpose_a=True)
      if number:
        yield tf.matmul(y, weights, transpose_b=True)

  return repeated(lambda: list(products()), work.steps)
