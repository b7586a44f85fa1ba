"""Float guards: noise at the ends of (0, 1), exponentials past the float's range."""

import math

import numpy as np
import tensorflow as tf


def open_uniform(u: tf.Tensor) -> tf.Tensor:
  """Keeps `u` inside the open interval (0, 1): the smallest normal float and 1 - 2^-24.

  Noise drawn by `aevb_tf.random` is inside already; a caller's own may touch the ends.
  """
  info = np.finfo(u.dtype.as_numpy_dtype)
  return tf.clip_by_value(u, float(info.tiny), float(1.0 - info.epsneg))


def exponential(u: tf.Tensor) -> tf.Tensor:
  """The standard exponential -log(1 - u), its inverse CDF at `u` in (0, 1)."""
  return -tf.math.log1p(-u)


def bounded_exp(x: tf.Tensor, dtype: tf.DType | None = None) -> tf.Tensor:
  """exp(x), saturating inside the float's range; the gradient is zero where it does.

  The lower end is the smallest normal float, so that log z stays finite. The upper is
  the 0.7th power of the largest (9e26 in float32): dz/dparameter is z times something,
  and must be finite too.

  Args:
    x: float tensor.
    dtype: The type to round to, whose range counts; that of `x` by default.
  """
  dtype = dtype or x.dtype
  info = np.finfo(dtype.as_numpy_dtype)
  low, high = math.log(info.tiny) + 1e-2, 0.7 * math.log(info.max)
  return tf.cast(tf.exp(tf.clip_by_value(x, low, high)), dtype)


def log_expm1(x: tf.Tensor) -> tf.Tensor:
  """log(exp(x) - 1) for x > 0, without overflow."""
  return x + tf.math.log(-tf.math.expm1(-x))
