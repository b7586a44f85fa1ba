"""What every posterior satisfies: `check_member`, or one check at a time.

A check takes a function that returns a new posterior, of the package or of a user.
"""

import keras
import numpy as np
import tensorflow as tf

LATENT_DIM, BATCH, DRAWS = 3, 5, 2


SIZES = (0.0, 1e3, -1e3)  # of the encoder's output, for which all has to be finite


def check_member(make, sizes=SIZES):
  """All checks of one posterior."""
  for check in CHECKS:
    check(make, sizes)


def built(make):
  posterior = make()
  posterior.build((LATENT_DIM,))
  return posterior


def noise_of_an_example_is_its_own(make, sizes):
  posterior, rows = built(make), tf.range(BATCH)
  noise = posterior.noise(1, rows, DRAWS)
  assert noise.shape == (DRAWS, BATCH, *posterior.noise_shape())
  np.testing.assert_array_equal(posterior.noise(1, rows[3:], DRAWS), noise[:, 3:])


def shapes_are_right_and_extremes_are_finite(make, sizes):
  posterior = built(make)
  noise = posterior.noise(1, tf.range(BATCH), DRAWS)
  for value in sizes:
    params = tf.fill((BATCH, posterior.params_size(LATENT_DIM)), value)
    with tf.GradientTape() as tape:
      tape.watch(params)
      q = posterior.distribution(params)
      z = posterior.sample(q, noise)
      log_q = q.log_prob(z)
    assert q.batch_shape == (BATCH,) and q.event_shape == (LATENT_DIM,)
    assert z.shape == (DRAWS, BATCH, LATENT_DIM) and log_q.shape == (DRAWS, BATCH)
    assert z.dtype == log_q.dtype == tf.float32
    assert posterior.point_estimate(q).shape[-1] == LATENT_DIM
    for tensor in (z, log_q, tape.gradient(log_q, params)):
      assert np.isfinite(tensor).all()
    if posterior.support == "positive":
      assert np.all(z > 0) and np.all(posterior.point_estimate(q) > 0)


def configuration_survives_saving(make, sizes):
  posterior = make()
  again = keras.saving.deserialize_keras_object(
    keras.saving.serialize_keras_object(posterior)
  )
  assert type(again) is type(posterior) and again.title == posterior.title
  assert again.get_config() == posterior.get_config()
  assert again.params_size(LATENT_DIM) == posterior.params_size(LATENT_DIM)


CHECKS = (
  noise_of_an_example_is_its_own,
  shapes_are_right_and_extremes_are_finite,
  configuration_survives_saving,
)
