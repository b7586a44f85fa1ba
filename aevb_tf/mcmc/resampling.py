"""Initial positions of chains, resampled from many draws, and moves between modes.

A chain that starts at a single draw from the prior may end in a mode that has none of
the posterior's mass, and never leave it. Of many draws z_k ~ p_0(z) each chain takes
one, with probability proportional to its weight

    p(x, z_k) / p_0(z_k),

which is a draw from the posterior in the limit of many (sampling importance resampling).
Where p_0 is the prior, all examples share the draws: each is decoded once, unless the
examples have conditions.

A chain that is under way chooses among them and its current position, by the same
weights. That leaves the posterior invariant for any number of draws (iterated sampling
importance resampling), and lets the chain move from mode to mode.

References:
  Rubin. Using the SIR algorithm to simulate posterior distributions. 1988.
  Andrieu, Lee, Vihola. Uniform ergodicity of the iterated conditional SMC and geometric
    ergodicity of particle Gibbs samplers. arXiv:1312.6432.
"""

import tensorflow as tf

from aevb_tf import conditions, random
from aevb_tf.mcmc.annealing_path import AnnealingPath
from aevb_tf.protocols import Model
from aevb_tf.random import Purpose
from aevb_tf.types import Seed

# Draws in a chunk, whatever the device: which noise chooses among draws depends on where
# the chunks end.
_SHARED_DRAWS, _OWN_DRAWS = 1000, 20
# Numbers that the decoder gives for a chunk of shared draws, at most.
_DECODED_NUMBERS = 2**20


def resample(
  path: AnnealingPath,
  seed: Seed,
  rows: tf.Tensor,
  chains: int,
  candidates: int,
  current: tf.Tensor | None = None,
) -> tf.Tensor:
  """Chooses positions of chains among draws from p_0, and their current positions.

  Args:
    path: From p_0 to the posterior.
    seed: An int or a pair of int32.
    rows: int32 `[batch]`: the positions of example i depend on (seed, rows[i]) alone.
    chains: Chains per example; they choose among the same draws.
    candidates: Draws to choose among; 1 without `current` gives each chain a draw of
      its own.
    current: Current positions, u float32 `[chains, batch, latent_dim]`; None at the
      start.

  Returns:
    u, float32 `[chains, batch, latent_dim]`.
  """
  if candidates == 1 and current is None:
    return path.draw(seed, rows, chains)
  draw, chunk_size = _draw_own, _OWN_DRAWS
  if path.start == "prior" and conditions.current(path.model) is None:
    fitting = rows_within(path.model, _DECODED_NUMBERS)
    draw, chunk_size = _draw_shared, min(_SHARED_DRAWS, fitting)
  chunk_size = min(chunk_size, candidates)
  choice_seed = random.derive(seed, Purpose.CHOICE)

  def choose(chunk, best_score, u):
    """Replaces positions by draws of the next chunk, where these win."""
    first = chunk * chunk_size
    log_weights, take = draw(path, seed, rows, first, chunk_size)
    is_candidate = first + tf.range(chunk_size) < candidates
    log_weights = tf.where(is_candidate[:, tf.newaxis], log_weights, float("-inf"))
    log_sum = tf.reduce_logsumexp(log_weights, axis=0)
    uniform = random.uniform(
      random.derive(choice_seed, Purpose.CHUNK, chunk), rows, 2 * chains
    )
    within_chunk, between_chunks = tf.split(uniform, 2, axis=1)  # [batch, chains]
    # Draw k of the chunk with probability w_k / sum w, by the inverse CDF.
    cdf = tf.cumsum(tf.exp(log_weights - log_sum))[..., tf.newaxis]
    index = tf.reduce_sum(tf.cast(cdf <= within_chunk * cdf[-1], tf.int32), axis=0)
    # The Gumbel-max trick chooses a chunk with probability proportional to its sum.
    score = log_sum[:, tf.newaxis] + _gumbel(between_chunks)
    is_better = score > best_score
    best_score = tf.where(is_better, score, best_score)
    return chunk + 1, best_score, tf.where(is_better[..., tf.newaxis], take(index), u)

  if current is None:
    shape = [tf.shape(rows)[0], chains]
    score = tf.fill(shape, tf.float32.min)
    u = tf.zeros([*shape, path.model.latent_dim])
  else:
    uniform = random.uniform(random.derive(seed, Purpose.STAY), rows, chains)
    log_weight = tf.transpose(path.log_densities(current)[1])
    score = log_weight + _gumbel(uniform)
    u = tf.transpose(current, [1, 0, 2])
  *_, u = tf.while_loop(
    lambda chunk, *_: chunk * chunk_size < candidates,
    choose,
    (0, score, u),
    parallel_iterations=1,
  )
  return tf.transpose(u, [1, 0, 2])


def rows_within(model: Model, numbers: int) -> int:
  """How many z the decoder can map to at most so many numbers; at least one."""
  outputs = 1
  for size in model.likelihood_family.params_shape(model.event_shape):
    outputs *= size
  return max(1, min(2**16, numbers // outputs))


def _gumbel(uniform):
  return -tf.math.log(-tf.math.log(uniform))


def _draw_shared(path, seed, rows, first, count):
  """log p(x|z_k) `[count, batch]` of draws that examples share, and how to take them."""
  u, log_weights = path.draw_shared(seed, first, count)
  return log_weights, lambda index: tf.gather(u, index)


def _draw_own(path, seed, rows, first, count):
  """log p(x, z_k) / q(z_k|x) `[count, batch]` of own draws, and how to take them."""
  u = path.draw(seed, rows, count, first, Purpose.CANDIDATE)
  _, log_weights = path.log_densities(u)
  u = tf.transpose(u, [1, 0, 2])
  return log_weights, lambda index: tf.gather(u, index, batch_dims=1)
