"""Logs of samples of the standard Gamma(concentration, 1), used in compositions.

For an integer concentration k, a sample is the sum of k exponentials by inverse CDF, as
in the paper: z = sum_{j=1..k} -log(1 - u_j). The concentration is then a count, and has
no gradient.

Any other concentration is reparameterized implicitly, a method that is more recent than
the paper. `tfp.math.igammainv` solves F(z; concentration) = u for z numerically. The
gradient is that of the implicit function, dz/da = -(dF/da) / p(z), as in TFP's gamma
sampler. Unlike a rejection sampler, it uses one uniform per sample, and the sample is
the same, up to rounding, eagerly and compiled.

Everything here is float64, since the incomplete gamma function in float32 loses its
digits for concentrations above a hundred. Samples are logs, since for a small
concentration z is far below the smallest float.

References:
  Figurnov, Mohamed, Mnih. Implicit reparameterization gradients. NeurIPS 2018.
  Goldberg, Levine. Approximate formulas for the percentage points and normalization of
  t and chi-squared. Annals of Mathematical Statistics 17, 1946.
"""

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from aevb_tf.distributions.numerics import bounded_exp, exponential
from aevb_tf.distributions.parameters import Parameter

# Below this log z, z^a / Gamma(a + 1) equals the CDF to the last digit of float64.
_LOG_TINY = -37.0
# Above, the expansion about the normal is exact to 1e-8 standard deviations; past 1e4
# the gradient of TFP's incomplete gamma function is wrong by up to a third.
_LARGE = 1000.0


def noise_event(*concentrations: Parameter) -> list[int]:
  """Trailing axes of the noise: one uniform for each exponential of a count."""
  if any(tf.is_tensor(a) for a in concentrations):
    return []
  return [max(int(np.max(a)) for a in concentrations)]


def sample(u: tf.Tensor, concentration: Parameter, rate: tf.Tensor) -> tf.Tensor:
  """Gamma(concentration, rate) = standard gamma / rate."""
  log_rate = tf.math.log(tf.cast(rate, tf.float64))
  return bounded_exp(log_standard(u, concentration) - log_rate, rate.dtype)


def log_standard(u: tf.Tensor, concentration: Parameter) -> tf.Tensor:
  """The log of z ~ Gamma(concentration, 1).

  Args:
    u: Uniform noise in (0, 1), `[..., *noise_event(concentration)]`.
    concentration: An integer array (counts exponentials) or a float tensor.

  Returns:
    float64 `[...]`.
  """
  u = tf.cast(u, tf.float64)
  if tf.is_tensor(concentration):
    return _log_quantile(u, tf.cast(concentration, tf.float64))
  counted = np.arange(u.shape[-1]) < concentration[..., np.newaxis]
  return tf.math.log(tf.reduce_sum(exponential(u) * counted, axis=-1))


def _log_quantile(u: tf.Tensor, a: tf.Tensor) -> tf.Tensor:
  """The log of F^-1(u; a), by the branch that is exact where it is taken."""
  log_series = (tf.math.log(u) + tf.math.lgamma(a + 1.0)) / a
  tiny, large = log_series < _LOG_TINY, a > _LARGE
  # The branches not taken compute with harmless numbers: their gradients are
  # multiplied by zero, which would not help if they were infinite.
  middle = ~(tiny | large)
  numeric = tfp.math.igammainv(
    tf.where(middle, a, tf.ones_like(a)), tf.where(middle, u, 0.5 * tf.ones_like(u))
  )
  expansion = _expansion(tf.math.ndtri(u), tf.maximum(a, _LARGE))
  return tf.where(tiny, log_series, tf.math.log(tf.where(large, expansion, numeric)))


def _expansion(x: tf.Tensor, a: tf.Tensor) -> tf.Tensor:
  """The Cornish-Fisher expansion of the gamma quantile about the normal one, x."""
  root = tf.sqrt(a)
  return (
    a
    + root * x
    + (x**2 - 1) / 3
    + (x**3 - 7 * x) / (36 * root)
    - (3 * x**4 + 7 * x**2 - 16) / (810 * a)
    + (9 * x**5 + 256 * x**3 - 433 * x) / (38880 * a * root)
  )


def log_ratio(
  u: tf.Tensor, concentration1: Parameter, concentration0: Parameter
) -> tf.Tensor:
  """log(G1 / G0) of two standard gammas.

  Args:
    u: Uniform noise in (0, 1). The last axis, or the one before the axis of
      exponentials of a count, has the noise of G1 and of G0.
    concentration1: Concentration of G1, as for `log_standard`.
    concentration0: Concentration of G0.

  Returns:
    float64.
  """
  axis = -1 if tf.is_tensor(concentration1) else -2
  u1, u0 = tf.unstack(u, axis=axis)
  log1 = log_standard(u1, concentration1)
  return log1 - log_standard(u0, concentration0)


def halves(*dfs: Parameter) -> list[Parameter]:
  """Half of each df: counts if all are even integers, otherwise float64 tensors."""
  if not any(tf.is_tensor(df) for df in dfs) and all(np.all(df % 2 == 0) for df in dfs):
    return [df // 2 for df in dfs]
  return [tf.cast(df, tf.float64) / 2 for df in dfs]
