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


@pytest.mark.parametrize("low, high", [(-2.3, 6.0), (-1.0, 1.0), (0.0, 0.1)])
def test_soft_clip_keeps_to_a_narrow_range(low, high):
  y = numerics.soft_clip(tf.linspace(low - 50.0, high + 50.0, 1001), low, high).numpy()
  rounding = 1e-6 * (high - low)
  assert low - rounding <= y[0] < low + rounding
  assert high - rounding < y[-1] <= high + rounding
  assert np.all(np.diff(y) >= -rounding)


def test_scales_of_extreme_log_variances_have_finite_gradients():
  x = tf.constant([-1e3, 0.0, 1e3])
  with tf.GradientTape() as tape:
    tape.watch(x)
    scale = numerics.scale_of(x)
  assert np.all(np.isfinite(scale)) and np.all(scale > 0)
  assert np.all(np.isfinite(tape.gradient(scale, x)))


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("event_shape", [(7,), (1,), (28, 28, 1), (67,), (128,)])
def test_bernoulli_log_probs_and_their_gradients_are_exact(event_shape, grey):
  rng = np.random.default_rng(0)
  scale = [1, 10, 100][len(event_shape) % 3]
  logits = np.float32(scale * rng.normal(size=(3, 2, *event_shape)))
  logits[0, 0], logits[0, 1], logits[1, 0] = 1e4, -1e4, 0.0
  x = rng.random(size=(2, *event_shape))  # broadcast over three samples
  x = np.float32(x if grey else x < 0.5)
  with tf.GradientTape() as tape:
    points = tf.constant(x), tf.constant(logits)
    tape.watch(points)
    total = numerics.sum_bernoulli_log_prob(*points, len(event_shape))
  exact, axes = np.float64(logits), tuple(range(2, logits.ndim))
  expected = (x * exact - np.logaddexp(0.0, exact)).sum(axes)
  np.testing.assert_allclose(total, expected, rtol=1e-6, atol=1e-5)
  of_x, of_logits = tape.gradient(total, points)
  np.testing.assert_allclose(of_x, exact.sum(0), rtol=1e-5, atol=1e-5 * scale)
  np.testing.assert_allclose(of_logits, x - scipy.special.expit(exact), atol=1e-6)


@pytest.mark.parametrize("shapes", [((4, 1, 3), (2, 3)), ((1, 3), (5, 3))])
def test_bernoulli_gradients_have_the_shapes_of_what_was_broadcast(shapes):
  points = [tf.ones(shape) / 3 for shape in shapes]

  @tf.function(
    input_signature=[tf.TensorSpec((None,) * len(s[:-1]) + (3,)) for s in shapes]
  )
  def gradients(x, logits):
    return tf.gradients(numerics.sum_bernoulli_log_prob(x, logits, 1), [x, logits])

  of_x, of_logits = gradients(*points)
  copies = np.prod(np.broadcast_shapes(*shapes))
  assert (of_x.shape, of_logits.shape) == shapes
  np.testing.assert_allclose(np.sum(of_x), copies / 3, rtol=1e-6)
  sigmoid = scipy.special.expit(1 / 3)
  np.testing.assert_allclose(np.sum(of_logits), copies * (1 / 3 - sigmoid), rtol=1e-5)


def test_bernoulli_log_probs_are_not_a_number_where_logits_are_not():
  logits = tf.constant([[0.0, np.nan, 1.0]])
  assert np.isnan(numerics.sum_bernoulli_log_prob(tf.ones((1, 3)), logits, 1)).all()
