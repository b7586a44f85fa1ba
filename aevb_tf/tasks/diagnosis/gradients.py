"""Noise of the gradient: how much of it is due to z, and how much to the minibatch.

With two gradients a_k, b_k of minibatch k of M examples, by different draws of z,

    mean of a_k . b_l, k != l           |G|^2, of the mean gradient G
    mean of a_k . b_k, minus |G|^2      variance due to the examples in the minibatch
    mean of |a_k - b_k|^2 / 2           variance due to z

are unbiased. M times the whole variance, over |G|^2, is the gradient noise scale: with
batches of so many examples, noise and mean gradient have the same length.

References:
  McCandlish, Kaplan, Amodei, OpenAI Dota team. An empirical model of large-batch training.
    arXiv:1812.06162.
"""

import numpy as np
import tensorflow as tf

from aevb_tf import conditions
from aevb_tf.evidence.compiled import compiled
from aevb_tf.tasks.diagnosis.context import Context, Refused
from aevb_tf.tasks.diagnosis.report import Finding

_BATCHES = 16
_LARGEST_SHARE = 0.9
_ADVICE = (
  "Draw more z for each example (num_samples of the bound), use estimator B if the KL "
  "has a closed form, or doubly reparameterized gradients with ImportanceWeighted."
)


def gradient_noise(context: Context) -> list[Finding]:
  """The share of the gradient's variance that is due to z, and the noise scale.

  Raises:
    Refused: There are fewer than 32 training examples, or no weights to train.
  """
  vae, size = context.vae, len(context.train) // _BATCHES
  if size < 2:
    raise Refused(f"{2 * _BATCHES} training examples are needed.")
  if not vae.trainable_variables:
    raise Refused("the model has no trainable weights.")
  compute = compiled(vae, _gradient, jit=False)
  found = []
  for k in range(_BATCHES):
    part = slice(k * size, (k + 1) * size)
    features = context.train.features
    given = None if features is None else tf.constant(features[part])
    x, rows = tf.constant(context.train.x[part]), tf.range(k * size, (k + 1) * size)
    with conditions.given(vae, given):
      found.append([np.asarray(compute(x, context.draw(i), rows)) for i in (0, 1)])
  a, b = np.stack(found, axis=1)
  products = a @ b.T
  distances = np.sum((a - b) ** 2, axis=1) / 2
  (share, scale), errors = jackknife(products.astype(np.float64), distances, size)
  warns = share - errors[0] > _LARGEST_SHARE
  return [
    Finding(
      "gradients",
      "share of gradient variance due to z",
      float(share),
      "",
      float(errors[0]),
      "warn" if warns else "ok",
      advice=_ADVICE if warns else "",
    ),
    Finding(
      "gradients",
      "gradient noise scale",
      float(scale),
      "examples",
      float(errors[1]) if np.isfinite(errors[1]) else None,
      detail="In smaller batches the noise is larger than the mean gradient; at the end "
      "of training it always is.",
    ),
  ]


def _gradient(vae, x, seed, rows):
  """The gradient of the mean loss of a minibatch in all weights, float32 `[P]`."""
  with tf.GradientTape() as tape:
    loss = -tf.reduce_mean(vae.bound_parts(x, seed, rows, training=False).bound)
  variables = vae.trainable_variables
  zero = tf.UnconnectedGradients.ZERO
  gradients = tape.gradient(loss, variables, unconnected_gradients=zero)
  return tf.concat([tf.reshape(g, [-1]) for g in gradients], axis=0)


def jackknife(
  products: np.ndarray, distances: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray]:
  """The share of the variance due to z and the noise scale, with standard errors.

  Args:
    products: a_k . b_l, `[batches, batches]`.
    distances: |a_k - b_k|^2 / 2, `[batches]`.
    size: M, examples in a minibatch.

  Returns:
    The two numbers, and their standard errors by the jackknife over minibatches. The
    scale is infinite if the mean gradient is not significantly different from 0.
  """
  n = len(distances)
  keep = np.arange(n)

  def statistics(kept):
    part = products[np.ix_(kept, kept)]
    own, count = np.trace(part) / len(kept), len(kept)
    square = (part.sum() - np.trace(part)) / (count * (count - 1))
    of_z = distances[kept].mean()
    variance = max(own - square, 0.0) + of_z
    scale = size * variance / square if square > 0 else np.inf
    return np.array([of_z / variance if variance > 0 else 0.0, scale])

  left = np.stack([statistics(np.delete(keep, k)) for k in range(n)])
  if not np.isfinite(left).all():
    left[:, 1] = np.nan
  errors = np.sqrt((n - 1) * left.var(axis=0))
  return statistics(keep), errors
