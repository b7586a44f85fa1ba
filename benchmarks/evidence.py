"""Contenders for log p(x) by importance sampling: this package, and matrix products."""

import tensorflow as tf

from benchmarks.products import repeated
from benchmarks.training import ours
from benchmarks.training.workload import Workload

_ROWS_AT_ONCE = 4000


def importance(num_data: int, num_samples: int, batch_size: int = 100):
  """`vae.log_marginal` of `num_data` digits with K = `num_samples`."""
  work = Workload(num_examples=num_data)
  vae, x = ours.model(work), work.data()

  def run():
    for start in range(0, num_data, batch_size):
      vae.log_marginal(
        x[start : start + batch_size], num_samples=num_samples, seed=start
      )

  return run


def limit(num_data: int, num_samples: int):
  """The matrix products of the decoder for these samples, in one `tf.function`."""
  work = Workload()
  size, hidden, latent = work.side**2, work.hidden_units, work.latent_dim
  first = tf.random.normal((latent, hidden))
  second = tf.random.normal((hidden, size))
  z = tf.random.normal((_ROWS_AT_ONCE, latent))
  times = -(-num_data * num_samples // _ROWS_AT_ONCE)

  return repeated(lambda: [tf.matmul(tf.matmul(z, first), second)], times)
