"""Imputation by importance sampling from q(z|x_obs).

    w_k = p(x_obs|z_k) p(z_k) / q(z_k|x_obs),   z_k ~ q(z|x_obs)
    E[x|x_obs]  ~  sum_k w_k E[x|z_k] / sum_k w_k           (one imputation)
    x ~ p(x|z_k),  k with probability w_k / sum w           (several: resampling)

Both converge to p(x_mis|x_obs) with K. k is chosen by the largest log w_k + g_k with
Gumbel noise g_k, so that no sample has to be kept but the best so far.

References:
  Mattei, Frellsen. MIWAE: deep generative modelling and imputation of incomplete data
  sets. ICML 2019.
"""

import math

import tensorflow as tf

from aevb_tf import bounds, checks, random
from aevb_tf.evidence import log_mean
from aevb_tf.evidence.compiled import compiled, rows_at_once
from aevb_tf.imputation.base import Imputed, decode, draw, encode, register
from aevb_tf.likelihoods.observed import complete_of
from aevb_tf.protocols import ModelWithEncoder
from aevb_tf.random import Purpose


@register("importance")
class Importance:
  """Imputation from K weighted samples of q(z|x_obs).

  Args:
    num_samples: K.

  Raises:
    ValueError: `num_samples` is not a positive integer.
  """

  advice = "Use more samples, or the method 'metropolis_within_gibbs'."

  def __init__(self, num_samples: int = 1000):
    self.num_samples = checks.positive_int("num_samples", num_samples)

  def __call__(
    self,
    model: ModelWithEncoder,
    x: tf.Tensor,
    seed: tf.Tensor,
    rows: tf.Tensor,
    num_imputations: int,
  ) -> Imputed:
    """Imputes a batch; see `Imputer`."""
    fitting = max(1, rows_at_once(model) // len(x))
    chunk_size = min(fitting, self.num_samples)
    if num_imputations == 1:
      run = compiled(model, _mean, chunk_size=chunk_size)
    else:
      run = compiled(
        model, _draws, chunk_size=chunk_size, num_imputations=num_imputations
      )
    values, effective = run(x, seed, rows, tf.constant(self.num_samples))
    return Imputed(values, effective)


def _mean(model, x, seed, rows, num_samples, chunk_size):
  """The weighted mean of E[x|z_k], and the effective sample size."""
  likelihood = complete_of(model.likelihood_family)

  def add(total, before, sums, chunk):
    _, p, log_weights, _ = chunk
    # As in `log_mean`: relative to the largest weight so far.
    pivot = log_mean.pivot_of(sums.largest)
    weights = tf.exp(log_weights - pivot)
    each = likelihood.expectations(p.complete)  # [chunk * batch, ...]
    each = tf.reshape(each, (*log_weights.shape, *each.shape[1:]))
    added = tf.einsum("kb,kb...->b...", weights, each)
    shrunk = tf.exp(before.largest - pivot)
    return total * _spread(shrunk, added) + added

  start = tf.zeros((x.shape[0], *likelihood.expectations_shape()))
  total, sums = _over_chunks(model, x, seed, rows, num_samples, chunk_size, add, start)
  mean = total / _spread(sums.total, total)
  return likelihood.point_estimate(mean), sums.effective_sample_size()


def _draws(model, x, seed, rows, num_samples, chunk_size, num_imputations):
  """Draws of x at resampled z, `[m, batch, *event_shape]`; the effective sample size."""
  batch, m = x.shape[0], num_imputations

  def add(state, before, sums, chunk):
    del before, sums
    best, chosen = state
    z, _, log_weights, first = chunk
    noise = random.per_sample(
      lambda one: random.uniform(one, rows, m),
      seed,
      first,
      chunk_size,
      Purpose.IMPUTED_CHOICE,
    )
    gumbel = -tf.math.log(-tf.math.log(noise))  # [chunk, batch, m]
    scores = log_weights[:, :, tf.newaxis] + gumbel
    winner = tf.argmax(scores, axis=0, output_type=tf.int32)  # [batch, m]
    score = tf.reduce_max(scores, axis=0)
    candidates = tf.transpose(z, (1, 0, 2))  # [batch, chunk, J]
    new = tf.gather(candidates, winner, batch_dims=1)  # [batch, m, J]
    better = score > best
    return tf.where(better, score, best), tf.where(better[..., tf.newaxis], new, chosen)

  start = tf.fill([batch, m], float("-inf")), tf.zeros([batch, m, model.latent_dim])
  (_, chosen), sums = _over_chunks(
    model, x, seed, rows, num_samples, chunk_size, add, start
  )
  z = tf.reshape(tf.transpose(chosen, (1, 0, 2)), [-1, model.latent_dim])
  uniform = random.per_sample(
    lambda one: random.uniform(one, rows, math.prod(model.event_shape)),
    seed,
    0,
    m,
    Purpose.IMPUTED_VALUES,
  )
  drawn = draw(model, decode(model, z), uniform)
  return tf.reshape(drawn, (m, *x.shape)), sums.effective_sample_size()


def _over_chunks(model, x, seed, rows, num_samples, chunk_size, add, state):
  """`state` and the sums of weights after all samples, which `add` sees in chunks.

  `add(state, before, sums, (z, p, log_weights, first))` gets the sums without and with the
  chunk, z `[chunk, batch, J]`, p(x|z) of batch shape `[chunk * batch]`, log-weights
  `[chunk, batch]`, -inf beyond the last sample, and the number of the first.
  """
  q, prior = encode(model, x), model.prior.distribution()
  posterior = model.posterior_family

  def add_chunk(first, sums, state):
    z = posterior.numbered_samples(q, seed, rows, first, chunk_size)
    p = decode(model, tf.reshape(z, [-1, z.shape[-1]]))
    log_likelihood, log_prior = bounds.log_joint(x, z, prior, lambda _: p)
    log_weights = log_likelihood + log_prior - q.log_prob(z)
    real = first + tf.range(chunk_size) < num_samples
    log_weights = tf.where(real[:, tf.newaxis], log_weights, float("-inf"))
    after = log_mean.add(sums, log_weights)
    state = add(state, sums, after, (z, p, log_weights, first))
    return first + chunk_size, after, state

  _, sums, state = tf.while_loop(
    lambda first, *_: first < num_samples,
    add_chunk,
    (tf.constant(0), log_mean.empty(x.shape[0]), state),
    parallel_iterations=1,
  )
  return state, sums


def _spread(of_examples, like):
  """`[batch]` with axes of 1 behind it, to broadcast with `like`."""
  return tf.reshape(of_examples, [-1] + [1] * (like.shape.rank - 1))
