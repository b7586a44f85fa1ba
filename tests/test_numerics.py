import numpy as np
import pytest
import scipy.special
import tensorflow as tf

from aevb_tf import numerics


def test_soft_clip_is_the_identity_inside_and_bounded_outside():
  x = tf.constant([-1e4, -1e3, -8.0, 0.0, 3.0, 8.0, 1e3, 1e4])
  y = numerics.soft_clip(x, -20.0, 20.0).numpy()
  np.testing.assert_allclose(y[2:6], x[2:6], atol=1.5 * np.exp(-12.0))
  np.testing.assert_allclose(y[:2], -20.0, atol=1e-5)
  np.testing.assert_allclose(y[-2:], 20.0, atol=1e-5)
  assert np.all(np.diff(y) >= 0)


def test_scales_of_extreme_log_variances_have_finite_gradients():
  x = tf.constant([-1e3, 0.0, 1e3])
  with tf.GradientTape() as tape:
    tape.watch(x)
    scale = numerics.scale_of(x)
  assert np.all(np.isfinite(scale)) and np.all(scale > 0)
  assert np.all(np.isfinite(tape.gradient(scale, x)))


@pytest.mark.parametrize("event_shape", [(7,), (1,), (28, 28, 1), (67,), (128,)])
def test_sum_softplus_is_the_sum_of_softplus(event_shape):
  rng = np.random.default_rng(0)
  x = np.float32(
    rng.normal(size=(3, 2, *event_shape)) * [1, 10, 100][len(event_shape) % 3]
  )
  x[0, 0], x[0, 1], x[1, 0] = 1e4, -1e4, 0.0
  with tf.GradientTape() as tape:
    point = tf.constant(x)
    tape.watch(point)
    total = numerics.sum_softplus(point, len(event_shape))
  axes = tuple(range(2, x.ndim))
  expected = np.logaddexp(0.0, np.float64(x)).sum(axes)
  np.testing.assert_allclose(total, expected, rtol=1e-6, atol=1e-5)
  slope = tape.gradient(total, point)
  np.testing.assert_allclose(slope, scipy.special.expit(np.float64(x)), atol=1e-6)


def test_sum_softplus_is_not_a_number_where_its_argument_is_not():
  assert np.isnan(numerics.sum_softplus(tf.constant([[0.0, np.nan, 1.0]]), 1)).all()
