"""Importance sampling from the encoder, the estimate that an IWAE maximizes.

    log p(x) ~ log (1/K) sum_k p(x, z_k) / q(z_k|x),   z_k ~ q(z|x)

The estimate is below log p(x) in expectation, rises with K, and is exact in the limit.
Samples are drawn in chunks. Only sums over them, and the largest weights for the fit of
their tail (`pareto`), are kept.

References:
  Burda, Grosse, Salakhutdinov. Importance weighted autoencoders. arXiv:1509.00519.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import tensorflow as tf

from aevb_tf import bounds, checks
from aevb_tf.evidence import log_mean, pareto, starts
from aevb_tf.evidence.compiled import compiled, rows_at_once
from aevb_tf.evidence.registered import register
from aevb_tf.evidence.results import PerExample
from aevb_tf.protocols import Model, ModelWithEncoder

# Chunks in one compiled call: many to hide its overhead, few for a smooth progress bar.
_CHUNKS = 32


@register("importance")
class Importance:
  """The importance-weighted estimate with K samples.

  Args:
    num_samples: K.
    chunk_size: Samples that are decoded at once, for a whole batch; None chooses a
      number for the device. Changes the estimate by no more than rounding.

  Raises:
    ValueError: An argument is not a positive integer.
  """

  advice = "Use more samples, or the method 'annealed'."

  def __init__(self, num_samples: int = 5000, chunk_size: int | None = None):
    self.num_samples = checks.positive_int("num_samples", num_samples)
    if chunk_size is not None:
      chunk_size = checks.positive_int("chunk_size", chunk_size)
    self.chunk_size = chunk_size

  def __call__(
    self,
    model: Model,
    x: tf.Tensor,
    seed: tf.Tensor,
    rows: tf.Tensor,
    advance: Callable[[float], None],
  ) -> PerExample:
    """Estimates log p(x) of a batch.

    Args:
      model: A `VAE`.
      x: float32 `[batch, *event_shape]`.
      seed: int32 `[2]`.
      rows: int32 `[batch]`: the estimate of example i depends on (seed, rows[i]) alone.
      advance: Called with the fraction of the work that was done since the last call.

    Returns:
      `PerExample`.

    Raises:
      ValueError: The model has no encoder.
    """
    if not starts.has_encoder(model):
      raise ValueError(
        f"Importance sampling draws from q(z|x), but {type(model).__name__} has no "
        "encoder: use method='annealed'."
      )
    fitting = max(1, rows_at_once(model) // len(x))
    chunk_size = min(self.chunk_size or fitting, self.num_samples)
    add = compiled(model, _add_and_return, chunk_size=chunk_size)
    sums = log_mean.empty(len(x))
    tail = pareto.empty(len(x), self.num_samples)
    step = _CHUNKS * chunk_size
    for first in range(0, self.num_samples, step):
      last = min(first + step, self.num_samples)
      span = tf.constant([first, last])
      sums, log_weights = add(sums, x, seed, rows, span)
      tail = pareto.add(tail, log_weights)
      advance((last - first) / self.num_samples)
    return PerExample(
      sums.log_mean(self.num_samples),
      sums.effective_sample_size(),
      monte_carlo_error=sums.error(self.num_samples),
      pareto_k=pareto.k_hat(tail),
    )


Sums = TypeVar("Sums")


def add_samples(
  model: ModelWithEncoder,
  sums: Sums,
  x: tf.Tensor,
  seed: tf.Tensor,
  rows: tf.Tensor,
  span: tf.Tensor,
  chunk_size: int,
  add: Callable[[Any, tf.Tensor], Any] = log_mean.add,
) -> Sums:
  """Adds the weights of samples `span[0]`, ..., `span[1] - 1`.

  Args:
    model: A `VAE`.
    sums: The sums over earlier samples.
    x: float32 `[batch, *event_shape]`.
    seed: int32 `[2]`.
    rows: int32 `[batch]`, the number of each example.
    span: int32 `[2]`.
    chunk_size: Samples that are decoded at once.
    add: `(sums, log_weights [chunk_size, batch]) -> sums`; log-weights beyond `span`
      are -inf.

  Returns:
    The sums over all of them.
  """
  q, p = model.encode(x), model.prior.distribution()

  def add_chunk(first, sums):
    z = model.posterior_family.numbered_samples(q, seed, rows, first, chunk_size)
    terms = bounds.evaluate_terms(x, z, q, p, model.decode, analytic_kl=False)
    log_weights = terms.log_likelihood + terms.log_prior - terms.log_q
    # The last chunk may extend beyond the last sample.
    real = first + tf.range(chunk_size) < span[1]
    log_weights = tf.where(real[:, tf.newaxis], log_weights, float("-inf"))
    return first + chunk_size, add(sums, log_weights)

  _, sums = tf.while_loop(
    lambda first, _: first < span[1], add_chunk, (span[0], sums), parallel_iterations=1
  )
  return sums


def _add_and_return(model, sums, x, seed, rows, span, chunk_size):
  """`add_samples`, and the log-weights that it added, `[samples, batch]`.

  `samples` is the largest number for one call; log-weights beyond `span` are -inf.
  """

  def add(state, log_weights):
    sums, added, number = state
    added = tf.tensor_scatter_nd_update(added, [[number]], log_weights[tf.newaxis])
    return log_mean.add(sums, log_weights), added, number + 1

  none = tf.fill([_CHUNKS, chunk_size, x.shape[0]], float("-inf"))
  sums, added, _ = add_samples(
    model, (sums, none, 0), x, seed, rows, span, chunk_size, add
  )
  return sums, tf.reshape(added, [_CHUNKS * chunk_size, x.shape[0]])
