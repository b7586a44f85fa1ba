"""Where chains start: at draws from p_0 that the datum has chosen among.

A chain from a single draw of the prior may end in a mode of the posterior that has none
of its mass, and never leave it. Of many draws z_k ~ p_0(z) each chain takes one, with
probability proportional to

    p(x, z_k) / p_0(z_k),

which is a draw from the posterior in the limit of many (sampling importance resampling).
Where p_0 is the prior, the draws are the same for all data: each is decoded once.

A chain that is on its way chooses among them and the point where it is, by the same
weights. That leaves the posterior as it is, for any number of draws (iterated sampling
importance resampling), and is how the chain gets from mode to mode.

References:
  Rubin. Using the SIR algorithm to simulate posterior distributions. 1988.
  Andrieu, Lee, Vihola. Uniform ergodicity of the iterated conditional SMC and geometric
    ergodicity of particle Gibbs samplers. arXiv:1312.6432.
"""

from typing import Any

import tensorflow as tf

from aevb_tf import random
from aevb_tf.evidence.compiled import rows_within
from aevb_tf.evidence.paths import Path
from aevb_tf.random import Purpose

# Draws at once, for all data together or for each, whatever the device: where draws are
# cut decides which noise chooses among them.
_SHARED, _OWN = 1000, 20
# Numbers that they are decoded to, at most.
_OUTPUTS = 2**20


def resampled(
  path: Path,
  seed: Any,
  rows: tf.Tensor,
  chains: int,
  candidates: int,
  current: tf.Tensor | None = None,
) -> tf.Tensor:
  """Starts of chains, u float32 `[chains, batch, latent_dim]`.

  Args:
    path: From p_0 to the posterior.
    seed: An int or a pair of int32.
    rows: int32 `[batch]`: starts of datum i depend on (seed, rows[i]) alone.
    chains: Chains for each datum; they choose among the same draws.
    candidates: Draws that a datum's chains choose among; 1 gives every chain one of its
      own.
    current: Where the chains are, u float32 `[chains, batch, latent_dim]`, one of which
      each of them chooses too.
  """
  if candidates == 1 and current is None:
    return path.draw(seed, rows, chains)
  draw, chunk = _own, _OWN
  if path.start == "prior":
    draw, chunk = _shared, min(_SHARED, rows_within(path.model, _OUTPUTS))
  chunk = min(chunk, candidates)
  choice = random.derive(seed, Purpose.CHOICE)

  def choose(number, best, u):
    """Each chain: one of the next draws, or the one that it has."""
    first = number * chunk
    log_weights, drawn = draw(path, seed, rows, first, chunk)
    is_one = first + tf.range(chunk) < candidates
    log_weights = tf.where(is_one[:, tf.newaxis], log_weights, float("-inf"))
    total = tf.reduce_logsumexp(log_weights, axis=0)
    uniform = random.uniform(
      random.derive(choice, Purpose.CHUNK, number), rows, 2 * chains
    )
    place, chance = tf.split(uniform, 2, axis=1)  # [batch, chains]
    # Within the chunk k with probability w_k / sum w, by the inverse of their CDF.
    cdf = tf.cumsum(tf.exp(log_weights - total))[..., tf.newaxis]
    index = tf.reduce_sum(tf.cast(cdf <= place * cdf[-1], tf.int32), axis=0)
    # The largest of log sum w of the chunks plus Gumbel noise is a chunk by its weight.
    score = total[:, tf.newaxis] + _gumbel(chance)
    better = score > best
    best = tf.where(better, score, best)
    return number + 1, best, tf.where(better[..., tf.newaxis], drawn(index), u)

  if current is None:
    shape = [tf.shape(rows)[0], chains]
    best = tf.fill(shape, tf.float32.min)
    u = tf.zeros([*shape, path.model.latent_dim])
  else:
    chance = random.uniform(random.derive(seed, Purpose.STAY), rows, chains)
    log_weight = tf.transpose(path.log_densities(current)[1])
    best = log_weight + _gumbel(chance)
    u = tf.transpose(current, [1, 0, 2])
  *_, u = tf.while_loop(
    lambda number, *_: number * chunk < candidates,
    choose,
    (0, best, u),
    parallel_iterations=1,
  )
  return tf.transpose(u, [1, 0, 2])


def _gumbel(uniform):
  return -tf.math.log(-tf.math.log(uniform))


def _shared(path, seed, rows, first, count):
  """log p(x|z_k) `[count, batch]` of draws for all data; and those of an index."""
  u, log_weights = path.shared_draws(seed, first, count)
  return log_weights, lambda index: tf.gather(u, index)


def _own(path, seed, rows, first, count):
  """log p(x, z_k) / q(z_k|x) `[count, batch]` of each datum's draws; those of an index."""
  u = path.draw(seed, rows, count, first, Purpose.CANDIDATE)
  _, log_weights = path.log_densities(u)
  u = tf.transpose(u, [1, 0, 2])
  return log_weights, lambda index: tf.gather(u, index, batch_dims=1)
