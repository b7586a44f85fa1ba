import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from aevb_tf.evidence import hmc

STEP_SIZE, LEAPFROG_STEPS = 0.35, 10


class Quartic:
  """A density with light tails, in the shape that `hmc` takes."""

  def log_densities(self, u):
    log_base = -0.5 * tf.reduce_sum(u**2, axis=-1)
    return log_base, -0.2 * tf.reduce_sum((u - 1.0) ** 4, axis=-1)


def tfp_transition(u, seed):
  kernel = tfp.mcmc.HamiltonianMonteCarlo(
    lambda u: tf.add_n(Quartic().log_densities(u)), STEP_SIZE, LEAPFROG_STEPS
  )
  _, results = kernel.one_step(u, kernel.bootstrap_results(u), seed=seed)
  return results


@pytest.mark.parametrize("chance", [0.0, 0.7])
def test_a_transition_is_that_of_tfp(chance, seeds):
  rng = np.random.default_rng(seeds(0))
  u = tf.constant(rng.normal(size=(5, 30, 2)), tf.float32)
  theirs = tfp_transition(u, seed=[seeds(1), 0])
  (momentum,) = theirs.proposed_results.initial_momentum
  kick = hmc.Kicks(
    momentum=momentum,
    chance=tf.fill(u.shape[:2], chance),
    jitter=tf.fill(u.shape[:2], 2 / 3),  # the step size as it is
  )
  point = hmc.at(Quartic(), u)
  ours, acceptance = hmc.transition(
    Quartic(), point, 1.0, tf.constant(STEP_SIZE), kick, LEAPFROG_STEPS
  )

  log_ratio = theirs.log_accept_ratio
  accepted = (chance < np.exp(log_ratio))[..., np.newaxis]
  assert chance == 0 or 0 < accepted.mean() < 1
  expected = np.where(accepted, theirs.proposed_state, u)
  np.testing.assert_allclose(ours.u, expected, rtol=1e-3, atol=1e-3)
  probability = np.exp(np.minimum(log_ratio, 0)).mean(axis=0)
  np.testing.assert_allclose(acceptance, probability, atol=1e-3)


def test_the_step_size_goes_towards_the_target():
  step_size = tf.constant([0.5, 0.5, 0.5])
  new = hmc.adapted(step_size, tf.constant([0.2, 0.9, 1.0]), target=0.9).numpy()
  assert new[0] < 0.5 < new[2]
  assert new[1] == 0.5
