"""Where chains start: at draws from p_0 that the datum has chosen among.

A chain from a single draw of the prior may end in a mode of the posterior that has none
of its mass, and never leave it. Of many draws z_k ~ p_0(z) each chain takes one, with
probability proportional to

    p(x, z_k) / p_0(z_k),

which is a draw from the posterior in the limit of many (sampling importance resampling).

References:
  Rubin. Using the SIR algorithm to simulate posterior distributions. 1988.
"""

from typing import Any

import tensorflow as tf

from aevb_tf import random
from aevb_tf.evidence import noise
from aevb_tf.evidence.paths import Path

# Draws at once.
_CHUNK = 20


def resampled(
  path: Path, seed: Any, rows: tf.Tensor, chains: int, candidates: int
) -> tf.Tensor:
  """Starts of chains, u float32 `[chains, batch, latent_dim]`.

  Args:
    path: From p_0 to the posterior.
    seed: An int or a pair of int32.
    rows: int32 `[batch]`: starts of datum i depend on (seed, rows[i]) alone.
    chains: Chains for each datum; they choose among the same draws.
    candidates: Draws for each datum; 1 gives every chain a draw of its own.
  """
  if candidates == 1:
    return path.draw(seed, rows, chains)
  choice = random.fold_in(seed, noise.CHOICE)

  def chosen(first, best, u):
    drawn = path.draw(seed, rows, _CHUNK, first)
    log_weights = path.log_densities(drawn)[1]
    # The largest of log w_k plus Gumbel noise is k with probability w_k / sum w.
    uniform = noise.per_sample(
      lambda one: random.uniform(one, rows, chains), choice, first, _CHUNK
    )
    scores = log_weights[..., tf.newaxis] - tf.math.log(-tf.math.log(uniform))
    is_one = first + tf.range(_CHUNK) < candidates
    scores = tf.where(is_one[:, tf.newaxis, tf.newaxis], scores, scores.dtype.min)
    index = tf.argmax(scores, axis=0, output_type=tf.int32)  # [batch, chains]
    score = tf.reduce_max(scores, axis=0)
    taken = tf.gather(tf.transpose(drawn, [1, 0, 2]), index, batch_dims=1)
    better = score > best
    return (
      first + _CHUNK,
      tf.where(better, score, best),
      tf.where(better[..., tf.newaxis], taken, u),
    )

  shape = [rows.shape[0], chains]
  *_, u = tf.while_loop(
    lambda first, *_: first < candidates,
    chosen,
    (0, tf.fill(shape, tf.float32.min), tf.zeros([*shape, path.model.latent_dim])),
    parallel_iterations=1,
  )
  return tf.transpose(u, [1, 0, 2])
