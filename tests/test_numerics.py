import numpy as np
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
