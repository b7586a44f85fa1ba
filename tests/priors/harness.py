"""What every prior satisfies: `check_member`, or one check at a time.

A check takes what `VAE(prior=...)` takes, and a name of a posterior that fits.
"""

import keras
import numpy as np
import tensorflow as tf

import aevb_tf as aevb
from aevb_tf import priors
from tests.jacobian import roughen

LATENT_DIM = 2


def check_member(prior, posterior="gaussian", seed=0):
  """All checks of one prior."""
  for check in CHECKS:
    check(prior, posterior, seed)


def built(identifier, latent_dim, posterior="gaussian"):
  """A prior in a model of that many latents, with weights away from their start."""
  keras.utils.set_random_seed(0)
  encoder = aevb.networks.MLPEncoder(latent_dim, (), posterior=posterior)
  decoder = aevb.networks.MLPDecoder((4,), ())
  condition = 2 if identifier == "conditional" else None
  vae = aevb.VAE(
    encoder,
    decoder,
    prior=identifier,
    bound={"name": "ciwae"},
    condition=condition,
    seed=0,
  )
  roughen(vae.prior)
  return vae.prior, vae


def given(vae, num):
  """A context with a condition, if the model has one."""
  return vae.given(None if vae.condition is None else 1, num)


def a_draw_depends_on_the_seed_and_its_number(prior, posterior, seed):
  prior, vae = built(prior, LATENT_DIM, posterior)

  def sample(seed, rows):
    with given(vae, len(rows)):
      return prior.sample(seed, rows).numpy()

  z = sample(seed, tf.range(9))
  assert z.shape == (9, LATENT_DIM) and len(np.unique(z)) == z.size
  assert z.dtype == np.float32
  rows = tf.constant([7, 2, 5])
  some = sample(seed, rows)
  np.testing.assert_allclose(some, z[rows.numpy()], rtol=1e-5, atol=1e-6)
  assert not np.isclose(sample(seed + 1, tf.range(9)), z).any()
  if prior.support == "positive":
    assert np.all(z > 0)


def shapes_are_right_and_densities_finite(prior, posterior, seed):
  prior, vae = built(prior, LATENT_DIM, posterior)
  batch = () if vae.condition is None else (3,)
  with given(vae, 9):
    z = prior.sample(seed, tf.range(9))
  with given(vae, 3):
    p = prior.distribution()
  assert p.batch_shape == batch and p.event_shape == (LATENT_DIM,)
  log_prob = p.log_prob(tf.reshape(z, (3, 3, LATENT_DIM)))
  assert log_prob.shape == (3, 3) and log_prob.dtype == tf.float32
  assert np.isfinite(log_prob).all()


def configuration_survives_saving(prior, posterior, seed):
  prior = priors.get(prior)
  again = keras.saving.deserialize_keras_object(
    keras.saving.serialize_keras_object(prior)
  )
  assert type(again) is type(prior) and again.get_config() == prior.get_config()


CHECKS = (
  a_draw_depends_on_the_seed_and_its_number,
  shapes_are_right_and_densities_finite,
  configuration_survives_saving,
)
