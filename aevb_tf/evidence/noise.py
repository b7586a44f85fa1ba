"""Noise of (datum i, sample k) that depends on (seed, i, k) alone.

So an estimate is the same however samples are split into chunks and data into batches,
and more samples begin with the fewer ones.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from aevb_tf import random
from aevb_tf.random import Purpose


def per_sample(
  draw: Callable[[tf.Tensor], tf.Tensor],
  seed: Any,
  first: Any,
  count: int,
  purpose: Purpose = Purpose.SAMPLE,
) -> tf.Tensor:
  """Stacks what `draw` gives for the seeds of samples `first`, ..., `first + count - 1`.

  Args:
    draw: Seed int32 `[2]` -> tensor `[batch, ...]`.
    seed: An int or a pair of int32.
    first: Number of the first sample, an int or int32 scalar.
    count: How many samples.
    purpose: What the seeds of samples are derived for, counted.

  Returns:
    `[count, batch, ...]`.
  """
  seed = random.as_seed(seed)
  numbers = first + tf.range(count)
  return tf.vectorized_map(lambda k: draw(random.derive(seed, purpose, k)), numbers)


def posterior_samples(
  model: Any,
  q: Any,
  seed: Any,
  rows: tf.Tensor,
  first: Any,
  count: int,
  purpose: Purpose = Purpose.SAMPLE,
) -> tf.Tensor:
  """z_k ~ q(z|x) for samples `first`, ..., `first + count - 1`.

  Args:
    model: Has `posterior_family`.
    q: q(z|x), batch shape `[batch]`.
    seed: An int or a pair of int32.
    rows: int32 `[batch]`, the number of each datum.
    first: Number of the first sample.
    count: How many samples.
    purpose: As in `per_sample`.

  Returns:
    float32 `[count, batch, latent_dim]`.
  """
  noise = per_sample(
    lambda sample: model.posterior_family.noise(sample, rows, 1)[0],
    seed,
    first,
    count,
    purpose,
  )
  return model.posterior_family.sample(q, noise)
