"""Gradient estimators, run many times; and importance weighting in plain NumPy."""

import dataclasses

import numpy as np
import tensorflow as tf

from aevb_tf import random

DECODER = ("weights", "bias")


def one_sample_gradients(oracle, vae, x, seed, n=4000, mutate=None):
  """Gradients of n independent minibatches of all of x, by parameter name."""

  def bound(i):
    terms = vae.terms(x, random.fold_in(seed, i), tf.range(len(x)), training=True)
    terms = mutate(terms) if mutate else terms
    return tf.reduce_mean(vae.bound(terms, training=True))

  per_variable = gradients_of(bound, vae.trainable_variables, n)
  named = [oracle.gradients_of(vae, g) for g in zip(*per_variable, strict=True)]
  return {key: np.stack([g[key] for g in named]) for key in named[0]}


def gradients_of(objective, variables, n):
  """Gradients `[n, ...]` of a random scalar, `objective(i)`, for each variable."""

  def gradient(i):
    with tf.GradientTape() as tape:
      value = objective(i)
    return tape.gradient(
      value,
      [v.value for v in variables],
      unconnected_gradients=tf.UnconnectedGradients.ZERO,
    )

  @tf.function(jit_compile=True, autograph=False)
  def gradients():
    signature = [tf.TensorSpec(v.shape) for v in variables]
    return tf.map_fn(gradient, tf.range(n), fn_output_signature=signature)

  return [np.asarray(g) for g in gradients()]


def log_weights(oracle, x, eps):
  """log p(x, z) - log q(z|x) at z = g(eps, x), float64.

  x is `[batch, D]`, eps `[..., batch, J]`; the result is `[..., batch]`.
  """
  mean, stddev = oracle.encoded(x.astype(np.float64))
  z = mean + stddev * eps
  residual = x - z @ oracle.weights.T - oracle.bias
  log_2pi = np.log(2 * np.pi)
  dim, latent_dim = oracle.weights.shape
  log_likelihood = -0.5 * np.sum(residual**2, axis=-1) / oracle.stddev**2
  log_likelihood -= 0.5 * dim * (log_2pi + 2 * np.log(oracle.stddev))
  log_prior = -0.5 * (np.sum(z**2, axis=-1) + latent_dim * log_2pi)
  log_q = -0.5 * (np.sum(eps**2, axis=-1) + latent_dim * log_2pi)
  return log_likelihood + log_prior - (log_q - np.sum(np.log(stddev)))


def log_mean(log_weight):
  """Log of the mean over the last axis but one: `[..., K, batch] -> [..., batch]`."""
  return np.logaddexp.reduce(log_weight, axis=-2) - np.log(log_weight.shape[-2])


def importance_weighted_gradients(oracle, x, rng, shape, n=2000, step=1e-5):
  """Samples `[n, ...]` of the gradient of the mean over x of a (M)IWAE bound.

  By central differences at common noise, which is the path derivative; `shape` is
  (L, K).
  """
  eps = rng.normal(size=(n, *shape, len(x), len(oracle.encoder_bias)))
  samples = {}
  for name, value in oracle.parameters().items():
    samples[name] = np.zeros((n, *value.shape))
    for index in np.ndindex(value.shape):
      sides = []
      for sign in (1, -1):
        moved = value.copy()
        moved[index] += sign * step
        other = dataclasses.replace(oracle, **{name: moved})
        bound = log_mean(log_weights(other, x, eps))  # [n, L, batch]
        sides.append(bound.mean(axis=(1, 2)))
      samples[name][(slice(None), *index)] = (sides[0] - sides[1]) / (2 * step)
  return samples


def mean_and_error(samples):
  """The mean over axis 0, and its standard error."""
  return samples.mean(axis=0), samples.std(axis=0, ddof=1) / np.sqrt(len(samples))
