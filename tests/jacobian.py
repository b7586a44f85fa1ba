"""The density of an invertible map of normal noise, by its whole Jacobian."""

import numpy as np
import scipy.stats
import tensorflow as tf


def change_of_variables(g, noise):
  """z = g(noise) and its log-density.

  Args:
    g: `[n, J]` -> `[n, J]`, row by row, differentiable.
    noise: Standard normal, float32 `[n, J]`.

  Returns:
    z, and log N(noise; 0, I) - log |det dz/dnoise| `[n]`, by automatic differentiation
    of g as a whole and a determinant in float64.
  """
  with tf.GradientTape() as tape:
    tape.watch(noise)
    z = g(noise)
  jacobian = tape.batch_jacobian(z, noise).numpy().astype(np.float64)
  log_det = np.linalg.slogdet(jacobian)[1]
  return z, scipy.stats.norm.logpdf(noise).sum(1) - log_det


def roughen(layer, seed=0):
  """Moves every weight of a layer away from its start."""
  rng = np.random.default_rng(seed)
  for variable in layer.trainable_variables:
    variable.assign(variable + 0.4 * rng.normal(size=variable.shape))
