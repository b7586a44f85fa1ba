import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from aevb_tf.mcmc import hmc
from aevb_tf.mcmc.annealing_path import AnnealingPath
from tests import stats
from tests.oracle import LinearGaussian

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


@pytest.mark.parametrize("uniform", [0.0, 0.7])
def test_a_transition_is_that_of_tfp(uniform, seeds):
  rng = np.random.default_rng(seeds(0))
  u = tf.constant(rng.normal(size=(5, 30, 2)), tf.float32)
  theirs = tfp_transition(u, seed=[seeds(1), 0])
  (momentum,) = theirs.proposed_results.initial_momentum
  noise = hmc.TransitionNoise(
    momentum=momentum,
    acceptance=tf.fill(u.shape[:2], uniform),
    jitter=tf.fill(u.shape[:2], 2 / 3),  # does not change the step size
  )
  state = hmc.evaluate(Quartic(), u)
  ours, acceptance = hmc.transition(
    Quartic(), state, 1.0, tf.constant(STEP_SIZE), noise, LEAPFROG_STEPS
  )

  log_ratio = theirs.log_accept_ratio
  is_accepted = (uniform < np.exp(log_ratio))[..., np.newaxis]
  assert uniform == 0 or 0 < is_accepted.mean() < 1
  expected = np.where(is_accepted, theirs.proposed_state, u)
  np.testing.assert_allclose(ours.position, expected, rtol=1e-3, atol=1e-3)
  probability = np.exp(np.minimum(log_ratio, 0)).mean(axis=0)
  np.testing.assert_allclose(acceptance, probability, atol=1e-3)


def test_the_leapfrog_method_is_reversible(seeds):
  rng = np.random.default_rng(seeds(0))
  u, momentum = tf.constant(rng.normal(size=(2, 5, 30, 2)), tf.float32)
  step_size = tf.constant(0.1)
  start = hmc.evaluate(Quartic(), u)
  end, end_momentum = hmc.leapfrog(Quartic(), start, momentum, 0.7, step_size, 5)
  assert np.abs(end.position - u).max() > 0.1
  back, back_momentum = hmc.leapfrog(Quartic(), end, -end_momentum, 0.7, step_size, 5)
  np.testing.assert_allclose(back.position, u, atol=1e-4)
  np.testing.assert_allclose(back_momentum, -momentum, atol=1e-4)


def test_noise_of_an_example_is_the_same_in_every_batch_and_with_xla():
  def draw(rows):
    noise = hmc.draw_noise(tf.constant([1, 2]), tf.constant(3), tf.constant(rows), 4, 2)
    return list(noise)

  whole, part = draw([0, 1, 2, 3, 4]), draw([3, 1])
  compiled = tf.function(lambda: draw([0, 1, 2, 3, 4]), jit_compile=True)()
  for values, some, with_xla in zip(whole, part, compiled, strict=True):
    np.testing.assert_allclose(tf.gather(values, [3, 1], axis=1), some, rtol=1e-6)
    np.testing.assert_allclose(values, with_xla, rtol=1e-5, atol=1e-6)


def test_transitions_leave_the_posterior_invariant(seeds):
  """From exact posterior draws, to posterior draws; without acceptance it is not so."""
  rng = np.random.default_rng(0)
  oracle = LinearGaussian.random(rng)
  x, vae = oracle.draw(rng, 1), oracle.vae()
  mean, covariance = oracle.posterior(x.astype(np.float64))
  rng = np.random.default_rng(seeds())
  n = 4000
  z = rng.multivariate_normal(mean[0], covariance, size=(1, n)).astype(np.float32)
  path = AnnealingPath(vae, tf.repeat(tf.constant(x), n, axis=0), "prior")

  @tf.function(jit_compile=True, autograph=False)
  def run(state, always):
    for i in range(3):
      noise = hmc.draw_noise(
        tf.constant([seeds(1), 0]), tf.constant(i), tf.range(n), 1, 2
      )
      noise = noise._replace(acceptance=tf.where(always, 0.0, noise.acceptance))
      state, _ = hmc.transition(path, state, 1.0, tf.fill([n], 0.45), noise, 3)
    return state.position[0]

  def check(u):
    centred = np.asarray(u, np.float64) - mean[0]
    stats.assert_mean(centred, np.zeros(2))
    stats.assert_mean(centred[:, :, None] * centred[:, None, :], covariance)

  start = hmc.evaluate(path, tf.constant(z))
  check(run(start, tf.constant(False)))
  with pytest.raises(AssertionError, match="standard errors"):
    check(run(start, tf.constant(True)))


def test_the_step_size_goes_towards_the_target():
  step_size = tf.constant([0.5, 0.5, 0.5])
  acceptance = tf.constant([0.2, 0.9, 1.0])
  new = hmc.adapt_step_size(step_size, acceptance, target=0.9).numpy()
  assert new[0] < 0.5 < new[2]
  assert new[1] == 0.5
